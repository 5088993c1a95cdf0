/* Rings of wide rows, for depthwise kernels: int16, each value less its zero point. A slot begins
 * with a gap, then holds each channel's columns, their number rounded up to even, and another gap.
 * Gaps and what is added are zero: padding for the kernel that reads them. */
#ifndef TINYNAS_WIDE_ROWS_H
#define TINYNAS_WIDE_ROWS_H

#include "columns.h"

/* From channel to channel of a slot. `gap`: columns of a gap, an even number. */
static inline int32_t tn_wide_pitch(int32_t columns, int32_t gap) {
  return ((columns + 1) & ~1) + gap;
}

/* Columns x and x + 1 of a channel, x even. */
static inline void tn_put_columns(int16_t* to, int32_t a, int32_t b, int32_t zero) {
#if TN_DSP
  tn_store_word(to, tn_subtract_halves(tn_halves(a, b), tn_halves(zero, zero)));
#else
  to[0] = (int16_t)(a - zero);
  to[1] = (int16_t)(b - zero);
#endif
}

static inline void tn_put_zeros(int16_t* to) {
#if TN_DSP
  tn_store_word(to, 0);
#else
  to[0] = to[1] = 0;
#endif
}

/* Column x of a channel, which may be the last one. */
static inline void tn_put_column(int16_t* channel, int32_t x, int32_t value, int32_t zero) {
  channel[x] = (int16_t)(value - zero);
  if ((x & 1) == 0) channel[x + 1] = 0;
}

/* As tn_multiply_columns. */
void tn_multiply_columns_wide(const tn_channels* of, const tn_value* columns, int32_t pixels,
                              int16_t* out);

/* Of the slot that a kernel writes: gaps, and the ends of the activation. */
void tn_clear_gaps(const tn_call* call, int32_t channels);
void tn_end_wide_row(const tn_conv_layer* layer, const tn_call* call);

/* Row kernels that write wide rows. */
void tn_conv2d_wide(const void* layer, const tn_call* call);     /* tn_conv_layer */
void tn_conv2d_1x1_wide(const void* layer, const tn_call* call); /* tn_conv_layer */
void tn_turn_row(const void* layer, const tn_call* call);        /* tn_turn_layer */
void tn_turn_add_row(const void* layer, const tn_call* call);    /* tn_turn_layer */

/* Depthwise kernels that read wide rows. Their biases take no zero point. */
void tn_depthwise_wide(const void* layer, const tn_call* call);     /* tn_depthwise_layer */
void tn_depthwise_wide_3x3(const void* layer, const tn_call* call); /* tn_depthwise_layer */
void tn_depthwise_wide_5x5(const void* layer, const tn_call* call); /* tn_depthwise_layer */
void tn_depthwise_wide_7x7(const void* layer, const tn_call* call); /* tn_depthwise_layer */

#endif
