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
  rows.columns = length - before - (beyond > 0 ? beyond : 0);
  if (rows.columns < 0) rows.columns = 0;
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
    const int32_t end = inside ? before + rows.columns : 0;
    fill(row, inside ? before : 0, layer->in_zero);
    fill(row + end, rows.pitch - end, layer->in_zero);
  }
  return rows;
}

/* Four values of a channel; `step`, its double and its triple lie between them. */
static inline void widen_four(const int8_t* from, int32_t step, int32_t step2, int32_t step3,
                              int16_t* to) {
#if TN_DSP
  tn_store_word(to, tn_halves(from[0], from[step]));
  tn_store_word(to + 2, tn_halves(from[step2], from[step3]));
#else
  to[0] = from[0];
  to[1] = from[step];
  to[2] = from[step2];
  to[3] = from[step3];
#endif
}

void tn_widen_channel(const tn_conv_layer* layer, const tn_channel_rows* rows, int32_t channel) {
  const int32_t step = layer->in_channels, columns = rows->columns;
  int32_t step2 = 2 * step, step3 = 3 * step, run = rows->run;
  const int8_t* row = rows->from + channel;
  int16_t* to_row = rows->inside;
  TN_KEEP(step2);
  TN_KEEP(step3);
  for (int32_t y = rows->rows; y > 0; --y, row += rows->step, to_row += rows->pitch) {
    const int8_t* from = row;
    int16_t* to = to_row;
    int32_t left = columns;
    for (; left >= 8; left -= 8, to += 8) {
      widen_four(from, step, step2, step3, to);
      from += 2 * step2;
      TN_KEEP(from);
      widen_four(from, step, step2, step3, to + 4);
      from += 2 * step2;
      TN_KEEP(from);
    }
    if ((columns & 4) != 0) {
      widen_four(from, step, step2, step3, to);
      from += 2 * step2;
      to += 4;
    }
    for (left = columns & 3; left > 0; --left, from += step) *to++ = *from;
    if (--run == 0) row -= rows->turn;
  }
}

void tn_sum_any(const tn_conv_layer* layer, const int16_t* row, int32_t pitch, const int8_t* w,
                int32_t* sums) {
  tn_sum_window(layer->kernel_h, layer->kernel_w, layer->stride_w, row, pitch, w, sums);
}

static int32_t sum_one(const int16_t* row, int32_t pitch, const tn_conv_layer* layer,
                       const int8_t* w) {
  int32_t sum = 0;
  for (int32_t ky = layer->kernel_h; ky > 0; --ky, row += pitch) {
    const int16_t* x = row;
    for (const int8_t* end = w + layer->kernel_w; w != end;) sum += *w++ * *x++;
  }
  return sum;
}

void tn_depthwise_any(const tn_conv_layer* layer, const tn_channel_rows* rows, int32_t o,
                      int32_t columns, tn_sum_four sum, int8_t* out) {
  const int8_t* weights = layer->weights + o * layer->kernel_h * layer->kernel_w;
  const int32_t multiplier = layer->multipliers[o], shift = layer->shifts[o];
  const int32_t common = tn_is_common(shift);
  const int32_t nudge = common ? tn_nudge(layer->out_zero, shift) : 0;
  const int16_t* row = rows->values;
  while (columns > 0) {
    int32_t sums[4];
    const int32_t count = columns < 4 ? 1 : 4;
    if (count == 4) {
      sum(layer, row, rows->pitch, weights, sums);
    } else {
      sums[0] = sum_one(row, rows->pitch, layer, weights);
    }
    for (int32_t i = 0; i < count; ++i, out += layer->out_channels) {
      /* The bias may take sums over 32 bits. */
      const int32_t total = tn_sum(sums[i], layer->bias[o]);
      *out = (int8_t)(common ? tn_requantize(total, multiplier, shift, nudge)
                             : tn_requantize_any(total, multiplier, shift, layer->out_zero));
    }
    row += count * layer->stride_w;
    columns -= count;
  }
}

void tn_depthwise_by(const void* opaque, const tn_call* call, tn_sum_four sum) {
  const tn_depthwise_layer* depthwise = (const tn_depthwise_layer*)opaque;
  const tn_conv_layer* layer = &depthwise->conv;
  const tn_channel_rows rows = tn_prepare_rows(layer, call);
  int32_t o = 0;
  for (int32_t c = 0; c < layer->in_channels; ++c) {
    tn_widen_channel(layer, &rows, c);
    for (int32_t m = depthwise->channel_multiplier; m > 0; --m, ++o) {
      tn_depthwise_any(layer, &rows, o, call->columns, sum, call->out + o);
    }
  }
  tn_clamp_all(call->out, call->columns * layer->out_channels, layer->low, layer->high);
}

void tn_depthwise(const void* layer, const tn_call* call) {
  tn_depthwise_by(layer, call, tn_sum_any);
}
