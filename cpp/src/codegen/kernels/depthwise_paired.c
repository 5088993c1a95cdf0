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

/* Values of a row lie a pixel apart: multiples of that. */
typedef struct {
  int32_t one, three, five, seven, eight;
} tn_steps;

/* Byte loads and halfword stores cost less than instructions that put two values together. */
static inline __attribute__((always_inline)) void widen_row(const int8_t* from, tn_steps step,
                                                            int32_t eights, int32_t rest,
                                                            int16_t* to, int32_t apart) {
  for (; eights > 0; --eights) {
    to[0] = from[0];
    to[apart] = from[step.one];
    to[2 * apart] = from[2 * step.one];
    to[3 * apart] = from[step.three];
    to[4 * apart] = from[4 * step.one];
    to[5 * apart] = from[step.five];
    to[6 * apart] = from[2 * step.three];
    to[7 * apart] = from[step.seven];
    TN_KEEP(from);
    TN_KEEP(to);
    from += step.eight;
    to += 8 * apart;
  }
  switch (rest) {
    case 7:
      to[6 * apart] = from[2 * step.three]; /* fall through */
    case 6:
      to[5 * apart] = from[step.five]; /* fall through */
    case 5:
      to[4 * apart] = from[4 * step.one]; /* fall through */
    case 4:
      to[3 * apart] = from[step.three]; /* fall through */
    case 3:
      to[2 * apart] = from[2 * step.one]; /* fall through */
    case 2:
      to[apart] = from[step.one]; /* fall through */
    case 1:
      to[0] = from[0]; /* fall through */
    case 0:
      break;
  }
}

void tn_widen_paired(const tn_conv_layer* layer, const tn_paired_rows* rows, int32_t channel) {
  const int32_t one = layer->in_channels, eights = rows->columns >> 3, rest = rows->columns & 7;
  tn_steps step = {one, 3 * one, 5 * one, 7 * one, 8 * one};
  int32_t i = 0;
  TN_KEEP(step.three);
  TN_KEEP(step.five);
  TN_KEEP(step.seven);
  TN_KEEP(step.eight);
  for (; i < rows->rows; ++i) {
    widen_row(rows->row[i].from + channel, step, eights, rest, rows->row[i].to, 2);
  }
  if (rows->last_rows != 0) {
    widen_row(rows->row[i].from + channel, step, eights, rest, rows->row[i].to, 1);
  }
}

int8_t tn_requantize_channel(const tn_conv_layer* layer, int32_t c, int32_t sum) {
  return (int8_t)tn_requantize_any(sum, layer->multipliers[c], layer->shifts[c], layer->out_zero);
}

#endif
