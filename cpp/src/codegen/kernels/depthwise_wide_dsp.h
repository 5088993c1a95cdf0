/* A row of a depthwise window for four outputs, as in tinynas_dsp.h, whose windows begin at the
 * second half of a word: x0, x1 and x2 are the words that a pair of weights takes. */
#ifndef TINYNAS_DEPTHWISE_WIDE_DSP_H
#define TINYNAS_DEPTHWISE_WIDE_DSP_H

#include "tinynas_dsp.h"

#if defined(__ARM_FEATURE_DSP)

#define TN_PAIR_AT_HALF(x0, x1, x2, load, s0_, s1_, s2_, s3_)                                 \
  load                                                                                        \
      "ldrd %[even], %[odd], [%[w]], #8\n\t"                                                  \
      "smlad %[s0], %[odd], %[" #x0 "], %[" #s0_ "]\n\tsmlad %[s1], %[even], %[" #x1 "], %[" \
      #s1_ "]\n\tsmlad %[s2], %[odd], %[" #x1 "], %[" #s2_ "]\n\tsmlad %[s3], %[even], %["  \
      #x2 "], %[" #s3_ "]\n\t"
#define TN_NEXT_AT_HALF(x0, x1, x2, load) TN_PAIR_AT_HALF(x0, x1, x2, load, s0, s1, s2, s3)
#define TN_LOAD_AT_HALF "ldrd %[a], %[b], [%[x]]\n\tldrd %[c], %[d], [%[x], #8]\n\t"
#define TN_TAIL_AT_HALF_3 TN_NEXT_AT_HALF(b, c, d, "")
#define TN_TAIL_AT_HALF_5 TN_TAIL_AT_HALF_3 TN_NEXT_AT_HALF(c, d, a, "ldr %[a], [%[x], #16]\n\t")
#define TN_TAIL_AT_HALF_7                                              \
  TN_TAIL_AT_HALF_3                                                    \
  TN_NEXT_AT_HALF(c, d, a, "ldrd %[a], %[b], [%[x], #16]\n\t") \
  TN_NEXT_AT_HALF(d, a, b, "")
#define TN_ROW_OF(tail, row_, w_, s0_, s1_, s2_, s3_)                                              \
  __asm__(TN_NEXT_AT_HALF(a, b, c, TN_LOAD_AT_HALF) tail                                           \
          : [s0] "+&r"(s0_), [s1] "+&r"(s1_), [s2] "+&r"(s2_), [s3] "+&r"(s3_), [w] "+&r"(w_),     \
            [even] "=&r"(even), [odd] "=&r"(odd), [a] "=&r"(a), [b] "=&r"(b), [c] "=&r"(c),        \
            [d] "=&r"(d)                                                                           \
          : [x] "r"(row_)                                                                          \
          : "memory")
#define TN_FIRST_ROW_OF(tail, row_, w_, bias_, s0_, s1_, s2_, s3_)                                 \
  __asm__(TN_PAIR_AT_HALF(a, b, c, TN_LOAD_AT_HALF, bias, bias, bias, bias) tail                   \
          : [s0] "=&r"(s0_), [s1] "=&r"(s1_), [s2] "=&r"(s2_), [s3] "=&r"(s3_), [w] "+&r"(w_),     \
            [even] "=&r"(even), [odd] "=&r"(odd), [a] "=&r"(a), [b] "=&r"(b), [c] "=&r"(c),        \
            [d] "=&r"(d)                                                                           \
          : [x] "r"(row_), [bias] "r"(bias_)                                                       \
          : "memory")
#define TN_ROW_AT_HALF(size, row, w, s0, s1, s2, s3)               \
  do {                                                             \
    int32_t even, odd, a, b, c, d;                                 \
    if ((size) == 3) {                                             \
      TN_ROW_OF(TN_TAIL_AT_HALF_3, row, w, s0, s1, s2, s3);        \
    } else if ((size) == 5) {                                      \
      TN_ROW_OF(TN_TAIL_AT_HALF_5, row, w, s0, s1, s2, s3);        \
    } else {                                                       \
      TN_ROW_OF(TN_TAIL_AT_HALF_7, row, w, s0, s1, s2, s3);        \
    }                                                              \
  } while (0)
#define TN_FIRST_ROW_AT_HALF(size, row, w, bias, s0, s1, s2, s3)          \
  do {                                                                    \
    int32_t even, odd, a, b, c, d;                                        \
    if ((size) == 3) {                                                    \
      TN_FIRST_ROW_OF(TN_TAIL_AT_HALF_3, row, w, bias, s0, s1, s2, s3);   \
    } else if ((size) == 5) {                                             \
      TN_FIRST_ROW_OF(TN_TAIL_AT_HALF_5, row, w, bias, s0, s1, s2, s3);   \
    } else {                                                              \
      TN_FIRST_ROW_OF(TN_TAIL_AT_HALF_7, row, w, bias, s0, s1, s2, s3);   \
    }                                                                     \
  } while (0)

#else

static inline void tn_row_at_half(int32_t size, const int32_t* x, const int32_t** w,
                                  int32_t* sums) {
  for (int32_t j = 0; j < size / 2 + 1; ++j, *w += 2) {
    for (int32_t i = 0; i < 4; ++i) {
      sums[i] = tn_dot((*w)[(i & 1) == 0], x[j + (i + 1) / 2], sums[i]);
    }
  }
}
#define TN_ROW_AT_HALF(size, row, w, s0, s1, s2, s3)                        \
  do {                                                                      \
    int32_t sums[4] = {s0, s1, s2, s3};                                     \
    tn_row_at_half(size, (const int32_t*)(const void*)(row), &(w), sums);   \
    s0 = sums[0];                                                           \
    s1 = sums[1];                                                           \
    s2 = sums[2];                                                           \
    s3 = sums[3];                                                           \
  } while (0)
#define TN_FIRST_ROW_AT_HALF(size, row, w, bias, s0, s1, s2, s3) \
  do {                                                           \
    s0 = s1 = s2 = s3 = (bias);                                  \
    TN_ROW_AT_HALF(size, row, w, s0, s1, s2, s3);                \
  } while (0)

#endif

#endif
