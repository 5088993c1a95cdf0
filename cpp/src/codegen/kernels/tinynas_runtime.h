/* tinynas runtime: what generated model code is made of. Free to use, no warranty (see LICENSE.txt
 * that comes with it). */
#ifndef TINYNAS_RUNTIME_H
#define TINYNAS_RUNTIME_H

#include <stdint.h>

/* Where the rows of a tensor lie.
 * Whole tensor (slots == 0): row r at offset + r * row_bytes.
 * Ring: flow row q (rows numbered in the order of computation) in slot
 * (q * slot_stride + slot_shift) mod slots, at offset + slot * row_bytes. */
typedef struct {
  uint32_t offset;
  uint32_t row_bytes;
  uint16_t height, width, channels;
  uint16_t slots, slot_stride, slot_shift;
  uint16_t adder; /* operator that adds up its rows as they come, or TN_NONE */
  uint16_t gap;   /* of wide rows (wide_rows.h) */
} tn_tensor;
enum { TN_NONE = 0xFFFF };

/* What a kernel sees of its first input: `rows` rows from the top of its window, which lost
 * `skipped` rows above them to padding. Row i lies at base + slot * row_bytes, where slot starts at
 * `slot` and goes on by `step` (1 or -1), around at `slots` (0: never). */
typedef struct {
  const int8_t* base;
  uint32_t row_bytes;
  uint16_t slots, slot;
  int16_t step;
  uint16_t rows, skipped;
} tn_window;

/* One call of a row kernel: output columns x to x + columns. Rows of the input hold its columns
 * from in_x on; rows of other inputs begin at column x. */
typedef struct {
  tn_window window;
  const int8_t* const*
      inputs; /* of element-wise kernels: one row each; of whole kernels: tensors */
  int8_t* out;
  void* scratch;
  uint16_t x, columns, in_x;
  uint16_t in_columns, in_gap, out_gap; /* of wide rows */
  uint16_t row;                         /* of the output, from the top */
  uint16_t first;                       /* add_row: the first row of its window */
} tn_call;

typedef void (*tn_kernel)(const void* layer, const tn_call* call);

/* Factor multiplier / 2^31 * 2^shift. */
typedef struct {
  int32_t multiplier;
  int32_t shift;
} tn_factor;

/* conv2d and, with a window of one, fully_connected: weights [out][kernel row][kernel column][in].
 */
typedef struct {
  const int8_t* weights;
  const int32_t* bias;
  const int32_t* multipliers;
  const int8_t* shifts; /* tn_is_common() tells what they are; of fully_connected exponents */
  uint16_t in_width, in_channels, out_channels;
  uint8_t kernel_h, kernel_w, stride_w, pad_left;
  int16_t in_zero, out_zero;
  int8_t low, high;
} tn_conv_layer;

/* depthwise_conv2d: weights [kernel row][kernel column][out]. */
typedef struct {
  tn_conv_layer conv;
  uint16_t channel_multiplier; /* output channels an input channel */
} tn_depthwise_layer;

/* A kernel of int8 rows whose output is a wide ring (wide_rows.h): its row goes to `row` first. */
typedef struct {
  tn_kernel kernel, add_row;
  const void* layer; /* of both */
  int8_t* row;
  uint16_t channels;
  int16_t zero;
} tn_turn_layer;

/* avgpool, maxpool, mean over rows, columns or both. */
typedef struct {
  uint16_t in_width, channels;
  uint16_t kernel_w;
  uint8_t stride_w, pad_left;
  int8_t low, high;
  int16_t in_zero, out_zero; /* mean */
  tn_factor factor;          /* mean */
} tn_pool_layer;

/* add, mul. The second operand is inputs[1], or a constant repeated with its period. */
typedef struct {
  const int8_t* constant;
  uint32_t constant_values; /* 0: no constant */
  uint16_t width, channels;
  int16_t zero_a, zero_b, out_zero;
  int8_t low, high;
  uint8_t broadcasts;  /* mul: inputs[1] is one pixel */
  tn_factor a, b, out; /* mul: out only */
} tn_pair_layer;

/* relu, logistic, requantising: out = table[in + 128]. */
typedef struct {
  const int8_t* table;
  uint16_t channels;
} tn_lookup_layer;

typedef struct {
  const int32_t* exponentials; /* of values 0, 1, ... below the largest */
  uint16_t count;              /* values from here on below are left out */
  uint16_t channels;
} tn_softmax_layer;

/* concat of channels: element-wise. */
typedef struct {
  const uint16_t* channels; /* of each input */
  uint16_t inputs;
} tn_concat_layer;

/* Whole-tensor kernels. */
typedef struct {
  uint32_t outer, count, inner; /* mean_axis: [outer][count][inner] to [outer][inner] */
  int16_t in_zero, out_zero;
  tn_factor factor;
} tn_mean_axis_layer;
typedef struct {
  const uint32_t* runs; /* bytes of each input that stand together */
  uint32_t outer;
  uint16_t inputs;
} tn_join_layer;
typedef struct {
  uint32_t row_bytes, out_row_bytes, left_bytes; /* pad */
  uint16_t rows, out_rows, top;
  int8_t value;
} tn_pad_layer;
typedef struct {
  uint32_t bytes;
} tn_copy_layer;
typedef struct {
  uint16_t extents[3];
  int32_t steps[3]; /* transpose: of the input, along the output's axes */
} tn_transpose_layer;
typedef struct {
  const uint16_t *rows, *columns; /* resize_nearest: of the input, for each of the output */
  uint16_t out_rows, out_columns, channels;
  uint32_t row_bytes;
} tn_resize_layer;

/* One operator of the plan. Its inputs are `inputs` tensors from model.input_lists[first_input] on.
 */
typedef struct {
  tn_kernel kernel;
  tn_kernel add_row; /* with TN_ACCUMULATES: adds one row of the input to the sums */
  const void* layer;
  uint32_t sums_offset; /* of the sums, with TN_ACCUMULATES */
  uint16_t first_input, output;
  uint16_t kernel_h, stride_h;
  int16_t pad, pad_top; /* padding where the flow begins; above */
  uint8_t inputs, flags;
} tn_op;

enum {
  TN_WHOLE = 1,       /* runs once, on whole tensors */
  TN_ELEMENTWISE = 2, /* pixel x of all inputs, then pixel x of the output */
  TN_BROADCASTS = 4,  /* its second input is one pixel */
  TN_ACCUMULATES = 8  /* its input's rows are added up as they come and then forgotten */
};

/* Rows (or columns) [begin, end) of a tensor that one tile needs. */
typedef struct {
  uint16_t begin, end;
} tn_range;

/* Operators that run together, row by row. */
typedef struct {
  uint16_t first_op, end_op;
  uint8_t bottom_up;
  uint8_t tile_rows, tile_columns; /* 1, 1: no patches */
  uint32_t scratch_offset;
  /* Patches: [tile row][tensor] and [tile column][tensor]; else null. */
  const tn_range *row_ranges, *column_ranges;
} tn_segment;

/* Delivers rows of the image in order: writes row `row` to `to`. Returns 0, or another number to
 * stop. */
typedef int (*tn_row_source)(void* context, int row, int8_t* to);

/* Where a result lies when the network has run. */
typedef struct {
  uint32_t offset, bytes;
} tn_output;

typedef struct {
  int8_t* arena;
  const int8_t** inputs; /* of the operator that runs: as many as any operator has */
  uint16_t* made;        /* [tensor]: rows that exist so far of what the running segment writes */
  const tn_tensor* tensors;
  const tn_op* ops;
  const uint16_t* input_lists;
  const uint16_t* writers; /* [tensor]: its operator */
  const tn_segment* segments;
  const tn_output* outputs;
  uint16_t tensor_count, segment_count, output_count;
  uint16_t image;     /* tensor */
  uint8_t image_mode; /* TN_RESIDENT, TN_ROWS, TN_EXTERNAL */
} tn_model;

enum { TN_RESIDENT = 0, TN_ROWS = 1, TN_EXTERNAL = 2 };

/* The one network; defined by model.c. */
extern const tn_model tn_network;

/* Runs the plan. TN_EXTERNAL: `image` is read where it lies; TN_ROWS: rows come from `source`.
 * Returns 0, or what `source` returned to stop. */
int tn_run(const tn_model* model, const int8_t* image, tn_row_source source, void* context);
/* One after another. */
void tn_copy_outputs(const tn_model* model, int8_t* to);

/* x * multiplier / 2^31, rounded; multiplier >= 0. */
static inline int32_t tn_multiply_exact(int32_t x, int32_t multiplier) {
#if defined(__ARM_ARCH_ISA_THUMB) && __ARM_ARCH_ISA_THUMB == 1
  /* Without a long multiply: from halves. */
  const uint32_t low = (uint32_t)x & 0xFFFFu, multiplier_low = (uint32_t)multiplier & 0xFFFFu;
  const int32_t high = x >> 16, multiplier_high = multiplier >> 16;
  const uint32_t middle = low * (uint32_t)multiplier_high + ((low * multiplier_low) >> 16);
  const int32_t other = high * (int32_t)multiplier_low + (int32_t)(middle & 0xFFFFu);
  const int32_t top = high * multiplier_high + (int32_t)(middle >> 16) + (other >> 16);
  return (int32_t)((uint32_t)top << 1) + (int32_t)((((uint32_t)other & 0xFFFFu) + 0x4000u) >> 15);
#else
  return (int32_t)(((int64_t)x * multiplier + (1 << 30)) >> 31);
#endif
}

/* x times the factor, rounded twice as TensorFlow Lite does. */
static inline int32_t tn_scale(int32_t x, int32_t multiplier, int32_t shift) {
  const int32_t left = shift > 0 ? shift : 0, right = shift > 0 ? 0 : -shift;
  const int32_t high = tn_multiply_exact((int32_t)((uint32_t)x << left), multiplier);
  const int32_t mask = (int32_t)((1u << right) - 1u);
  const int32_t threshold = (mask >> 1) + (high < 0);
  return (high >> right) + ((high & mask) > threshold);
}

static inline int8_t tn_clamp(int32_t x, int32_t low, int32_t high) {
  return (int8_t)(x < low ? low : x > high ? high : x);
}

#endif
