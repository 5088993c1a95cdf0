/* Depthwise kernels of one window size, stride 1 or 2, an output channel an input channel. Where
 * there is no DSP extension, depthwise.c does as well. */
#ifndef TINYNAS_DEPTHWISE_SQUARE_H
#define TINYNAS_DEPTHWISE_SQUARE_H

#include "depthwise.h"

#if TN_DSP

/* A row of weights as pairs for SMLAD, with zeros where there is no weight: pair j of `even` is
 * w[2 j], w[2 j + 1], for windows that begin at an even column; pair j of `odd` is w[2 j - 1],
 * w[2 j], for those that begin one column further on. */
typedef struct {
  int32_t even, odd;
} tn_weight_pair;

static inline void tn_pair_weights(const int8_t* w, int32_t size, tn_weight_pair* pair) {
  for (int32_t ky = 0; ky < size; ++ky, w += size) {
    int32_t before = 0;
    for (int32_t j = 0; j < size; j += 2, ++pair) {
      const int32_t weight = w[j], next = j + 1 < size ? w[j + 1] : 0;
      pair->even = tn_halves(weight, next);
      pair->odd = tn_halves(before, weight);
      before = next;
    }
  }
}

/* `size` and `stride` are constants where this is called. */
static inline __attribute__((always_inline)) int8_t* tn_depthwise_channel(
    const tn_conv_layer* layer, const tn_channel_rows* rows, const tn_weight_pair* weights,
    int32_t size, int32_t stride, int32_t c, int32_t columns, int8_t* out) {
  const int32_t pairs = size / 2 + 1, channels = layer->out_channels, pitch = rows->pitch;
  const int32_t bias = layer->bias[c], multiplier = layer->multipliers[c];
  const int32_t shift = layer->shifts[c], nudge = tn_nudge(layer->out_zero, shift);
  const int16_t* first = rows->values;
  for (int32_t fours = columns >> 2; fours > 0; --fours) {
    const int16_t* row = first;
    const int32_t* w = &weights->even;
    int32_t sum0 = bias, sum1 = bias, sum2 = bias, sum3 = bias;
    for (int32_t ky = size; ky > 0; --ky, row += pitch) {
      const int32_t* x = (const int32_t*)(const void*)row;
      if (stride == 1) {
        TN_ROW_AT_1(size, x, w, sum0, sum1, sum2, sum3);
      } else {
        TN_ROW_AT_2(size, x, w, sum0, sum1, sum2, sum3);
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
    const tn_weight_pair* w = weights;
    int32_t sum = bias;
    for (int32_t ky = 0; ky < size; ++ky, row += pitch) {
      for (int32_t j = 0; j < pairs; ++j, ++w) sum = tn_dot(w->even, tn_load_word(row + 2 * j), sum);
    }
    out = tn_put_channel(out, channels, sum, multiplier, shift, nudge);
  }
  return out;
}

static inline __attribute__((always_inline)) void tn_depthwise_square(const void* opaque,
                                                                      const tn_call* call,
                                                                      int32_t size,
                                                                      tn_weight_pair* weights) {
  const tn_conv_layer* layer = &((const tn_depthwise_layer*)opaque)->conv;
  const tn_channel_rows rows = tn_prepare_rows(layer, call);
  for (int32_t c = 0; c < layer->in_channels; ++c) {
    tn_widen_channel(layer, &rows, c);
    if (!tn_is_common(layer->shifts[c])) {
      tn_depthwise_any(layer, &rows, c, call->columns, call->out + c);
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
