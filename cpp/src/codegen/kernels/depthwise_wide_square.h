/* Depthwise kernels on wide rows of one window size, stride 1 or 2. All slots of the ring are summed
 * up in their order, by weights in the same order; slots that the window does not have get zeros.
 * Where there is no DSP extension, depthwise_wide.c does as well. */
#ifndef TINYNAS_DEPTHWISE_WIDE_SQUARE_H
#define TINYNAS_DEPTHWISE_WIDE_SQUARE_H

#include "depthwise_square.h"
#include "depthwise_wide.h"
#include "depthwise_wide_dsp.h"

#if TN_DSP

/* `size`, `stride` and `half` (windows begin at the second half of a word) are constants where this
 * is called. The last four outputs may be less; their other windows are of no use to anyone. */
static inline __attribute__((always_inline)) void tn_wide_channel(
    const tn_conv_layer* layer, const int16_t* first, int32_t pitch, int32_t slots,
    const int32_t* weights, int32_t size, int32_t stride, int32_t half, int32_t c, int32_t columns,
    int8_t* out) {
  const int32_t channels = layer->out_channels;
  const int32_t bias = layer->bias[c], multiplier = layer->multipliers[c];
  const int32_t shift = layer->shifts[c], nudge = tn_nudge(layer->out_zero, shift);
  for (; columns > 0; columns -= 4) {
    const int16_t* row = first;
    const int32_t* w = weights;
    int32_t sum0, sum1, sum2, sum3;
    if (stride == 1 && slots == size) {
      if (half) {
        TN_FIRST_ROW_AT_HALF(size, row, w, bias, sum0, sum1, sum2, sum3);
      } else {
        TN_FIRST_ROW_AT_1(size, row, w, bias, sum0, sum1, sum2, sum3);
      }
      row += pitch;
#pragma GCC unroll 7
      for (int32_t ky = 1; ky < size; ++ky, row += pitch) {
        if (half) {
          TN_ROW_AT_HALF(size, row, w, sum0, sum1, sum2, sum3);
        } else {
          TN_ROW_AT_1(size, row, w, sum0, sum1, sum2, sum3);
        }
      }
    } else {
      sum0 = sum1 = sum2 = sum3 = bias;
      for (int32_t ky = slots; ky > 0; --ky, row += pitch) {
        if (stride == 2) {
          TN_ROW_AT_2(size, row, w, sum0, sum1, sum2, sum3);
        } else if (half) {
          TN_ROW_AT_HALF(size, row, w, sum0, sum1, sum2, sum3);
        } else {
          TN_ROW_AT_1(size, row, w, sum0, sum1, sum2, sum3);
        }
      }
    }
    out = tn_put_channel(out, channels, sum0, multiplier, shift, nudge);
    if (columns < 4) {
      if (columns >= 2) out = tn_put_channel(out, channels, sum1, multiplier, shift, nudge);
      if (columns == 3) tn_put_channel(out, channels, sum2, multiplier, shift, nudge);
      break;
    }
    out = tn_put_channel(out, channels, sum1, multiplier, shift, nudge);
    out = tn_put_channel(out, channels, sum2, multiplier, shift, nudge);
    out = tn_put_channel(out, channels, sum3, multiplier, shift, nudge);
    first += 4 * stride;
    TN_KEEP(first);
    TN_KEEP(out);
  }
}

/* Weights of channel `c`, a row for each slot. */
static inline __attribute__((always_inline)) void tn_pair_slots(const tn_conv_layer* layer,
                                                                const tn_window* window,
                                                                int32_t size, int32_t c,
                                                                int32_t* weights) {
  const int32_t words = 2 * (size / 2 + 1);
  const int8_t* w = layer->weights + (c * size + window->skipped) * size;
  int32_t* pair = weights + window->slot * words;
  int32_t step = words, run = window->slots - window->slot, turn = window->slots * words;
  if (window->step < 0) {
    step = -step;
    turn = -turn;
    run = window->slot + 1;
  }
  for (int32_t y = window->rows; y > 0; --y, w += size, pair += step) {
    tn_pair_row(w, size, pair);
    if (--run == 0) pair -= turn;
  }
}

static inline __attribute__((always_inline)) void tn_depthwise_wide_square(const void* opaque,
                                                                           const tn_call* call,
                                                                           int32_t size,
                                                                           int32_t* weights) {
  const tn_conv_layer* layer = &((const tn_depthwise_layer*)opaque)->conv;
  const tn_wide_rows rows = tn_find_wide_rows(layer, call);
  const tn_window* window = &call->window;
  const int32_t half = (call->x * layer->stride_w - layer->pad_left - call->in_x) & 1;
  const int32_t pitch = rows.slot_pitch, slots = window->slots, columns = call->columns;
  const int16_t* first = rows.first - half;
  for (int32_t i = 0; i < size * 2 * (size / 2 + 1); ++i) weights[i] = 0;
  for (int32_t c = 0; c < layer->in_channels; ++c, first += rows.pitch) {
    int8_t* out = call->out + c;
    if (!tn_is_common(layer->shifts[c])) {
      tn_depthwise_wide_channel(layer, &rows, c, columns, tn_sum_wide_any, out);
      continue;
    }
    tn_pair_slots(layer, window, size, c, weights);
    if (layer->stride_w == 2) {
      tn_wide_channel(layer, first, pitch, slots, weights + half, size, 2, 0, c, columns, out);
    } else if (half) {
      tn_wide_channel(layer, first, pitch, slots, weights, size, 1, 1, c, columns, out);
    } else {
      tn_wide_channel(layer, first, pitch, slots, weights, size, 1, 0, c, columns, out);
    }
  }
  tn_clamp_all(call->out, columns * layer->out_channels, layer->low, layer->high);
}

#endif

#endif
