/* Depthwise kernels of one window size, stride 1 or 2, an output channel an input channel. Where
 * there is no DSP extension, depthwise.c does as well. */
#ifndef TINYNAS_DEPTHWISE_SQUARE_H
#define TINYNAS_DEPTHWISE_SQUARE_H

#include "depthwise.h"

#if TN_DSP

/* A row of weights as pairs for SMLAD, with zeros where there is no weight. By turns: w[2 j],
 * w[2 j + 1], for windows that begin at an even column, and w[2 j - 1], w[2 j], for those that
 * begin one column further on. */
static inline __attribute__((always_inline)) int32_t* tn_pair_row(const int8_t* w, int32_t size,
                                                                  int32_t* pair) {
  if (size == 3) {
    const int32_t first = w[0], second = w[1], third = w[2];
    TN_STORE_TWO(pair, 8, tn_halves(first, second), (int32_t)((uint32_t)first << 16));
    TN_STORE_TWO(pair, 8, tn_halves(third, 0), tn_halves(second, third));
    return pair;
  }
  int32_t word = tn_load_word(w);
  int32_t a = tn_bytes_0_2(word), b = tn_bytes_1_3(word);
  TN_STORE_TWO(pair, 8, tn_halves(a, b), (int32_t)((uint32_t)a << 16));
  TN_STORE_TWO(pair, 8, tn_high_halves(a, b), tn_low_high(b, a));
  if (size == 5) {
    const int32_t last = w[4];
    TN_STORE_TWO(pair, 8, tn_halves(last, 0), tn_halves(b >> 16, last));
  } else {
    word = tn_load_word(w + 3);
    a = tn_bytes_0_2(word);
    b = tn_bytes_1_3(word);
    TN_STORE_TWO(pair, 8, tn_halves(b, tn_high(a)), tn_halves(a, b));
    TN_STORE_TWO(pair, 8, tn_high(b), tn_high_halves(a, b));
  }
  return pair;
}

static inline __attribute__((always_inline)) void tn_pair_weights(const int8_t* w, int32_t size,
                                                                  int32_t* pair) {
  for (const int8_t* end = w + size * size; w != end; w += size) pair = tn_pair_row(w, size, pair);
}

/* `size` and `stride` are constants where this is called. */
static inline __attribute__((always_inline)) int8_t* tn_depthwise_channel(
    const tn_conv_layer* layer, const tn_channel_rows* rows, const int32_t* weights, int32_t size,
    int32_t stride, int32_t c, int32_t columns, int8_t* out) {
  const int32_t pairs = size / 2 + 1, channels = layer->out_channels, pitch = rows->pitch;
  const int32_t bias = layer->bias[c], multiplier = layer->multipliers[c];
  const int32_t shift = layer->shifts[c], nudge = tn_nudge(layer->out_zero, shift);
  const int16_t* first = rows->values;
  for (int32_t fours = columns >> 2; fours > 0; --fours) {
    const int16_t* row = first;
    const int32_t* w = weights;
    int32_t sum0, sum1, sum2, sum3;
    if (stride == 1) {
      TN_FIRST_ROW_AT_1(size, row, w, bias, sum0, sum1, sum2, sum3);
      row += pitch;
#pragma GCC unroll 7
      for (int32_t ky = 1; ky < size; ++ky, row += pitch) {
        TN_ROW_AT_1(size, row, w, sum0, sum1, sum2, sum3);
      }
    } else {
      sum0 = sum1 = sum2 = sum3 = bias;
      for (int32_t ky = size; ky > 0; --ky, row += pitch) {
        TN_ROW_AT_2(size, row, w, sum0, sum1, sum2, sum3);
      }
    }
    out = tn_put_channel(out, channels, sum0, multiplier, shift, nudge);
    out = tn_put_channel(out, channels, sum1, multiplier, shift, nudge);
    out = tn_put_channel(out, channels, sum2, multiplier, shift, nudge);
    out = tn_put_channel(out, channels, sum3, multiplier, shift, nudge);
    first += 4 * stride;
    TN_KEEP(first);
    TN_KEEP(out);
  }
  for (columns &= 3; columns > 0; --columns, first += stride) {
    const int16_t* row = first;
    const int32_t* w = weights;
    int32_t sum = bias;
    for (int32_t ky = 0; ky < size; ++ky, row += pitch) {
      for (int32_t j = 0; j < pairs; ++j, w += 2) sum = tn_dot(*w, tn_load_word(row + 2 * j), sum);
    }
    out = tn_put_channel(out, channels, sum, multiplier, shift, nudge);
  }
  return out;
}

static inline __attribute__((always_inline)) void tn_depthwise_square(const void* opaque,
                                                                      const tn_call* call,
                                                                      int32_t size,
                                                                      int32_t* weights) {
  const tn_conv_layer* layer = &((const tn_depthwise_layer*)opaque)->conv;
  const tn_channel_rows rows = tn_prepare_rows(layer, call);
  for (int32_t c = 0; c < layer->in_channels; ++c) {
    tn_widen_channel(layer, &rows, c);
    if (!tn_is_common(layer->shifts[c])) {
      tn_depthwise_any(layer, &rows, c, call->columns, tn_sum_any, call->out + c);
      continue;
    }
    tn_pair_weights(layer->weights + c * size * size, size, weights);
    if (layer->stride_w == 1) {
      tn_depthwise_channel(layer, &rows, weights, size, 1, c, call->columns, call->out + c);
    } else {
      tn_depthwise_channel(layer, &rows, weights, size, 2, c, call->columns, call->out + c);
    }
  }
  tn_clamp_all(call->out, call->columns * layer->out_channels, layer->low, layer->high);
}

#endif

#endif
