/* Rows and weights of a channel for depthwise kernels with the DSP extension. */
#include "depthwise_paired.h"

#if TN_DSP

/* Row y and how far apart its values are. */
static int16_t* row_of(const tn_conv_layer* layer, const tn_paired_rows* rows, int32_t y) {
  const int32_t last = y == layer->kernel_h - 1;
  return rows->values + (last ? y : (y & ~1)) * rows->pitch + (last ? 0 : y & 1);
}
static int32_t apart_in(const tn_conv_layer* layer, int32_t y) {
  return y == layer->kernel_h - 1 ? 1 : 2;
}

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
  rows->columns = columns > 0 ? columns : 0;
  rows->rows = rows->last_rows = 0;
  int32_t slot = window->slot;
  for (int32_t y = 0; y < layer->kernel_h; ++y) {
    const int32_t inside = y >= window->skipped && y < window->skipped + window->rows;
    const int32_t apart = apart_in(layer, y), end = inside ? before + rows->columns : 0;
    int16_t* row = row_of(layer, rows, y);
    fill(row, apart, inside ? before : 0, layer->in_zero);
    fill(row + apart * end, apart, rows->pitch - end, layer->in_zero);
    if (!inside) continue;
    const int32_t i = rows->rows + rows->last_rows;
    rows->row[i].from = window->base + (uint32_t)slot * window->row_bytes +
                        (first + before - call->in_x) * layer->in_channels;
    rows->row[i].to = row + apart * before;
    *(apart == 2 ? &rows->rows : &rows->last_rows) += 1;
    slot = tn_next_slot(window, slot);
  }
}

/* Byte loads and halfword stores cost less than instructions that put two values together. */
static inline __attribute__((always_inline)) void widen_row(const int8_t* from, int32_t step,
                                                            int32_t step3, int32_t step5,
                                                            int32_t step7, int32_t columns,
                                                            int16_t* to, int32_t apart) {
  for (int32_t eights = columns >> 3; eights > 0; --eights) {
    to[0] = from[0];
    to[apart] = from[step];
    to[2 * apart] = from[2 * step];
    to[3 * apart] = from[step3];
    to[4 * apart] = from[4 * step];
    to[5 * apart] = from[step5];
    to[6 * apart] = from[2 * step3];
    to[7 * apart] = from[step7];
    from += 8 * step;
    to += 8 * apart;
    TN_KEEP(from);
    TN_KEEP(to);
  }
  switch (columns & 7) {
    case 7:
      to[6 * apart] = from[2 * step3]; /* fall through */
    case 6:
      to[5 * apart] = from[step5]; /* fall through */
    case 5:
      to[4 * apart] = from[4 * step]; /* fall through */
    case 4:
      to[3 * apart] = from[step3]; /* fall through */
    case 3:
      to[2 * apart] = from[2 * step]; /* fall through */
    case 2:
      to[apart] = from[step]; /* fall through */
    case 1:
      to[0] = from[0]; /* fall through */
    default:
      break;
  }
}

void tn_widen_paired(const tn_conv_layer* layer, const tn_paired_rows* rows, int32_t channel) {
  const int32_t step = layer->in_channels, columns = rows->columns;
  int32_t step3 = 3 * step, step5 = 5 * step, step7 = 7 * step, i = 0;
  TN_KEEP(step3);
  TN_KEEP(step5);
  TN_KEEP(step7);
  for (; i < rows->rows; ++i) {
    widen_row(rows->row[i].from + channel, step, step3, step5, step7, columns, rows->row[i].to, 2);
  }
  if (rows->last_rows != 0) {
    widen_row(rows->row[i].from + channel, step, step3, step5, step7, columns, rows->row[i].to, 1);
  }
}

void tn_pair_weights(const int8_t* w, int32_t size, int32_t* pair) {
  for (int32_t twos = size >> 1; twos > 0; --twos) {
    for (int32_t columns = size >> 1; columns > 0; --columns, w += 4, pair += 2) {
      const int32_t word = tn_load_word(w);
      pair[0] = tn_bytes_0_2(word);
      pair[1] = tn_bytes_1_3(word);
    }
    *pair++ = tn_halves(w[0], w[1]);
    w += 2;
  }
  int32_t before = 0;
  for (int32_t columns = size >> 1; columns > 0; --columns, w += 2, pair += 2) {
    const int32_t even = w[0], odd = w[1];
    pair[0] = tn_halves(even, odd);
    pair[1] = tn_halves(before, even);
    before = odd;
  }
  pair[0] = tn_halves(w[0], 0);
  pair[1] = tn_halves(before, w[0]);
}

int8_t tn_requantize_channel(const tn_conv_layer* layer, int32_t c, int32_t sum) {
  return (int8_t)tn_requantize_any(sum, layer->multipliers[c], layer->shifts[c], layer->out_zero);
}

#endif
