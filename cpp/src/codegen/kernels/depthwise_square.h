/* Depthwise kernels of one window size with the DSP extension, stride 1 or 2, an output channel an
 * input channel. Where there is none, depthwise.c does as well. */
#ifndef TINYNAS_DEPTHWISE_SQUARE_H
#define TINYNAS_DEPTHWISE_SQUARE_H

#include "depthwise_paired.h"

#if TN_DSP

/* One output; its window begins at `row`, in the last row at `last`. */
static inline __attribute__((always_inline)) int32_t tn_sum_one(int32_t size, const int32_t* row,
                                                                int32_t pitch, const int16_t* last,
                                                                const int32_t* w, int32_t sum) {
  for (int32_t twos = size >> 1; twos > 0; --twos, row += pitch, w += size) {
#pragma GCC unroll 7
    for (int32_t j = 0; j < size; ++j) sum = tn_dot(w[j], row[j], sum);
  }
#pragma GCC unroll 4
  for (int32_t j = 0; j < size / 2 + 1; ++j) {
    sum = tn_dot(w[2 * j], tn_load_word(last + 2 * j), sum);
  }
  return sum;
}

/* A kernel's body; `size` and `stride` are literals. */
#define TN_DEPTHWISE_CHANNEL(name, size, stride)                                                  \
  static void name(const tn_conv_layer* layer, const tn_paired_rows* rows,                        \
                   const int32_t* weights, int32_t c, int32_t columns, int8_t* out) {             \
    const int32_t channels = layer->out_channels, pitch = rows->pitch, bias = layer->bias[c];     \
    const int32_t multiplier = layer->multipliers[c], shift = layer->shifts[c];                   \
    const int32_t common = tn_is_common(shift);                                                   \
    const int32_t nudge = common ? tn_nudge(layer->out_zero, shift) : 0;                          \
    const int32_t* first = (const int32_t*)(const void*)rows->values;                             \
    const int16_t* last = rows->values + ((size)-1) * pitch;                                      \
    if (common) {                                                                                 \
      int32_t channels3 = 3 * channels;                                                           \
      TN_KEEP(channels3);                                                                         \
      for (int32_t fours = columns >> 2; fours > 0; --fours) {                                    \
        const int32_t *row = first, *w = weights;                                                 \
        int32_t sum0, sum1, sum2, sum3;                                                           \
        TN_FIRST_PAIR_OF(size, stride, row, w, bias, sum0, sum1, sum2, sum3);                     \
        for (int32_t twos = 1; twos < (size) / 2; ++twos) {                                       \
          row += pitch;                                                                           \
          TN_PAIR_OF(size, stride, row, w, sum0, sum1, sum2, sum3);                               \
        }                                                                                         \
        TN_LAST_OF(size, stride, last, w, sum0, sum1, sum2, sum3);                                \
        out[0] = (int8_t)tn_requantize(sum0, multiplier, shift, nudge);                           \
        out[channels] = (int8_t)tn_requantize(sum1, multiplier, shift, nudge);                    \
        out[2 * channels] = (int8_t)tn_requantize(sum2, multiplier, shift, nudge);                \
        out[channels3] = (int8_t)tn_requantize(sum3, multiplier, shift, nudge);                   \
        first += 4 * (stride);                                                                    \
        last += 4 * (stride);                                                                     \
        out += 4 * channels;                                                                      \
        TN_KEEP(first);                                                                           \
        TN_KEEP(out);                                                                             \
      }                                                                                           \
      columns &= 3;                                                                               \
    }                                                                                             \
    for (; columns > 0; --columns, first += (stride), last += (stride), out += channels) {        \
      const int32_t sum = tn_sum_one(size, first, pitch, last, weights, bias);                    \
      *out = common ? (int8_t)tn_requantize(sum, multiplier, shift, nudge)                        \
                    : tn_requantize_channel(layer, c, sum);                                       \
    }                                                                                             \
  }

/* The words of tn_pair_weights(). */
#define TN_PAIR_WORDS(size) ((size) * ((size) / 2) + (size) + 1)

#define TN_DEPTHWISE_KERNEL(kernel, size)                                                        \
  TN_DEPTHWISE_CHANNEL(channel_at_1, size, 1)                                                    \
  TN_DEPTHWISE_CHANNEL(channel_at_2, size, 2)                                                    \
  void kernel(const void* opaque, const tn_call* call) {                                         \
    const tn_conv_layer* layer = &((const tn_depthwise_layer*)opaque)->conv;                     \
    int32_t weights[TN_PAIR_WORDS(size)];                                                        \
    tn_paired_rows rows;                                                                         \
    tn_prepare_paired(layer, call, &rows);                                                       \
    for (int32_t c = 0; c < layer->in_channels; ++c) {                                           \
      tn_widen_paired(layer, &rows, c);                                                          \
      tn_pair_weights(layer->weights + c * (size) * (size), size, weights);                      \
      if (layer->stride_w == 1) {                                                                \
        channel_at_1(layer, &rows, weights, c, call->columns, call->out + c);                    \
      } else {                                                                                   \
        channel_at_2(layer, &rows, weights, c, call->columns, call->out + c);                    \
      }                                                                                          \
    }                                                                                            \
    tn_clamp_all(call->out, call->columns * layer->out_channels, layer->low, layer->high);       \
  }

#endif

#endif
