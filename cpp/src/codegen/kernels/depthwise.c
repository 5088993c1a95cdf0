/* Depthwise convolution, one output row, channel by channel, with a window of any size. */
#include "depthwise.h"

static void fill(int16_t* to, int32_t count, int32_t value) {
  for (; count > 0; --count) *to++ = (int16_t)value;
}

tn_channel_rows tn_prepare_rows(const tn_conv_layer* layer, const tn_call* call) {
  const tn_window* window = &call->window;
  const int32_t first = call->x * layer->stride_w - layer->pad_left;
  const int32_t length = (call->columns - 1) * layer->stride_w + layer->kernel_w;
  const int32_t beyond = first + length - layer->in_width, before = first < 0 ? -first : 0;
  tn_channel_rows rows;
  rows.values = (int16_t*)call->scratch;
  rows.pitch = (length + 2) & ~1;
  rows.inside = rows.values + window->skipped * rows.pitch + before;
  rows.rows = window->rows;
  const int32_t columns = length - before - (beyond > 0 ? beyond : 0);
  rows.columns = tn_columns_of(columns > 0 ? columns : 0, layer->in_channels);
  rows.from = window->base + window->slot * window->row_bytes +
              (first + before - call->in_x) * layer->in_channels;
  rows.step = (int32_t)window->row_bytes;
  rows.turn = (int32_t)window->row_bytes * window->slots;
  rows.run = window->slots == 0 ? window->rows : window->slots - window->slot;
  if (window->step < 0) {
    rows.step = -rows.step;
    rows.turn = -rows.turn;
    rows.run = window->slots == 0 ? window->rows : window->slot + 1;
  }
  int16_t* row = rows.values;
  for (int32_t ky = 0; ky < layer->kernel_h; ++ky, row += rows.pitch) {
    const int32_t inside = ky >= window->skipped && ky < window->skipped + window->rows;
    const int32_t end = inside ? before + rows.columns.count : 0;
    fill(row, inside ? before : 0, layer->in_zero);
    fill(row + end, rows.pitch - end, layer->in_zero);
  }
  return rows;
}

void tn_widen_channel(const tn_channel_rows* rows, int32_t channel) {
  const int8_t* row = rows->from + channel;
  int16_t* to_row = rows->inside;
  int32_t run = rows->run;
  for (int32_t y = rows->rows; y > 0; --y, row += rows->step, to_row += rows->pitch) {
    const int8_t* from = row;
    int16_t* to = to_row;
    TN_WIDEN_ROW(&rows->columns, from, to, 1);
    if (--run == 0) row -= rows->turn;
  }
}

int8_t* tn_put_outputs(const tn_conv_layer* layer, int32_t o, const int32_t* sums, int32_t count,
                       int8_t* out) {
  const int32_t multiplier = layer->multipliers[o], shift = layer->shifts[o];
  const int32_t zero = layer->out_zero, channels = layer->out_channels;
  const int32_t* end = sums + count;
  if (tn_is_common(shift)) {
    const int32_t nudge = tn_nudge(zero, shift);
    for (; sums != end; out += channels) {
      *out = (int8_t)tn_requantize(*sums++, multiplier, shift, nudge);
    }
  } else {
    for (; sums != end; out += channels) {
      *out = (int8_t)tn_requantize_any(*sums++, multiplier, shift, zero);
    }
  }
  return out;
}

void tn_depthwise(const void* opaque, const tn_call* call) {
  const tn_depthwise_layer* depthwise = (const tn_depthwise_layer*)opaque;
  const tn_conv_layer* layer = &depthwise->conv;
  const tn_channel_rows rows = tn_prepare_rows(layer, call);
  int32_t o = 0;
  for (int32_t c = 0; c < layer->in_channels; ++c) {
    tn_widen_channel(&rows, c);
    for (int32_t m = depthwise->channel_multiplier; m > 0; --m, ++o) {
      tn_depthwise_channel(layer, &rows, layer->kernel_h, layer->kernel_w, layer->stride_w, o,
                           call->columns, call->out + o);
    }
  }
  tn_clamp_all(call->out, call->columns * layer->out_channels, layer->low, layer->high);
}
