/* Columns of two pixels, of `depth` values each, in 4 bytes a value. With the DSP extension int16:
 * quads of both pixels one after another, as multiply_quads.h has them; then the values that are
 * left, of both pixels one after another, times the scale of sums. Without, int8: one column after
 * the other, so that weights and columns share an index. */
#ifndef TINYNAS_COLUMNS_H
#define TINYNAS_COLUMNS_H

#include "multiply_quads.h"
#include "tinynas_kernels.h"

#if TN_DSP

typedef int16_t tn_value;
enum { TN_QUAD = 8, TN_SINGLE = 2 }; /* from quad to quad of one pixel; from value left to value */
/* Where value k of the first pixel lies, and how far on that of the second. */
static inline int32_t tn_place(int32_t k, int32_t depth) {
  if (k >= (depth & ~3)) return 2 * k;
  return 2 * (k & ~3) + ((k & 1) << 1 | (k & 2) >> 1);
}
static inline int32_t tn_second(int32_t k, int32_t depth) { return k >= (depth & ~3) ? 1 : 4; }
/* Value k to its place `at`; that before it, of a quad, is there. */
static inline void tn_put_value(tn_value* at, int32_t k, int32_t depth, int32_t value) {
  const int32_t odd_of_quad = (k & 1) != 0 && k < (depth & ~3);
  *at = (tn_value)(odd_of_quad ? value : value * (1 << TN_SCALE_BITS));
  if (odd_of_quad) at[-2] = (tn_value)(at[-2] + 127 - value);
}
static inline int32_t tn_get_value(const tn_value* at, int32_t k, int32_t depth) {
  return (k & 1) != 0 && k < (depth & ~3) ? *at : *at >> TN_SCALE_BITS;
}
/* Quads of one of the pixels, from the first of them on. */
static inline void tn_widen_quads(const int8_t* from, int32_t quads, tn_value* to) {
  int32_t* words = (int32_t*)(void*)to;
  for (int32_t twos = quads >> 1; twos > 0; --twos) {
    TN_WIDEN_QUAD(from, words);
    TN_WIDEN_QUAD(from, words);
  }
  if ((quads & 1) != 0) TN_WIDEN_QUAD(from, words);
}

#else

typedef int8_t tn_value;
enum { TN_QUAD = 4, TN_SINGLE = 1, TN_SCALE_BITS = 0 };
static inline int32_t tn_place(int32_t k, int32_t depth) {
  (void)depth;
  return k;
}
static inline int32_t tn_second(int32_t k, int32_t depth) {
  (void)k;
  return depth;
}
static inline void tn_put_value(tn_value* at, int32_t k, int32_t depth, int32_t value) {
  (void)k;
  (void)depth;
  *at = (tn_value)value;
}
static inline void tn_widen_quads(const int8_t* from, int32_t quads, tn_value* to) {
  for (const int8_t* end = from + 4 * quads; from != end;) *to++ = *from++;
}

#endif

/* Quads of one and the same value. */
void tn_fill_quads(int32_t value, int32_t quads, tn_value* to);
/* What the products of all columns of a layer have in common. */
typedef struct {
  const int32_t *bias, *multipliers;
  const int8_t *shifts, *weights;
  int32_t channels, out_zero, depth;
  int32_t rounding; /* the nudge of shift 0 */
  int32_t pitch;    /* from channel to channel of a wide row (wide_rows.h) */
} tn_channels;
static inline tn_channels tn_channels_of(const tn_conv_layer* layer, int32_t depth) {
  const tn_channels of = {layer->bias,    layer->multipliers,           layer->shifts,
                          layer->weights, layer->out_channels,          layer->out_zero,
                          depth,          tn_nudge(layer->out_zero, 0), 0};
  return of;
}
/* All output channels of one or two pixels, within int8. */
void tn_multiply_columns(const tn_channels* of, const tn_value* columns, int32_t pixels,
                         int8_t* out);

#endif
