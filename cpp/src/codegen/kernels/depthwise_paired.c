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
  rows->columns = columns > 0 ? columns : 0;
  rows->eights = rows->columns >> 3;
  rows->skipped_code = 8 * (7 - (rows->columns & 7));
  for (int32_t i = 0; i < 5; ++i) rows->step[i] = layer->in_channels * (i < 4 ? 2 * i + 1 : 8);
  rows->last_rows = 0;
  tn_paired_row* place = rows->row;
  int32_t slot = window->slot;
  for (int32_t y = 0; y < layer->kernel_h; ++y) {
    const int32_t inside = y >= window->skipped && y < window->skipped + window->rows;
    const int32_t last = y == layer->kernel_h - 1, apart = last ? 1 : 2;
    const int32_t end = inside ? before + rows->columns : 0;
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

/* A row's columns, `rows->step` apart, to halfwords `apart` apart. Byte loads and halfword stores
 * cost less than instructions that put two values together. */
#if defined(__ARM_FEATURE_DSP)
#define TN_MOVE(from, to) "ldrsb.w %[v], [%[from]" from "]\n\tstrh.w %[v], [%[to], %[to" #to "]]\n\t"
/* What is left of eight columns is entered amidst: each takes 8 bytes of code. */
#define TN_WIDEN_ROW(rows, from_, to_, apart)                                                     \
  do {                                                                                            \
    int32_t n, v;                                                                                 \
    __asm__ volatile(                                                                             \
        "ldr %[n], %[eights]\n\tcbz %[n], 2f\n1:\n\t" TN_MOVE("", 0) TN_MOVE(", %[one]", 1)       \
            TN_MOVE(", %[one], lsl #1", 2) TN_MOVE(", %[three]", 3) TN_MOVE(", %[one], lsl #2", 4) \
                TN_MOVE(", %[five]", 5) TN_MOVE(", %[three], lsl #1", 6) TN_MOVE(", %[seven]", 7)  \
        "add %[from], %[from], %[eight]\n\tadd %[to], %[to], %[to8]\n\t"                          \
        "subs %[n], %[n], #1\n\tbne 1b\n2:\n\tldr %[n], %[skip]\n\tadd pc, %[n]\n\tnop\n\t"       \
        TN_MOVE(", %[three], lsl #1", 6) TN_MOVE(", %[five]", 5) TN_MOVE(", %[one], lsl #2", 4)   \
            TN_MOVE(", %[three]", 3) TN_MOVE(", %[one], lsl #1", 2) TN_MOVE(", %[one]", 1)        \
                TN_MOVE("", 0)                                                                    \
        : [from] "+&r"(from_), [to] "+&r"(to_), [n] "=&l"(n), [v] "=&r"(v)                        \
        : [one] "r"((rows)->step[0]), [three] "r"((rows)->step[1]), [five] "r"((rows)->step[2]),  \
          [seven] "r"((rows)->step[3]), [eight] "r"((rows)->step[4]), [eights] "m"((rows)->eights), \
          [skip] "m"((rows)->skipped_code), [to0] "i"(0), [to1] "i"(2 * (apart)),                 \
          [to2] "i"(4 * (apart)), [to3] "i"(6 * (apart)), [to4] "i"(8 * (apart)),                 \
          [to5] "i"(10 * (apart)), [to6] "i"(12 * (apart)), [to7] "i"(14 * (apart)),              \
          [to8] "i"(16 * (apart))                                                                 \
        : "memory", "cc");                                                                        \
  } while (0)
#else
#define TN_WIDEN_ROW(rows, from, to, apart)                                     \
  do {                                                                          \
    for (int32_t i = 0; i < (rows)->columns; ++i) {                             \
      (to)[i * (apart)] = (from)[i * (rows)->step[0]];                          \
    }                                                                           \
  } while (0)
#endif

void tn_widen_paired(const tn_paired_rows* rows, int32_t channel) {
  const tn_paired_row* row = rows->row;
  for (const tn_paired_row* end = rows->end_of_pairs; row != end; ++row) {
    const int8_t* from = row->from + channel;
    int16_t* to = row->to;
    TN_WIDEN_ROW(rows, from, to, 2);
  }
  if (rows->last_rows != 0) {
    const int8_t* from = row->from + channel;
    int16_t* to = row->to;
    TN_WIDEN_ROW(rows, from, to, 1);
  }
}

int8_t tn_requantize_channel(const tn_conv_layer* layer, int32_t c, int32_t sum) {
  return (int8_t)tn_requantize_any(sum, layer->multipliers[c], layer->shifts[c], layer->out_zero);
}

#endif
