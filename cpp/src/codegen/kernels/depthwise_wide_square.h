/* Depthwise kernels on wide rows of one window size with the DSP extension, stride 1 or 2. All
 * slots of the ring are summed up in their order, by weights in the same order; slots that the
 * window does not have get zeros. Where there is no such extension, depthwise_wide.c does as well.
 */
#ifndef TINYNAS_DEPTHWISE_WIDE_SQUARE_H
#define TINYNAS_DEPTHWISE_WIDE_SQUARE_H

#include "depthwise_wide.h"
#include "depthwise_wide_taps.h"

#if TN_DSP

/* What the outputs of one channel are made of. */
typedef struct {
  const int16_t* first; /* the word where the first window begins, in slot 0 */
  int32_t pitch, slots;
  const int32_t* weights;
  int32_t columns, bias, multiplier, shift, nudge;
  int32_t channels; /* from output to output */
} tn_wide_channel;

static inline void tn_put_outputs(const tn_wide_channel* of, int32_t count, int32_t sum0,
                                  int32_t sum1, int32_t sum2, int8_t* out) {
  *out = (int8_t)tn_requantize(sum0, of->multiplier, of->shift, of->nudge);
  if (count == 1) return;
  out += of->channels;
  *out = (int8_t)tn_requantize(sum1, of->multiplier, of->shift, of->nudge);
  if (count == 2) return;
  out[of->channels] = (int8_t)tn_requantize(sum2, of->multiplier, of->shift, of->nudge);
}

/* The outputs of one channel by fours, whose sums `SUM_UP` makes. The last ones may be less than
 * four; what it sums up beside them is of no use to anyone. */
#define TN_WIDE_CHANNEL(name, SUM_UP)                                                \
  static void name(const tn_wide_channel* of, int8_t* out) {                         \
    const int32_t pitch = of->pitch, slots = of->slots, bias = of->bias;             \
    const int32_t multiplier = of->multiplier, shift = of->shift, nudge = of->nudge; \
    const int32_t channels = of->channels;                                           \
    const int16_t* first = of->first;                                                \
    int32_t channels3 = 3 * channels;                                                \
    TN_KEEP(channels3);                                                              \
    for (int32_t columns = of->columns;; columns -= 4) {                             \
      const int16_t* row = first;                                                    \
      const int32_t* w = of->weights;                                                \
      int32_t sum0, sum1, sum2, sum3;                                                \
      SUM_UP;                                                                        \
      if (columns < 4) {                                                             \
        tn_put_outputs(of, columns, sum0, sum1, sum2, out);                          \
        return;                                                                      \
      }                                                                              \
      out[0] = (int8_t)tn_requantize(sum0, multiplier, shift, nudge);                \
      out[channels] = (int8_t)tn_requantize(sum1, multiplier, shift, nudge);         \
      out[2 * channels] = (int8_t)tn_requantize(sum2, multiplier, shift, nudge);     \
      out[channels3] = (int8_t)tn_requantize(sum3, multiplier, shift, nudge);        \
      if (columns == 4) return;                                                      \
      out += 4 * channels;                                                           \
      TN_KEEP(out);                                                                  \
    }                                                                                \
  }

#define TN_SUM_AT_1(size, at)                                         \
  TN_FIRST_WIDE_OF(size, at, row, w, bias, sum0, sum1, sum2, sum3);   \
  if (slots == (size)) {                                              \
    _Pragma("GCC unroll 7") for (int32_t ky = 1; ky < (size); ++ky) { \
      row += pitch;                                                   \
      TN_WIDE_OF(size, at, row, w, sum0, sum1, sum2, sum3);           \
    }                                                                 \
  } else {                                                            \
    for (int32_t ky = slots; ky > 1; --ky) {                          \
      row += pitch;                                                   \
      TN_WIDE_OF(size, at, row, w, sum0, sum1, sum2, sum3);           \
    }                                                                 \
  }                                                                   \
  first += 4
#define TN_SUM_AT_2(size)                                \
  sum0 = sum1 = sum2 = sum3 = bias;                      \
  for (int32_t ky = slots; ky > 0; --ky, row += pitch) { \
    TN_LAST_OF(size, 2, row, w, sum0, sum1, sum2, sum3); \
  }                                                      \
  first += 8

/* A row of weights as pairs, by turns (w0 w1)(w2 0) and (0 w0)(w1 w2). */
static inline __attribute__((always_inline)) void tn_pair_neighbours(const int8_t* w, int32_t size,
                                                                     int32_t* pair) {
  int32_t before = 0;
#pragma GCC unroll 3
  for (int32_t twos = size >> 1; twos > 0; --twos, w += 2) {
    const int32_t even = w[0], odd = w[1];
    TN_STORE_TWO(pair, 8, tn_halves(even, odd), tn_halves(before, even));
    before = odd;
  }
  TN_STORE_TWO(pair, 8, tn_halves(w[0], 0), tn_halves(before, w[0]));
}

/* Weights of channel `c`, a row for each slot. */
static inline __attribute__((always_inline)) void tn_pair_slots(const tn_conv_layer* layer,
                                                                const tn_window* window,
                                                                int32_t size, int32_t c,
                                                                int32_t* weights) {
  const int32_t words = size + 1;
  const int8_t* w = layer->weights + (c * size + window->skipped) * size;
  int32_t* pair = weights + window->slot * words;
  int32_t step = words, run = window->slots - window->slot, turn = window->slots * words;
  if (window->step < 0) {
    step = -step;
    turn = -turn;
    run = window->slot + 1;
  }
  for (int32_t y = window->rows; y > 0; --y, w += size, pair += step) {
    tn_pair_neighbours(w, size, pair);
    if (--run == 0) pair -= turn;
  }
}

#define TN_DEPTHWISE_WIDE_KERNEL(kernel, size)                                             \
  TN_WIDE_CHANNEL(channel_at_1, TN_SUM_AT_1(size, 1))                                      \
  TN_WIDE_CHANNEL(channel_at_half, TN_SUM_AT_1(size, HALF))                                \
  TN_WIDE_CHANNEL(channel_at_2, TN_SUM_AT_2(size))                                         \
  void kernel(const void* opaque, const tn_call* call) {                                   \
    const tn_conv_layer* layer = &((const tn_depthwise_layer*)opaque)->conv;               \
    const tn_wide_rows rows = tn_find_wide_rows(layer, call);                              \
    const int32_t half = (call->x * layer->stride_w - layer->pad_left - call->in_x) & 1;   \
    int32_t weights[(size) * ((size) + 1)];                                                \
    tn_wide_channel of;                                                                    \
    of.first = rows.first - half;                                                          \
    of.pitch = rows.slot_pitch;                                                            \
    of.slots = call->window.slots;                                                         \
    of.weights = layer->stride_w == 2 ? weights + half : weights;                          \
    of.columns = call->columns;                                                            \
    of.channels = layer->out_channels;                                                     \
    for (int32_t i = 0; i < (size) * ((size) + 1); ++i) weights[i] = 0;                    \
    for (int32_t c = 0; c < layer->in_channels; ++c, of.first += rows.pitch) {             \
      int8_t* out = call->out + c;                                                         \
      if (!tn_is_common(layer->shifts[c])) {                                               \
        tn_depthwise_wide_channel(layer, &rows, c, call->columns, tn_sum_wide_any, out);   \
        continue;                                                                          \
      }                                                                                    \
      of.bias = layer->bias[c];                                                            \
      of.multiplier = layer->multipliers[c];                                               \
      of.shift = layer->shifts[c];                                                         \
      of.nudge = tn_nudge(layer->out_zero, of.shift);                                      \
      tn_pair_slots(layer, &call->window, size, c, weights);                               \
      if (layer->stride_w == 2) {                                                          \
        channel_at_2(&of, out);                                                            \
      } else if (half) {                                                                   \
        channel_at_half(&of, out);                                                         \
      } else {                                                                             \
        channel_at_1(&of, out);                                                            \
      }                                                                                    \
    }                                                                                      \
    tn_clamp_all(call->out, call->columns * layer->out_channels, layer->low, layer->high); \
  }

#endif

#endif
