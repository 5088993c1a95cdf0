/* Depthwise kernels of one window size with the DSP extension, stride 1 or 2, an output channel an
 * input channel. Where there is none, depthwise.c does as well. */
#ifndef TINYNAS_DEPTHWISE_SQUARE_H
#define TINYNAS_DEPTHWISE_SQUARE_H

#include "depthwise_paired.h"

#if TN_DSP

/* Weights as tn_sum_one and depthwise_taps.h want them: `size` words for each two rows; of the last
 * row pairs of neighbours, by turns (w0 w1)(w2 0) and (0 w0)(w1 w2). */
static inline __attribute__((always_inline)) void tn_pair_weights(const int8_t* w, int32_t size,
                                                                  int32_t* pair) {
  for (int32_t twos = size >> 1; twos > 0; --twos, w += 2) {
#pragma GCC unroll 3
    for (int32_t columns = size >> 1; columns > 0; --columns, w += 4) {
      const int32_t word = tn_load_word(w);
      TN_STORE_TWO(pair, 8, tn_bytes_0_2(word), tn_bytes_1_3(word));
    }
    *pair++ = tn_halves(w[0], w[1]);
  }
  int32_t before = 0;
#pragma GCC unroll 3
  for (int32_t columns = size >> 1; columns > 0; --columns, w += 2) {
    const int32_t even = w[0], odd = w[1];
    TN_STORE_TWO(pair, 8, tn_halves(even, odd), tn_halves(before, even));
    before = odd;
  }
  TN_STORE_TWO(pair, 8, tn_halves(w[0], 0), tn_halves(before, w[0]));
}

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

/* The outputs of one channel; `size` and `stride` are literals. */
#define TN_DEPTHWISE_CHANNEL(name, size, stride)                                                   \
  static void name(const tn_conv_layer* layer, const tn_paired_rows* rows, const int32_t* weights, \
                   int32_t c, int32_t columns, int8_t* out) {                                      \
    const int32_t channels = layer->out_channels, pitch = rows->pitch, bias = layer->bias[c];      \
    const int32_t multiplier = layer->multipliers[c], shift = layer->shifts[c];                    \
    const int32_t* first = (const int32_t*)(const void*)rows->values;                              \
    const int16_t* last = rows->values + ((size)-1) * pitch;                                       \
    if (!tn_is_common(shift)) {                                                                    \
      tn_depthwise_others(layer, rows, weights, size, stride, c, columns, out);                    \
      return;                                                                                      \
    }                                                                                              \
    const int32_t nudge = tn_nudge(layer->out_zero, shift);                                        \
    int32_t channels3 = 3 * channels;                                                              \
    TN_KEEP(channels3);                                                                            \
    for (int32_t fours = columns >> 2; fours > 0; --fours) {                                       \
      const int32_t *row = first, *w = weights;                                                    \
      int32_t sum0, sum1, sum2, sum3;                                                              \
      TN_FIRST_PAIR_OF(size, stride, row, w, bias, sum0, sum1, sum2, sum3);                        \
      for (int32_t twos = 1; twos < (size) / 2; ++twos) {                                          \
        row += pitch;                                                                              \
        TN_PAIR_OF(size, stride, row, w, sum0, sum1, sum2, sum3);                                  \
      }                                                                                            \
      TN_LAST_OF(size, stride, last, w, sum0, sum1, sum2, sum3);                                   \
      out[0] = (int8_t)tn_requantize(sum0, multiplier, shift, nudge);                              \
      out[channels] = (int8_t)tn_requantize(sum1, multiplier, shift, nudge);                       \
      out[2 * channels] = (int8_t)tn_requantize(sum2, multiplier, shift, nudge);                   \
      out[channels3] = (int8_t)tn_requantize(sum3, multiplier, shift, nudge);                      \
      first += 4 * (stride);                                                                       \
      last += 4 * (stride);                                                                        \
      out += 4 * channels;                                                                         \
      TN_KEEP(first);                                                                              \
      TN_KEEP(out);                                                                                \
    }                                                                                              \
    for (columns &= 3; columns > 0; --columns, first += (stride), last += (stride)) {              \
      const int32_t sum = tn_sum_one(size, first, pitch, last, weights, bias);                     \
      *out = (int8_t)tn_requantize(sum, multiplier, shift, nudge);                                 \
      out += channels;                                                                             \
    }                                                                                              \
  }

/* The words of tn_pair_weights(). */
#define TN_PAIR_WORDS(size) ((size) * ((size) / 2) + (size) + 1)

#define TN_DEPTHWISE_KERNEL(kernel, size)                                                  \
  TN_DEPTHWISE_CHANNEL(channel_at_1, size, 1)                                              \
  TN_DEPTHWISE_CHANNEL(channel_at_2, size, 2)                                              \
  void kernel(const void* opaque, const tn_call* call) {                                   \
    const tn_conv_layer* layer = &((const tn_depthwise_layer*)opaque)->conv;               \
    int32_t weights[TN_PAIR_WORDS(size)];                                                  \
    tn_paired_rows rows;                                                                   \
    tn_prepare_paired(layer, call, &rows);                                                 \
    for (int32_t c = 0; c < layer->in_channels; ++c) {                                     \
      tn_widen_paired(&rows, c);                                                           \
      tn_pair_weights(layer->weights + c * (size) * (size), size, weights);                \
      if (layer->stride_w == 1) {                                                          \
        channel_at_1(layer, &rows, weights, c, call->columns, call->out + c);              \
      } else {                                                                             \
        channel_at_2(layer, &rows, weights, c, call->columns, call->out + c);              \
      }                                                                                    \
    }                                                                                      \
    tn_clamp_all(call->out, call->columns * layer->out_channels, layer->low, layer->high); \
  }

#endif

#endif
