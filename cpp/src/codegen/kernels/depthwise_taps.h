/* Rows of a depthwise window, for four outputs at once, by SMLAD. Rows go two by two: a word holds
 * a value of each, and the pair's weights lie alike, so that a tap of both rows is one
 * multiplication wherever a window begins. The last row of an odd number goes by pairs of
 * neighbours. In pieces of assembler, because compilers move registers about between such
 * instructions. */
#ifndef TINYNAS_DEPTHWISE_TAPS_H
#define TINYNAS_DEPTHWISE_TAPS_H

#include "tinynas_dsp.h"

#if defined(__ARM_FEATURE_DSP)

#define TN_MULTIPLY(sum, w, x, added) "smlad %[" #sum "], %[" #w "], %[" #x "], %[" added "]\n\t"
/* One weight w for four outputs, whose values are in the registers x0 to x3. */
#define TN_TAP(w, x0, x1, x2, x3) \
  TN_MULTIPLY(s0, w, x0, "s0")    \
  TN_MULTIPLY(s1, w, x1, "s1") TN_MULTIPLY(s2, w, x2, "s2") TN_MULTIPLY(s3, w, x3, "s3")
#define TN_BIAS_TAP(w, x0, x1, x2, x3) \
  TN_MULTIPLY(s0, w, x0, "bias")       \
  TN_MULTIPLY(s1, w, x1, "bias") TN_MULTIPLY(s2, w, x2, "bias") TN_MULTIPLY(s3, w, x3, "bias")

/* Two rows, stride 1: four words in registers go round. */
#define TN_TWO_WEIGHTS "ldrd %[e], %[o], [%[w]], #8\n\t"
#define TN_LAST_WEIGHT "ldr %[e], [%[w]], #4\n\t"
#define TN_BEGIN_AT_1(first)                                                         \
  "ldrd %[a], %[b], [%[x]]\n\tldrd %[c], %[d], [%[x], #8]\n\t" TN_TWO_WEIGHTS first( \
      e, a, b, c, d) "ldr %[a], [%[x], #16]\n\t" TN_TAP(o, b, c, d, a) "ldr %[b], [%[x], #20]\n\t"
#define TN_PAIR_3_AT_1(first) TN_BEGIN_AT_1(first) TN_LAST_WEIGHT TN_TAP(e, c, d, a, b)
#define TN_FOUR_TAPS_AT_1(first)                                           \
  TN_BEGIN_AT_1(first)                                                     \
  TN_TWO_WEIGHTS TN_TAP(e, c, d, a, b) "ldr %[c], [%[x], #24]\n\t" TN_TAP( \
      o, d, a, b, c) "ldr %[d], [%[x], #28]\n\t"
#define TN_PAIR_5_AT_1(first) TN_FOUR_TAPS_AT_1(first) TN_LAST_WEIGHT TN_TAP(e, a, b, c, d)
#define TN_PAIR_7_AT_1(first)                                              \
  TN_FOUR_TAPS_AT_1(first)                                                 \
  TN_TWO_WEIGHTS TN_TAP(e, a, b, c, d) "ldr %[a], [%[x], #32]\n\t" TN_TAP( \
      o, b, c, d, a) "ldr %[b], [%[x], #36]\n\t" TN_LAST_WEIGHT            \
  TN_TAP(e, c, d, a, b)

/* The formatter does not settle on one layout of these. */
/* clang-format off */
/* Two rows, stride 2: even columns, then odd ones. */
#define TN_FROM(x, at) "ldr %[" #x "], [%[x], #" #at "]\n\t"
#define TN_WEIGHT(at) "ldr %[e], [%[w], #" #at "]\n\t"
#define TN_EVEN_AT_2(first, bytes) \
  TN_FROM(a, 0)                    \
  TN_FROM(b, 8)                    \
  TN_FROM(c, 16)                   \
  TN_FROM(d, 24) "ldr %[e], [%[w]], #" #bytes "\n\t" first(e, a, b, c, d) TN_FROM(a, 32)
#define TN_ODD_AT_2 TN_FROM(a, 4) TN_FROM(b, 12) TN_FROM(c, 20) TN_FROM(d, 28)
#define TN_PAIR_3_AT_2(first) \
  TN_EVEN_AT_2(first, 12)     \
  TN_WEIGHT(-4) TN_TAP(e, b, c, d, a) TN_ODD_AT_2 TN_WEIGHT(-8) TN_TAP(e, a, b, c, d)
#define TN_PAIR_5_AT_2(first)                                                           \
  TN_EVEN_AT_2(first, 20)                                                               \
  TN_WEIGHT(-12)                                                                        \
  TN_TAP(e, b, c, d, a)                                                                 \
  TN_FROM(b, 40)                                                                        \
  TN_WEIGHT(-4)                                                                         \
  TN_TAP(e, c, d, a, b) TN_ODD_AT_2 TN_WEIGHT(-16) TN_TAP(e, a, b, c, d) TN_FROM(a, 36) \
      TN_WEIGHT(-8) TN_TAP(e, b, c, d, a)
#define TN_PAIR_7_AT_2(first)                                                        \
  TN_EVEN_AT_2(first, 28)                                                            \
  TN_WEIGHT(-20)                                                                     \
  TN_TAP(e, b, c, d, a)                                                              \
  TN_FROM(b, 40)                                                                     \
  TN_WEIGHT(-12)                                                                     \
  TN_TAP(e, c, d, a, b) TN_FROM(c, 48) TN_WEIGHT(-4) TN_TAP(e, d, a, b, c)           \
      TN_ODD_AT_2 TN_WEIGHT(-24) TN_TAP(e, a, b, c, d) TN_FROM(a, 36) TN_WEIGHT(-16) \
          TN_TAP(e, b, c, d, a) TN_FROM(b, 44) TN_WEIGHT(-8) TN_TAP(e, c, d, a, b)

/* clang-format on */
/* A last row: weights as pairs, (w0 w1)(w2 0) in every other word, for windows that begin at an
 * even column, and (0 w0)(w1 w2), for those that begin one further on. */
#define TN_NEIGHBOURS_AT_1(x0, x1)                                         \
  TN_TWO_WEIGHTS TN_MULTIPLY(s0, e, x0, "s0") TN_MULTIPLY(s1, o, x0, "s1") \
      TN_MULTIPLY(s2, e, x1, "s2") TN_MULTIPLY(s3, o, x1, "s3")
#define TN_LAST_3_AT_1 \
  "ldrd %[a], %[b], [%[x]]\n\t" TN_NEIGHBOURS_AT_1(a, b) TN_FROM(a, 8) TN_NEIGHBOURS_AT_1(b, a)
#define TN_LAST_5_AT_1 TN_LAST_3_AT_1 TN_FROM(b, 12) TN_NEIGHBOURS_AT_1(a, b)
#define TN_LAST_7_AT_1 TN_LAST_5_AT_1 TN_FROM(a, 16) TN_NEIGHBOURS_AT_1(b, a)
#define TN_NEIGHBOURS_AT_2(x0, x1, x2, x3) "ldr %[e], [%[w]], #8\n\t" TN_TAP(e, x0, x1, x2, x3)
#define TN_LAST_3_AT_2                                                                        \
  "ldrd %[a], %[b], [%[x]]\n\tldrd %[c], %[d], [%[x], #8]\n\t" TN_NEIGHBOURS_AT_2(a, b, c, d) \
      TN_FROM(a, 16) TN_NEIGHBOURS_AT_2(b, c, d, a)
#define TN_LAST_5_AT_2 TN_LAST_3_AT_2 TN_FROM(b, 20) TN_NEIGHBOURS_AT_2(c, d, a, b)
#define TN_LAST_7_AT_2 TN_LAST_5_AT_2 TN_FROM(c, 24) TN_NEIGHBOURS_AT_2(d, a, b, c)

#define TN_TAPS_BY(text, sum, row, weights, s0_, s1_, s2_, s3_, ...)                             \
  do {                                                                                           \
    int32_t a, b, c, d, e, o;                                                                    \
    __asm__(text                                                                                 \
            : [s0] sum(s0_), [s1] sum(s1_), [s2] sum(s2_), [s3] sum(s3_), [w] "+&r"(weights),    \
              [a] "=&r"(a), [b] "=&r"(b), [c] "=&r"(c), [d] "=&r"(d), [e] "=&r"(e), [o] "=&r"(o) \
            : [x] "r"(row)__VA_ARGS__                                                            \
            : "memory");                                                                         \
  } while (0)
#define TN_AND_BIAS(value) , [bias] "r"(value)
/* Sums of the first two rows, of other two, of the last; w goes on. `size` and `stride` are
 * constants. */
#define TN_FIRST_PAIR_OF(size, stride, row, w, bias_, s0, s1, s2, s3)                  \
  TN_TAPS_BY(TN_PAIR_##size##_AT_##stride(TN_BIAS_TAP), "=&r", row, w, s0, s1, s2, s3, \
             TN_AND_BIAS(bias_))
#define TN_PAIR_OF(size, stride, row, w, s0, s1, s2, s3) \
  TN_TAPS_BY(TN_PAIR_##size##_AT_##stride(TN_TAP), "+&r", row, w, s0, s1, s2, s3, )
#define TN_LAST_OF(size, stride, row, w, s0, s1, s2, s3) \
  TN_TAPS_BY(TN_LAST_##size##_AT_##stride, "+&r", row, w, s0, s1, s2, s3, )

#elif TN_DSP

static inline void tn_taps_of_pair(int32_t size, int32_t stride, const int32_t* x,
                                   const int32_t** w, int32_t* sums) {
  for (int32_t j = 0; j < size; ++j, ++*w) {
    for (int32_t i = 0; i < 4; ++i) sums[i] = tn_dot(**w, x[j + stride * i], sums[i]);
  }
}
static inline void tn_taps_of_last(int32_t size, int32_t stride, const int32_t* x,
                                   const int32_t** w, int32_t* sums) {
  for (int32_t j = 0; j < size / 2 + 1; ++j, *w += 2) {
    for (int32_t i = 0; i < 4; ++i) {
      const int32_t weights = stride == 1 && (i & 1) != 0 ? (*w)[1] : (*w)[0];
      sums[i] = tn_dot(weights, x[j + (stride == 1 ? i / 2 : i)], sums[i]);
    }
  }
}
#define TN_TAPS_BY(taps, size, stride, x, w, s0, s1, s2, s3)          \
  do {                                                                \
    int32_t sums[4] = {s0, s1, s2, s3};                               \
    taps(size, stride, (const int32_t*)(const void*)(x), &(w), sums); \
    s0 = sums[0];                                                     \
    s1 = sums[1];                                                     \
    s2 = sums[2];                                                     \
    s3 = sums[3];                                                     \
  } while (0)
#define TN_FIRST_PAIR_OF(size, stride, x, w, bias, s0, s1, s2, s3) \
  do {                                                             \
    s0 = s1 = s2 = s3 = (bias);                                    \
    TN_PAIR_OF(size, stride, x, w, s0, s1, s2, s3);                \
  } while (0)
#define TN_PAIR_OF(size, stride, x, w, s0, s1, s2, s3) \
  TN_TAPS_BY(tn_taps_of_pair, size, stride, x, w, s0, s1, s2, s3)
#define TN_LAST_OF(size, stride, x, w, s0, s1, s2, s3) \
  TN_TAPS_BY(tn_taps_of_last, size, stride, x, w, s0, s1, s2, s3)

#endif

#endif
