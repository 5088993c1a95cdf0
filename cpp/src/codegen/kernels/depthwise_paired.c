/* Rows and weights of a channel for depthwise kernels with the DSP extension. */
#include "depthwise_paired.h"

#if TN_DSP

static void fill(int16_t* to, int32_t apart, int32_t count, int32_t value) {
  for (; count > 0; --count, to += apart) *to = (int16_t)value;
}

void tn_prepare_paired(const tn_conv_layer* layer, const tn_call* call, tn_paired_rows* rows) {
  const tn_window* window = &call->window;
  const int32_t first = call->x * layer->stride_w - layer->pad_left;
  const int32_t length = (call->columns - 1) * layer->stride_w + layer->kernel_w;
  const int32_t beyond = first + length - layer->in_width, before = first < 0 ? -first : 0;
  const int32_t columns = length - before - (beyond > 0 ? beyond : 0);
  rows->values = (int16_t*)call->scratch;
  rows->pitch = (length + 2) & ~1;
  rows->columns = tn_columns_of(columns > 0 ? columns : 0, layer->in_channels);
  rows->last_rows = 0;
  tn_paired_row* place = rows->row;
  int32_t slot = window->slot;
  for (int32_t y = 0; y < layer->kernel_h; ++y) {
    const int32_t inside = y >= window->skipped && y < window->skipped + window->rows;
    const int32_t last = y == layer->kernel_h - 1, apart = last ? 1 : 2;
    const int32_t end = inside ? before + rows->columns.count : 0;
    int16_t* row = rows->values + (last ? y : y & ~1) * rows->pitch + (last ? 0 : y & 1);
    fill(row, apart, inside ? before : 0, layer->in_zero);
    fill(row + apart * end, apart, rows->pitch - end, layer->in_zero);
    if (last) rows->end_of_pairs = place;
    if (!inside) continue;
    place->from = window->base + (uint32_t)slot * window->row_bytes +
                  (first + before - call->in_x) * layer->in_channels;
    place->to = row + apart * before;
    ++place;
    rows->last_rows = last;
    slot = tn_next_slot(window, slot);
  }
}

void tn_widen_paired(const tn_paired_rows* rows, int32_t channel) {
  const tn_paired_row* row = rows->row;
  for (const tn_paired_row* end = rows->end_of_pairs; row != end; ++row) {
    const int8_t* from = row->from + channel;
    int16_t* to = row->to;
    TN_WIDEN_ROW(&rows->columns, from, to, 2);
  }
  if (rows->last_rows != 0) {
    const int8_t* from = row->from + channel;
    int16_t* to = row->to;
    TN_WIDEN_ROW(&rows->columns, from, to, 1);
  }
}

void tn_depthwise_others(const tn_conv_layer* layer, const tn_paired_rows* rows,
                         const int32_t* weights, int32_t size, int32_t stride, int32_t c,
                         int32_t columns, int8_t* out) {
  const int16_t* last = rows->values + (size - 1) * rows->pitch;
  for (int32_t x = 0; x < columns; ++x, last += stride, out += layer->out_channels) {
    const int32_t *row = (const int32_t*)(const void*)rows->values + x * stride, *w = weights;
    int32_t sum = layer->bias[c];
    for (int32_t twos = size >> 1; twos > 0; --twos, row += rows->pitch) {
      for (int32_t j = 0; j < size; ++j) sum = tn_dot(*w++, row[j], sum);
    }
    for (int32_t j = 0; j < size; j += 2, w += 2) sum = tn_dot(*w, tn_load_word(last + j), sum);
    *out = (int8_t)tn_requantize_any(sum, layer->multipliers[c], layer->shifts[c], layer->out_zero);
  }
}

#endif
