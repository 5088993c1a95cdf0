/* The kernels. Each writes one row of its output, or, where it runs once, a whole tensor. */
#ifndef TINYNAS_KERNELS_H
#define TINYNAS_KERNELS_H

#include "tinynas_dsp.h"

/* Row kernels. */
void tn_conv2d(const void* layer, const tn_call* call);          /* tn_conv_layer */
void tn_conv2d_1x1(const void* layer, const tn_call* call);      /* tn_conv_layer */
void tn_depthwise(const void* layer, const tn_call* call);       /* tn_depthwise_layer */
void tn_depthwise_3x3(const void* layer, const tn_call* call);   /* tn_depthwise_layer */
void tn_depthwise_5x5(const void* layer, const tn_call* call);   /* tn_depthwise_layer */
void tn_depthwise_7x7(const void* layer, const tn_call* call);   /* tn_depthwise_layer */
void tn_avgpool(const void* layer, const tn_call* call);         /* tn_pool_layer */
void tn_mean(const void* layer, const tn_call* call);            /* tn_pool_layer */
void tn_pool_add_row(const void* layer, const tn_call* call);    /* tn_pool_layer */
void tn_avgpool_sums(const void* layer, const tn_call* call);    /* tn_pool_layer */
void tn_mean_sums(const void* layer, const tn_call* call);       /* tn_pool_layer */
void tn_maxpool(const void* layer, const tn_call* call);         /* tn_pool_layer */
void tn_add(const void* layer, const tn_call* call);             /* tn_pair_layer */
void tn_mul(const void* layer, const tn_call* call);             /* tn_pair_layer */
void tn_look_up(const void* layer, const tn_call* call);         /* tn_lookup_layer */
void tn_concat_channels(const void* layer, const tn_call* call); /* tn_concat_layer */
void tn_softmax_row(const void* layer, const tn_call* call);     /* tn_softmax_layer */

/* Whole-tensor kernels. */
void tn_fully_connected(const void* layer, const tn_call* call); /* tn_conv_layer */
void tn_mean_of_axis(const void* layer, const tn_call* call);    /* tn_mean_axis_layer */
void tn_join_runs(const void* layer, const tn_call* call);       /* tn_join_layer */
void tn_pad_map(const void* layer, const tn_call* call);         /* tn_pad_layer */
void tn_copy_bytes(const void* layer, const tn_call* call);      /* tn_copy_layer */
void tn_transpose_map(const void* layer, const tn_call* call);   /* tn_transpose_layer */
void tn_resize_map(const void* layer, const tn_call* call);      /* tn_resize_layer */

/* Columns of two pixels, of `depth` values each, in 4 bytes a value. With the DSP extension int16:
 * quads of both pixels one after another, values of a quad in the order 0, 2, 1, 3, which is how
 * SXTB16 widens four bytes; then the values that are left, of both pixels one after another.
 * Without, int8: one column after the other, so that weights and columns share an index. */
#if TN_DSP
typedef int16_t tn_value;
enum { TN_QUAD = 8, TN_SINGLE = 2 }; /* from quad to quad of one pixel; from value left to value */
/* Where value k of the first pixel lies, and how far on that of the second. */
static inline int32_t tn_place(int32_t k, int32_t depth) {
  if (k >= (depth & ~3)) return 2 * k;
  return 2 * (k & ~3) + ((k & 1) << 1 | (k & 2) >> 1);
}
static inline int32_t tn_second(int32_t k, int32_t depth) { return k >= (depth & ~3) ? 1 : 4; }
#else
typedef int8_t tn_value;
enum { TN_QUAD = 4, TN_SINGLE = 1 };
static inline int32_t tn_place(int32_t k, int32_t depth) {
  (void)depth;
  return k;
}
static inline int32_t tn_second(int32_t k, int32_t depth) {
  (void)k;
  return depth;
}
#endif
/* Quads of one of the pixels, from the first of them on. */
static inline void tn_widen_quads(const int8_t* from, int32_t quads, tn_value* to) {
#if TN_DSP
  int32_t* words = (int32_t*)(void*)to;
  for (const int8_t* end = from + 4 * quads; from != end; from += 4) {
    const int32_t word = tn_load_word(from);
    TN_STORE_TWO(words, 16, tn_bytes_0_2(word), tn_bytes_1_3(word));
  }
#else
  for (const int8_t* end = from + 4 * quads; from != end;) *to++ = *from++;
#endif
}
void tn_fill_quads(int32_t value, int32_t quads, tn_value* to);
/* All output channels of one or two pixels. */
void tn_multiply_columns(const tn_conv_layer* layer, const tn_value* columns, int32_t depth,
                         int32_t pixels, int8_t* out);

/* Values within int8 to a smaller range. */
static inline void tn_clamp_all(int8_t* values, int32_t count, int32_t low, int32_t high) {
  if (low <= -128 && high >= 127) return;
  for (; count > 0; --count, ++values) *values = tn_clamp(*values, low, high);
}

static inline int32_t tn_next_slot(const tn_window* window, int32_t slot) {
  slot += window->step;
  if (window->slots != 0) {
    if (slot < 0) slot += window->slots;
    if (slot >= window->slots) slot -= window->slots;
  }
  return slot;
}

#endif
