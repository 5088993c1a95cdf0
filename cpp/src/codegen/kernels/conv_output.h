/* The row that a convolution writes: int8, pixel by pixel, or, in files that define TN_WIDE_ROWS, a
 * wide row. These files include the others, so that a loop is written once. */
#ifndef TINYNAS_CONV_OUTPUT_H
#define TINYNAS_CONV_OUTPUT_H

#include "wide_rows.h"

#ifdef TN_WIDE_ROWS

typedef int16_t tn_out_value;
#define TN_OUTPUT_NAME(name) name##_wide
#define TN_AND_PITCH , int32_t pitch /* a parameter: from channel to channel */
#define TN_CHANNEL_STEP(pitch) (pitch)

static inline tn_out_value* tn_first_pixel(const tn_call* call) {
  return (int16_t*)(void*)call->out + call->out_gap;
}
static inline void tn_end_row(const tn_conv_layer* layer, const tn_call* call) {
  tn_clear_gaps(call, layer->out_channels);
}

#else

typedef int8_t tn_out_value;
#define TN_OUTPUT_NAME(name) name
#define TN_AND_PITCH
#define TN_CHANNEL_STEP(pitch) 1

static inline tn_out_value* tn_first_pixel(const tn_call* call) { return call->out; }
static inline void tn_end_row(const tn_conv_layer* layer, const tn_call* call) {
  (void)layer;
  (void)call;
}

#endif

/* All output channels of one or two pixels (multiply_columns.c). Returns where the next ones go. */
static inline tn_out_value* tn_multiply_pixels(const tn_conv_layer* layer, const tn_call* call,
                                            const tn_value* columns, int32_t depth, int32_t pixels,
                                            tn_out_value* out) {
#ifdef TN_WIDE_ROWS
  tn_multiply_columns_wide(layer, columns, depth, pixels, out,
                           tn_wide_pitch(call->columns, call->out_gap));
  return out + pixels;
#else
  (void)call;
  tn_multiply_columns(layer, columns, depth, pixels, out);
  return out + pixels * layer->out_channels;
#endif
}

#endif
