/* The row that a convolution writes: int8, pixel by pixel, or, in files that define TN_WIDE_ROWS, a
 * wide row. These files include the others, so that a loop is written once. */
#ifndef TINYNAS_CONV_OUTPUT_H
#define TINYNAS_CONV_OUTPUT_H

#include "columns.h"
#include "wide_rows.h"

#ifdef TN_WIDE_ROWS

typedef int16_t tn_out_value;
#define TN_OUTPUT_NAME(name) name##_wide
/* Channel by channel: where the next one lies. */
#define TN_NEXT_CHANNEL(of) ((of)->pitch)
/* A channel of two pixels; the pointer then goes on to the next one. */
#define TN_PUT_TWO(of, out, a, b)              \
  do {                                         \
    tn_put_columns(out, a, b, (of)->out_zero); \
    (out) += (of)->pitch;                      \
  } while (0)

static inline void tn_put_one(const tn_channels* of, int32_t pixel, int32_t value, int16_t* out) {
  tn_put_column(out, pixel, value, of->out_zero);
}
static inline tn_channels tn_output_channels(const tn_conv_layer* layer, const tn_call* call,
                                             int32_t depth) {
  tn_channels of = tn_channels_of(layer, depth);
  of.pitch = tn_wide_pitch(call->columns, call->out_gap);
  return of;
}
static inline int16_t* tn_first_pixel(const tn_call* call) {
  return (int16_t*)(void*)call->out + call->out_gap;
}
static inline int16_t* tn_next_pixels(const tn_channels* of, int32_t pixels, int16_t* out) {
  (void)of;
  return out + pixels;
}
static inline void tn_end_row(const tn_conv_layer* layer, const tn_call* call) {
  tn_end_wide_row(layer, call);
}

#else

typedef int8_t tn_out_value;
#define TN_OUTPUT_NAME(name) name
#define TN_NEXT_CHANNEL(of) 1
#define TN_PUT_TWO(of, out, a, b) TN_STORE_BYTES(out, (of)->channels, a, b)

static inline void tn_put_one(const tn_channels* of, int32_t pixel, int32_t value, int8_t* out) {
  out[pixel * of->channels] = (int8_t)value;
}
static inline tn_channels tn_output_channels(const tn_conv_layer* layer, const tn_call* call,
                                             int32_t depth) {
  (void)call;
  return tn_channels_of(layer, depth);
}
static inline int8_t* tn_first_pixel(const tn_call* call) { return call->out; }
static inline int8_t* tn_next_pixels(const tn_channels* of, int32_t pixels, int8_t* out) {
  return out + pixels * of->channels;
}
static inline void tn_end_row(const tn_conv_layer* layer, const tn_call* call) {
  tn_clamp_all(call->out, call->columns * layer->out_channels, layer->low, layer->high);
}

#endif

#endif
