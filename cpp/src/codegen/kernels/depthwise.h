/* Of depthwise kernels: the window's rows of one channel, widened to int16, so that the output may
 * lie over the window. */
#ifndef TINYNAS_DEPTHWISE_H
#define TINYNAS_DEPTHWISE_H

#include "tinynas_kernels.h"
#include "widen_row.h"

typedef struct {
  int16_t* values;    /* kernel_h rows, `pitch` values apart; pitch is even */
  int32_t pitch;      /* beyond its columns a row has one value at least that may be read */
  int16_t* inside;    /* of the first row and column that are no padding */
  const int8_t* from; /* the same value of the input, of its first channel */
  int32_t rows;       /* that are no padding */
  tn_columns columns; /* that are no padding */
  int32_t step;       /* from row to row of the input, in bytes */
  int32_t run, turn;  /* rows before the ring's end; how far they then go back */
} tn_channel_rows;

/* Padding is the same for all channels: it is written here, once. */
tn_channel_rows tn_prepare_rows(const tn_conv_layer* layer, const tn_call* call);
void tn_widen_channel(const tn_channel_rows* rows, int32_t channel);

/* Sums of `count` outputs (1 or 4), whose windows begin `stride` values apart, from the bias on.
 * Unrolled where the sizes are constants. */
static inline __attribute__((always_inline)) void tn_sum_windows(int32_t count, int32_t height,
                                                                 int32_t width, int32_t stride,
                                                                 const int16_t* row, int32_t pitch,
                                                                 const int8_t* w, int32_t bias,
                                                                 int32_t* sums) {
  int32_t a = bias, b = a, c = a, d = a;
  for (int32_t ky = height; ky > 0; --ky, row += pitch, w += width) {
#pragma GCC unroll 7
    for (int32_t kx = 0; kx < width; ++kx) {
      const int32_t weight = w[kx];
      TN_ADD(a, weight * row[kx]);
      if (count == 1) continue;
      TN_ADD(b, weight * row[kx + stride]);
      TN_ADD(c, weight * row[kx + 2 * stride]);
      TN_ADD(d, weight * row[kx + 3 * stride]);
    }
  }
  sums[0] = a;
  if (count == 1) return;
  sums[1] = b;
  sums[2] = c;
  sums[3] = d;
}

/* Requantises `count` sums of output channel `o`; returns where the next output goes. */
int8_t* tn_put_outputs(const tn_conv_layer* layer, int32_t o, const int32_t* sums, int32_t count,
                       int8_t* out);

/* Output channel `o` from its rows. */
static inline __attribute__((always_inline)) void tn_depthwise_channel(
    const tn_conv_layer* layer, const tn_channel_rows* rows, int32_t height, int32_t width,
    int32_t stride, int32_t o, int32_t columns, int8_t* out) {
  const int8_t* weights = layer->weights + o * height * width;
  const int32_t bias = layer->bias[o], pitch = rows->pitch;
  const int16_t* row = rows->values;
  int32_t sums[4];
  for (int32_t fours = columns >> 2; fours > 0; --fours, row += 4 * stride) {
    tn_sum_windows(4, height, width, stride, row, pitch, weights, bias, sums);
    out = tn_put_outputs(layer, o, sums, 4, out);
  }
  columns &= 3;
  for (int32_t i = 0; i < columns; ++i, row += stride) {
    tn_sum_windows(1, height, width, stride, row, pitch, weights, bias, sums + i);
  }
  tn_put_outputs(layer, o, sums, columns, out);
}

/* A kernel without the DSP extension, of one window size and stride 1 or 2, an output channel an
 * input channel. */
static inline __attribute__((always_inline)) void tn_depthwise_of(const void* opaque,
                                                                  const tn_call* call,
                                                                  int32_t size) {
  const tn_conv_layer* layer = &((const tn_depthwise_layer*)opaque)->conv;
  const tn_channel_rows rows = tn_prepare_rows(layer, call);
  for (int32_t c = 0; c < layer->in_channels; ++c) {
    tn_widen_channel(&rows, c);
    if (layer->stride_w == 1) {
      tn_depthwise_channel(layer, &rows, size, size, 1, c, call->columns, call->out + c);
    } else {
      tn_depthwise_channel(layer, &rows, size, size, 2, c, call->columns, call->out + c);
    }
  }
  tn_clamp_all(call->out, call->columns * layer->out_channels, layer->low, layer->high);
}

#endif
