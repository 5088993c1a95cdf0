/* Of depthwise kernels: the window's rows of one channel, widened to int16, so that the output may
 * lie over the window. */
#ifndef TINYNAS_DEPTHWISE_H
#define TINYNAS_DEPTHWISE_H

#include "tinynas_kernels.h"

typedef struct {
  int16_t* values;       /* kernel_h rows, `pitch` values apart; pitch is even */
  int32_t pitch;         /* beyond its columns a row has one value at least that may be read */
  int16_t* inside;       /* of the first row and column that are no padding */
  const int8_t* from;    /* the same value of the input, of its first channel */
  int32_t rows, columns; /* that are no padding */
  int32_t step;          /* from row to row of the input, in bytes */
  int32_t run, turn;     /* rows before the ring's end; how far they then go back */
} tn_channel_rows;

/* Padding is the same for all channels: it is written here, once. */
tn_channel_rows tn_prepare_rows(const tn_conv_layer* layer, const tn_call* call);
void tn_widen_channel(const tn_conv_layer* layer, const tn_channel_rows* rows, int32_t channel);

/* Sums of the products of a window's four outputs, whose windows begin a stride apart. */
typedef void (*tn_sum_four)(const tn_conv_layer* layer, const int16_t* row, int32_t pitch,
                            const int8_t* w, int32_t* sums);
void tn_sum_any(const tn_conv_layer* layer, const int16_t* row, int32_t pitch, const int8_t* w,
                int32_t* sums);
/* Output channel `o` from its rows, whatever the factor. */
void tn_depthwise_any(const tn_conv_layer* layer, const tn_channel_rows* rows, int32_t o,
                      int32_t columns, tn_sum_four sum, int8_t* out);
void tn_depthwise_by(const void* layer, const tn_call* call, tn_sum_four sum);

/* Unrolled where the sizes are constants. */
static inline __attribute__((always_inline)) void tn_sum_window(int32_t height, int32_t width,
                                                                int32_t stride, const int16_t* row,
                                                                int32_t pitch, const int8_t* w,
                                                                int32_t* sums) {
  int32_t a = 0, b = 0, c = 0, d = 0;
  for (int32_t ky = height; ky > 0; --ky, row += pitch, w += width) {
#pragma GCC unroll 7
    for (int32_t kx = 0; kx < width; ++kx) {
      const int32_t weight = w[kx];
      a += weight * row[kx];
      b += weight * row[kx + stride];
      c += weight * row[kx + 2 * stride];
      d += weight * row[kx + 3 * stride];
    }
  }
  sums[0] = a;
  sums[1] = b;
  sums[2] = c;
  sums[3] = d;
}

#endif
