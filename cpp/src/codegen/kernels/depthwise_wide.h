/* Of depthwise kernels that read wide rows. */
#ifndef TINYNAS_DEPTHWISE_WIDE_H
#define TINYNAS_DEPTHWISE_WIDE_H

#include "wide_rows.h"

typedef struct {
  const tn_window* window;
  const int16_t* first;      /* of the first output's window in the first channel, in slot 0 */
  int32_t slot_pitch, pitch; /* from slot to slot, from channel to channel */
} tn_wide_rows;

static inline tn_wide_rows tn_find_wide_rows(const tn_conv_layer* layer, const tn_call* call) {
  tn_wide_rows rows;
  rows.window = &call->window;
  rows.first = (const int16_t*)(const void*)call->window.base + call->in_gap +
               call->x * layer->stride_w - layer->pad_left - call->in_x;
  rows.slot_pitch = (int32_t)call->window.row_bytes / 2;
  rows.pitch = tn_wide_pitch(call->in_columns, call->in_gap);
  return rows;
}

/* Sums of the products of four outputs, whose windows begin a stride apart from `from` on, in slot
 * 0. */
typedef void (*tn_sum_wide)(const tn_conv_layer* layer, const tn_wide_rows* rows,
                            const int16_t* from, const int8_t* w, int32_t* sums);
void tn_sum_wide_any(const tn_conv_layer* layer, const tn_wide_rows* rows, const int16_t* from,
                     const int8_t* w, int32_t* sums);
/* Channel `c`, whatever the factor. */
void tn_depthwise_wide_channel(const tn_conv_layer* layer, const tn_wide_rows* rows, int32_t c,
                               int32_t columns, tn_sum_wide sum, int8_t* out);
void tn_depthwise_wide_by(const void* layer, const tn_call* call, tn_sum_wide sum);

/* Unrolled where the sizes are constants. */
static inline __attribute__((always_inline)) void tn_sum_wide_window(int32_t width, int32_t stride,
                                                                     const tn_wide_rows* rows,
                                                                     const int16_t* from,
                                                                     const int8_t* w,
                                                                     int32_t* sums) {
  int32_t a = 0, b = 0, c = 0, d = 0, slot = rows->window->slot;
  for (int32_t y = rows->window->rows; y > 0; --y, w += width) {
    const int16_t* row = from + slot * rows->slot_pitch;
#pragma GCC unroll 7
    for (int32_t kx = 0; kx < width; ++kx) {
      const int32_t weight = w[kx];
      a += weight * row[kx];
      b += weight * row[kx + stride];
      c += weight * row[kx + 2 * stride];
      d += weight * row[kx + 3 * stride];
    }
    slot = tn_next_slot(rows->window, slot);
  }
  sums[0] = a;
  sums[1] = b;
  sums[2] = c;
  sums[3] = d;
}

#endif
