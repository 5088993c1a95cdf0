/* A row of a depthwise window on wide rows, for four outputs at once, by pairs of neighbours as the
 * last row in depthwise_taps.h: AT_1 where windows begin at an even column, AT_HALF where they
 * begin at the second half of a word. */
#ifndef TINYNAS_DEPTHWISE_WIDE_TAPS_H
#define TINYNAS_DEPTHWISE_WIDE_TAPS_H

#include "depthwise_taps.h"

#if defined(__ARM_FEATURE_DSP)

#define TN_NEXT_1(x0, x1)                                                  \
  TN_TWO_WEIGHTS TN_MULTIPLY(s0, e, x0, "s0") TN_MULTIPLY(s1, o, x0, "s1") \
      TN_MULTIPLY(s2, e, x1, "s2") TN_MULTIPLY(s3, o, x1, "s3")
#define TN_BIAS_1(x0, x1)                                                      \
  TN_TWO_WEIGHTS TN_MULTIPLY(s0, e, x0, "bias") TN_MULTIPLY(s1, o, x0, "bias") \
      TN_MULTIPLY(s2, e, x1, "bias") TN_MULTIPLY(s3, o, x1, "bias")
#define TN_NEXT_HALF(x0, x1, x2)                                           \
  TN_TWO_WEIGHTS TN_MULTIPLY(s0, o, x0, "s0") TN_MULTIPLY(s1, e, x1, "s1") \
      TN_MULTIPLY(s2, o, x1, "s2") TN_MULTIPLY(s3, e, x2, "s3")
#define TN_BIAS_HALF(x0, x1, x2)                                               \
  TN_TWO_WEIGHTS TN_MULTIPLY(s0, o, x0, "bias") TN_MULTIPLY(s1, e, x1, "bias") \
      TN_MULTIPLY(s2, o, x1, "bias") TN_MULTIPLY(s3, e, x2, "bias")

#define TN_WIDE_3_AT_1(first) \
  "ldrd %[a], %[b], [%[x]]\n\t" first(a, b) TN_FROM(a, 8) TN_NEXT_1(b, a)
#define TN_WIDE_5_AT_1(first) TN_WIDE_3_AT_1(first) TN_FROM(b, 12) TN_NEXT_1(a, b)
#define TN_WIDE_7_AT_1(first) TN_WIDE_5_AT_1(first) TN_FROM(a, 16) TN_NEXT_1(b, a)
#define TN_WIDE_3_AT_HALF(first) \
  "ldrd %[a], %[b], [%[x]]\n\tldrd %[c], %[d], [%[x], #8]\n\t" first(a, b, c) TN_NEXT_HALF(b, c, d)
#define TN_WIDE_5_AT_HALF(first) TN_WIDE_3_AT_HALF(first) TN_FROM(a, 16) TN_NEXT_HALF(c, d, a)
#define TN_WIDE_7_AT_HALF(first) \
  TN_WIDE_3_AT_HALF(first)       \
  "ldrd %[a], %[b], [%[x], #16]\n\t" TN_NEXT_HALF(c, d, a) TN_NEXT_HALF(d, a, b)

/* Sums of the first row, of another one; w goes on. `size` and `at` are literals. */
#define TN_FIRST_WIDE_OF(size, at, row, w, bias_, s0, s1, s2, s3)                   \
  TN_TAPS_BY(TN_WIDE_##size##_AT_##at(TN_BIAS_##at), "=&r", row, w, s0, s1, s2, s3, \
             TN_AND_BIAS(bias_))
#define TN_WIDE_OF(size, at, row, w, s0, s1, s2, s3) \
  TN_TAPS_BY(TN_WIDE_##size##_AT_##at(TN_NEXT_##at), "+&r", row, w, s0, s1, s2, s3, )

#elif TN_DSP

static inline void tn_taps_at_1(int32_t size, int32_t stride, const int32_t* x, const int32_t** w,
                                int32_t* sums) {
  tn_taps_of_last(size, stride, x, w, sums);
}
static inline void tn_taps_at_HALF(int32_t size, int32_t stride, const int32_t* x,
                                   const int32_t** w, int32_t* sums) {
  for (int32_t j = 0; j < size / 2 + 1; ++j, *w += 2) {
    for (int32_t i = 0; i < 4; ++i) {
      sums[i] = tn_dot((*w)[(i & 1) == 0], x[j + stride * ((i + 1) / 2)], sums[i]);
    }
  }
}
#define TN_WIDE_OF(size, at, x, w, s0, s1, s2, s3) \
  TN_TAPS_BY(tn_taps_at_##at, size, 1, x, w, s0, s1, s2, s3)
#define TN_FIRST_WIDE_OF(size, at, x, w, bias, s0, s1, s2, s3) \
  do {                                                         \
    s0 = s1 = s2 = s3 = (bias);                                \
    TN_WIDE_OF(size, at, x, w, s0, s1, s2, s3);                \
  } while (0)

#endif

#endif
