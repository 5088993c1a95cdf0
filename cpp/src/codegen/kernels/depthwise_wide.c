/* Depthwise convolution that reads wide rows, one output row, channel by channel, with a window of
 * any size. */
#include "depthwise_wide.h"

void tn_sum_wide_any(const tn_conv_layer* layer, const tn_wide_rows* rows, const int16_t* from,
                     const int8_t* w, int32_t* sums) {
  tn_sum_wide_window(layer->kernel_w, layer->stride_w, rows, from, w, sums);
}

static int32_t sum_one(const tn_conv_layer* layer, const tn_wide_rows* rows, const int16_t* from,
                       const int8_t* w) {
  int32_t slot = rows->window->slot, sum = 0;
  for (int32_t y = rows->window->rows; y > 0; --y) {
    const int16_t* x = from + slot * rows->slot_pitch;
    for (const int8_t* end = w + layer->kernel_w; w != end;) sum += *w++ * *x++;
    slot = tn_next_slot(rows->window, slot);
  }
  return sum;
}

void tn_depthwise_wide_channel(const tn_conv_layer* layer, const tn_wide_rows* rows, int32_t c,
                               int32_t columns, tn_sum_wide sum, int8_t* out) {
  const int8_t* weights =
      layer->weights + (c * layer->kernel_h + rows->window->skipped) * layer->kernel_w;
  const int16_t* from = rows->first + c * rows->pitch;
  const int32_t multiplier = layer->multipliers[c], shift = layer->shifts[c];
  const int32_t common = tn_is_common(shift);
  const int32_t nudge = common ? tn_nudge(layer->out_zero, shift) : 0;
  while (columns > 0) {
    int32_t sums[4];
    const int32_t count = columns < 4 ? 1 : 4;
    if (count == 4) {
      sum(layer, rows, from, weights, sums);
    } else {
      sums[0] = sum_one(layer, rows, from, weights);
    }
    for (int32_t i = 0; i < count; ++i, out += layer->out_channels) {
      /* The bias may take sums over 32 bits. */
      const int32_t total = tn_sum(sums[i], layer->bias[c]);
      *out = (int8_t)(common ? tn_requantize(total, multiplier, shift, nudge)
                             : tn_requantize_any(total, multiplier, shift, layer->out_zero));
    }
    from += count * layer->stride_w;
    columns -= count;
  }
}

void tn_depthwise_wide_by(const void* opaque, const tn_call* call, tn_sum_wide sum) {
  const tn_conv_layer* layer = &((const tn_depthwise_layer*)opaque)->conv;
  const tn_wide_rows rows = tn_find_wide_rows(layer, call);
  for (int32_t c = 0; c < layer->in_channels; ++c) {
    tn_depthwise_wide_channel(layer, &rows, c, call->columns, sum, call->out + c);
  }
  tn_clamp_all(call->out, call->columns * layer->out_channels, layer->low, layer->high);
}

void tn_depthwise_wide(const void* layer, const tn_call* call) {
  tn_depthwise_wide_by(layer, call, tn_sum_wide_any);
}
