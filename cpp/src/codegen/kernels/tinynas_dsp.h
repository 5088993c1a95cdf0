/* Instructions of cores with the DSP extension (Cortex-M4, M7, M33, M55), and requantising on all
 * cores. TN_DSP chooses the kernels that are made of them; TN_EMULATE_DSP builds these anywhere,
 * for tests. */
#ifndef TINYNAS_DSP_H
#define TINYNAS_DSP_H

#include "tinynas_runtime.h"

/* A value that the compiler is to keep in a register, not to make anew from others. */
#if defined(__GNUC__)
#define TN_KEEP(value) __asm__("" : "+r"(value))
#else
#define TN_KEEP(value) ((void)(value))
#endif

/* Sums go around at 32 bits, as those of the reference do. */
static inline int32_t tn_sum(int32_t a, int32_t b) { return (int32_t)((uint32_t)a + (uint32_t)b); }

#if defined(__ARM_FEATURE_DSP) || defined(TN_EMULATE_DSP)
#define TN_DSP 1
#else
#define TN_DSP 0
#endif

#if defined(__ARM_FEATURE_DSP)

/* Any alignment: the core loads such words, compilers do not unless told so. */
typedef struct __attribute__((packed, may_alias)) {
  int32_t word;
} tn_unaligned;
static inline int32_t tn_load_word(const void* from) { return ((const tn_unaligned*)from)->word; }
static inline void tn_store_word(void* to, int32_t word) { ((tn_unaligned*)to)->word = word; }
static inline int32_t tn_bytes_0_2(int32_t word) {
  int32_t result;
  __asm__("sxtb16 %0, %1" : "=r"(result) : "r"(word));
  return result;
}
static inline int32_t tn_bytes_1_3(int32_t word) {
  int32_t result;
  __asm__("sxtb16 %0, %1, ror #8" : "=r"(result) : "r"(word));
  return result;
}
/* sum + low half * low half + high half * high half. */
static inline int32_t tn_dot(int32_t x, int32_t y, int32_t sum) {
  __asm__("smlad %0, %1, %2, %0" : "+r"(sum) : "r"(x), "r"(y));
  return sum;
}
static inline int32_t tn_dot_low(int32_t x, int32_t y, int32_t sum) {
  __asm__("smlabb %0, %1, %2, %0" : "+r"(sum) : "r"(x), "r"(y));
  return sum;
}
static inline int32_t tn_dot_low_high(int32_t x, int32_t y, int32_t sum) {
  __asm__("smlabt %0, %1, %2, %0" : "+r"(sum) : "r"(x), "r"(y));
  return sum;
}
static inline int32_t tn_halves(int32_t low, int32_t high) {
  int32_t result;
  __asm__("pkhbt %0, %1, %2, lsl #16" : "=r"(result) : "r"(low), "r"(high));
  return result;
}
static inline int32_t tn_high_halves(int32_t low, int32_t high) {
  int32_t result;
  __asm__("pkhtb %0, %1, %2, asr #16" : "=r"(result) : "r"(high), "r"(low));
  return result;
}
static inline int32_t tn_low_high(int32_t low, int32_t high) {
  int32_t result;
  __asm__("pkhbt %0, %1, %2" : "=r"(result) : "r"(low), "r"(high));
  return result;
}
static inline int32_t tn_subtract_halves(int32_t x, int32_t y) {
  int32_t result;
  __asm__("ssub16 %0, %1, %2" : "=r"(result) : "r"(x), "r"(y));
  return result;
}
/* x * multiplier / 2^31, rounded, where 2 x does not overflow. */
static inline int32_t tn_multiply_high(int32_t x, int32_t multiplier) {
  int32_t result;
  __asm__("smmulr %0, %1, %2" : "=r"(result) : "r"((int32_t)((uint32_t)x << 1)), "r"(multiplier));
  return result;
}
/* Two words, aligned; the pointer then goes on by `step` bytes. */
#define TN_LOAD_TWO(from, step, a, b)       \
  __asm__("ldrd %0, %1, [%2], #" #step      \
          : "=&r"(a), "=&r"(b), "+&r"(from) \
          : "m"(*(const int32_t(*)[2])(const void*)(from)))
#define TN_STORE_TWO(to, step, a, b) \
  __asm__ volatile("strd %1, %2, [%0], #" #step : "+&r"(to) : "r"(a), "r"(b) : "memory")
/* Four values of two columns, x, by four weights of two output channels, v and w: sums v x, v y, w
 * x, w y. In one piece, because compilers move registers about between such instructions. */
#define TN_QUADS_2X2(x, v, w, vx, vy, wx, wy)                                                     \
  do {                                                                                            \
    int32_t x02, x13, y02, y13, even, odd;                                                        \
    __asm__(                                                                                      \
        "ldrd %[x02], %[x13], [%[x]], #8\n\tldrd %[y02], %[y13], [%[x]], #8\n\t"                  \
        "ldr %[odd], [%[v]], #4\n\t"                                                              \
        "sxtb16 %[even], %[odd]\n\tsxtb16 %[odd], %[odd], ror #8\n\t"                             \
        "smlad %[vx_], %[even], %[x02], %[vx_]\n\t"                                               \
        "smlad %[vy_], %[even], %[y02], %[vy_]\n\t"                                               \
        "smlad %[vx_], %[odd], %[x13], %[vx_]\n\t"                                                \
        "smlad %[vy_], %[odd], %[y13], %[vy_]\n\t"                                                \
        "ldr %[odd], [%[w]], #4\n\t"                                                              \
        "sxtb16 %[even], %[odd]\n\tsxtb16 %[odd], %[odd], ror #8\n\t"                             \
        "smlad %[wx_], %[even], %[x02], %[wx_]\n\t"                                               \
        "smlad %[wy_], %[even], %[y02], %[wy_]\n\t"                                               \
        "smlad %[wx_], %[odd], %[x13], %[wx_]\n\t"                                                \
        "smlad %[wy_], %[odd], %[y13], %[wy_]"                                                    \
        : [x] "+&r"(x), [v] "+&r"(v), [w] "+&r"(w), [vx_] "+&r"(vx), [vy_] "+&r"(vy),             \
          [wx_] "+&r"(wx), [wy_] "+&r"(wy), [x02] "=&r"(x02), [x13] "=&r"(x13), [y02] "=&r"(y02), \
          [y13] "=&r"(y13), [even] "=&r"(even), [odd] "=&r"(odd)                                  \
        :                                                                                         \
        : "memory");                                                                              \
  } while (0)

/* Four inputs by four weights each of four outputs, whose weights lie `depth` apart at w and v. */
#define TN_DENSE_ROW(load, sum)                                                   \
  load "sxtb16 %[even], %[odd]\n\tsxtb16 %[odd], %[odd], ror #8\n\tsmlad %[" #sum \
       "], %[even], %[x02], %[" #sum "]\n\tsmlad %[" #sum "], %[odd], %[x13], %[" #sum "]\n\t"
#define TN_DENSE_QUADS(from, w, v, depth, a, b, c, d)                                            \
  do {                                                                                           \
    int32_t x02, x13, even, odd;                                                                 \
    __asm__(                                                                                     \
        "ldr %[x13], [%[in]], #4\n\tsxtb16 %[x02], %[x13]\n\t"                                   \
        "sxtb16 %[x13], %[x13], ror #8\n\t" TN_DENSE_ROW("ldr %[odd], [%[w0], %[step]]\n\t", s1) \
            TN_DENSE_ROW("ldr %[odd], [%[w0]], #4\n\t", s0)                                      \
                TN_DENSE_ROW("ldr %[odd], [%[w2], %[step]]\n\t", s3)                             \
                    TN_DENSE_ROW("ldr %[odd], [%[w2]], #4\n\t", s2)                              \
        : [in] "+&r"(from), [w0] "+&r"(w), [w2] "+&r"(v), [s0] "+&r"(a), [s1] "+&r"(b),          \
          [s2] "+&r"(c), [s3] "+&r"(d), [x02] "=&r"(x02), [x13] "=&r"(x13), [even] "=&r"(even),  \
          [odd] "=&r"(odd)                                                                       \
        : [step] "r"(depth)                                                                      \
        : "memory");                                                                             \
  } while (0)
/* A row of a depthwise window for four outputs, by a row of weight pairs (depthwise_square.h): in
 * one piece, for the same reason. x0 and x1 are the words that a pair of weights takes. */
#define TN_PAIR_AT_1(x0, x1, load)                                                          \
  load "ldrd %[even], %[odd], [%[w]], #8\n\t"                                               \
       "smlad %[s0], %[even], %[" #x0 "], %[s0]\n\tsmlad %[s1], %[odd], %[" #x0             \
       "], %[s1]\n\tsmlad %[s2], %[even], %[" #x1 "], %[s2]\n\tsmlad %[s3], %[odd], %[" #x1 \
       "], %[s3]\n\t"
#define TN_PAIR_AT_2(x0, x1, x2, x3, load)                                                   \
  load "ldr %[even], [%[w]], #8\n\t"                                                         \
       "smlad %[s0], %[even], %[" #x0 "], %[s0]\n\tsmlad %[s1], %[even], %[" #x1             \
       "], %[s1]\n\tsmlad %[s2], %[even], %[" #x2 "], %[s2]\n\tsmlad %[s3], %[even], %[" #x3 \
       "], %[s3]\n\t"
#define TN_ROW_OPERANDS(s0_, s1_, s2_, s3_, w_)                                      \
  [s0] "+&r"(s0_), [s1] "+&r"(s1_), [s2] "+&r"(s2_), [s3] "+&r"(s3_), [w] "+&r"(w_), \
      [even] "=&r"(even), [a] "=&r"(a), [b] "=&r"(b)
#define TN_ROW_AT_1(size, row, w, s0, s1, s2, s3)                         \
  do {                                                                    \
    int32_t even, odd, a, b;                                              \
    if ((size) == 3) {                                                    \
      __asm__(TN_PAIR_AT_1(a, b, "ldrd %[a], %[b], [%[x]]\n\t")           \
                  TN_PAIR_AT_1(b, a, "ldr %[a], [%[x], #8]\n\t")          \
              : TN_ROW_OPERANDS(s0, s1, s2, s3, w), [odd] "=&r"(odd)      \
              : [x] "r"(row)                                              \
              : "memory");                                                \
    } else if ((size) == 5) {                                             \
      __asm__(TN_PAIR_AT_1(a, b, "ldrd %[a], %[b], [%[x]]\n\t")           \
                  TN_PAIR_AT_1(b, a, "ldr %[a], [%[x], #8]\n\t")          \
                      TN_PAIR_AT_1(a, b, "ldr %[b], [%[x], #12]\n\t")     \
              : TN_ROW_OPERANDS(s0, s1, s2, s3, w), [odd] "=&r"(odd)      \
              : [x] "r"(row)                                              \
              : "memory");                                                \
    } else {                                                              \
      __asm__(TN_PAIR_AT_1(a, b, "ldrd %[a], %[b], [%[x]]\n\t")           \
                  TN_PAIR_AT_1(b, a, "ldr %[a], [%[x], #8]\n\t")          \
                      TN_PAIR_AT_1(a, b, "ldr %[b], [%[x], #12]\n\t")     \
                          TN_PAIR_AT_1(b, a, "ldr %[a], [%[x], #16]\n\t") \
              : TN_ROW_OPERANDS(s0, s1, s2, s3, w), [odd] "=&r"(odd)      \
              : [x] "r"(row)                                              \
              : "memory");                                                \
    }                                                                     \
  } while (0)
/* The first row begins with the bias. */
#define TN_FIRST_PAIR_AT_1                                                                         \
  "ldrd %[a], %[b], [%[x]]\n\tldrd %[even], %[odd], [%[w]], #8\n\tsmlad %[s0], %[even], %[a], "    \
  "%[bias]\n\tsmlad %[s1], %[odd], %[a], %[bias]\n\tsmlad %[s2], %[even], %[b], %[bias]\n\tsmlad " \
  "%[s3], %[odd], %[b], %[bias]\n\t"
#define TN_FIRST_ROW_AT_1(size, row, w_, bias_, s0_, s1_, s2_, s3_)                                \
  do {                                                                                             \
    int32_t even, odd, a, b;                                                                       \
    if ((size) == 3) {                                                                             \
      __asm__(TN_FIRST_PAIR_AT_1 TN_PAIR_AT_1(b, a, "ldr %[a], [%[x], #8]\n\t")                    \
              : [s0] "=&r"(s0_), [s1] "=&r"(s1_), [s2] "=&r"(s2_), [s3] "=&r"(s3_), [w] "+&r"(w_), \
                [even] "=&r"(even), [odd] "=&r"(odd), [a] "=&r"(a), [b] "=&r"(b)                   \
              : [x] "r"(row), [bias] "r"(bias_)                                                    \
              : "memory");                                                                         \
    } else if ((size) == 5) {                                                                      \
      __asm__(TN_FIRST_PAIR_AT_1 TN_PAIR_AT_1(b, a, "ldr %[a], [%[x], #8]\n\t")                    \
                  TN_PAIR_AT_1(a, b, "ldr %[b], [%[x], #12]\n\t")                                  \
              : [s0] "=&r"(s0_), [s1] "=&r"(s1_), [s2] "=&r"(s2_), [s3] "=&r"(s3_), [w] "+&r"(w_), \
                [even] "=&r"(even), [odd] "=&r"(odd), [a] "=&r"(a), [b] "=&r"(b)                   \
              : [x] "r"(row), [bias] "r"(bias_)                                                    \
              : "memory");                                                                         \
    } else {                                                                                       \
      __asm__(TN_FIRST_PAIR_AT_1 TN_PAIR_AT_1(b, a, "ldr %[a], [%[x], #8]\n\t")                    \
                  TN_PAIR_AT_1(a, b, "ldr %[b], [%[x], #12]\n\t")                                  \
                      TN_PAIR_AT_1(b, a, "ldr %[a], [%[x], #16]\n\t")                              \
              : [s0] "=&r"(s0_), [s1] "=&r"(s1_), [s2] "=&r"(s2_), [s3] "=&r"(s3_), [w] "+&r"(w_), \
                [even] "=&r"(even), [odd] "=&r"(odd), [a] "=&r"(a), [b] "=&r"(b)                   \
              : [x] "r"(row), [bias] "r"(bias_)                                                    \
              : "memory");                                                                         \
    }                                                                                              \
  } while (0)
#define TN_ROW_AT_2(size, row, w, s0, s1, s2, s3)                                                \
  do {                                                                                           \
    int32_t even, a, b, c, d;                                                                    \
    if ((size) == 3) {                                                                           \
      __asm__(                                                                                   \
          TN_PAIR_AT_2(a, b, c, d, "ldrd %[a], %[b], [%[x]]\n\tldrd %[c], %[d], [%[x], #8]\n\t") \
              TN_PAIR_AT_2(b, c, d, a, "ldr %[a], [%[x], #16]\n\t")                              \
          : TN_ROW_OPERANDS(s0, s1, s2, s3, w), [c] "=&r"(c), [d] "=&r"(d)                       \
          : [x] "r"(row)                                                                         \
          : "memory");                                                                           \
    } else if ((size) == 5) {                                                                    \
      __asm__(                                                                                   \
          TN_PAIR_AT_2(a, b, c, d, "ldrd %[a], %[b], [%[x]]\n\tldrd %[c], %[d], [%[x], #8]\n\t") \
              TN_PAIR_AT_2(b, c, d, a, "ldr %[a], [%[x], #16]\n\t")                              \
                  TN_PAIR_AT_2(c, d, a, b, "ldr %[b], [%[x], #20]\n\t")                          \
          : TN_ROW_OPERANDS(s0, s1, s2, s3, w), [c] "=&r"(c), [d] "=&r"(d)                       \
          : [x] "r"(row)                                                                         \
          : "memory");                                                                           \
    } else {                                                                                     \
      __asm__(                                                                                   \
          TN_PAIR_AT_2(a, b, c, d, "ldrd %[a], %[b], [%[x]]\n\tldrd %[c], %[d], [%[x], #8]\n\t") \
              TN_PAIR_AT_2(b, c, d, a, "ldr %[a], [%[x], #16]\n\t")                              \
                  TN_PAIR_AT_2(c, d, a, b, "ldr %[b], [%[x], #20]\n\t")                          \
                      TN_PAIR_AT_2(d, a, b, c, "ldr %[c], [%[x], #24]\n\t")                      \
          : TN_ROW_OPERANDS(s0, s1, s2, s3, w), [c] "=&r"(c), [d] "=&r"(d)                       \
          : [x] "r"(row)                                                                         \
          : "memory");                                                                           \
    }                                                                                            \
  } while (0)

#else

static inline int32_t tn_load_word(const void* from) {
  const uint8_t* bytes = (const uint8_t*)from;
  return (int32_t)(bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
                   (uint32_t)bytes[3] << 24);
}
static inline void tn_store_word(void* to, int32_t word) {
  for (int32_t i = 0; i < 4; ++i) ((uint8_t*)to)[i] = (uint8_t)((uint32_t)word >> 8 * i);
}
static inline int32_t tn_halves(int32_t low, int32_t high) {
  return (int32_t)(((uint32_t)low & 0xFFFFu) | (uint32_t)high << 16);
}
static inline int32_t tn_high_halves(int32_t low, int32_t high) {
  return tn_halves(low >> 16, high >> 16);
}
static inline int32_t tn_low_high(int32_t low, int32_t high) { return tn_halves(low, high >> 16); }
static inline int32_t tn_subtract_halves(int32_t x, int32_t y) {
  return tn_halves((int16_t)x - (int16_t)y, (x >> 16) - (y >> 16));
}
static inline int32_t tn_bytes_0_2(int32_t word) {
  return tn_halves((int8_t)word, (int8_t)(word >> 16));
}
static inline int32_t tn_bytes_1_3(int32_t word) {
  return tn_halves((int8_t)(word >> 8), (int8_t)(word >> 24));
}
static inline int32_t tn_dot_low(int32_t x, int32_t y, int32_t sum) {
  return tn_sum(sum, (int16_t)x * (int16_t)y);
}
static inline int32_t tn_dot_low_high(int32_t x, int32_t y, int32_t sum) {
  return tn_sum(sum, (int16_t)x * (y >> 16));
}
static inline int32_t tn_dot(int32_t x, int32_t y, int32_t sum) {
  return tn_sum(tn_dot_low(x, y, sum), (x >> 16) * (y >> 16));
}
#define TN_LOAD_TWO(from, step, a, b) \
  ((a) = tn_load_word(from), (b) = tn_load_word((from) + 1), (from) += (step) / 4)
#define TN_STORE_TWO(to, step, a, b) ((to)[0] = (a), (to)[1] = (b), (to) += (step) / 4)
#define TN_QUADS_2X2(x, v, w, vx, vy, wx, wy)                                               \
  do {                                                                                      \
    int32_t x02, x13, y02, y13;                                                             \
    TN_LOAD_TWO(x, 8, x02, x13);                                                            \
    TN_LOAD_TWO(x, 8, y02, y13);                                                            \
    const int32_t v02 = tn_bytes_0_2(tn_load_word(v)), v13 = tn_bytes_1_3(tn_load_word(v)); \
    const int32_t w02 = tn_bytes_0_2(tn_load_word(w)), w13 = tn_bytes_1_3(tn_load_word(w)); \
    vx = tn_dot(v13, x13, tn_dot(v02, x02, vx));                                            \
    vy = tn_dot(v13, y13, tn_dot(v02, y02, vy));                                            \
    wx = tn_dot(w13, x13, tn_dot(w02, x02, wx));                                            \
    wy = tn_dot(w13, y13, tn_dot(w02, y02, wy));                                            \
    v += 4;                                                                                 \
    w += 4;                                                                                 \
  } while (0)

static inline int32_t tn_dot_bytes(const int8_t* w, int32_t x02, int32_t x13, int32_t sum) {
  const int32_t word = tn_load_word(w);
  return tn_dot(tn_bytes_1_3(word), x13, tn_dot(tn_bytes_0_2(word), x02, sum));
}
#define TN_DENSE_QUADS(from, w, v, depth, a, b, c, d)     \
  do {                                                    \
    const int32_t x02 = tn_bytes_0_2(tn_load_word(from)); \
    const int32_t x13 = tn_bytes_1_3(tn_load_word(from)); \
    a = tn_dot_bytes(w, x02, x13, a);                     \
    b = tn_dot_bytes((w) + (depth), x02, x13, b);         \
    c = tn_dot_bytes(v, x02, x13, c);                     \
    d = tn_dot_bytes((v) + (depth), x02, x13, d);         \
    from += 4;                                            \
    w += 4;                                               \
    v += 4;                                               \
  } while (0)
/* Four outputs, whose windows begin `step` words apart (0: by turns at even and odd columns). */
static inline void tn_row_of_four(int32_t size, int32_t stride, const int32_t* x, const int32_t** w,
                                  int32_t* sums) {
  for (int32_t j = 0; j < size / 2 + 1; ++j, *w += 2) {
    for (int32_t i = 0; i < 4; ++i) {
      const int32_t weights = stride == 1 && (i & 1) != 0 ? (*w)[1] : (*w)[0];
      sums[i] = tn_dot(weights, x[j + (stride == 1 ? i / 2 : i)], sums[i]);
    }
  }
}
#define TN_ROW_AT(stride, size, x, w, s0, s1, s2, s3)                         \
  do {                                                                        \
    int32_t sums[4] = {s0, s1, s2, s3};                                       \
    tn_row_of_four(size, stride, (const int32_t*)(const void*)(x), &w, sums); \
    s0 = sums[0];                                                             \
    s1 = sums[1];                                                             \
    s2 = sums[2];                                                             \
    s3 = sums[3];                                                             \
  } while (0)
#define TN_FIRST_ROW_AT_1(size, x, w, bias, s0, s1, s2, s3) \
  do {                                                      \
    s0 = s1 = s2 = s3 = (bias);                             \
    TN_ROW_AT(1, size, x, w, s0, s1, s2, s3);               \
  } while (0)
#define TN_ROW_AT_1(size, x, w, s0, s1, s2, s3) TN_ROW_AT(1, size, x, w, s0, s1, s2, s3)
#define TN_ROW_AT_2(size, x, w, s0, s1, s2, s3) TN_ROW_AT(2, size, x, w, s0, s1, s2, s3)

static inline int32_t tn_multiply_high(int32_t x, int32_t multiplier) {
  return tn_multiply_exact(x, multiplier);
}

#endif

static inline int32_t tn_high(int32_t word) { return (int32_t)((uint32_t)word >> 16); }

static inline int32_t tn_saturate(int32_t x) {
#if defined(__ARM_FEATURE_SAT)
  __asm__("ssat %0, #8, %0" : "+r"(x));
  return x;
#else
  return x < -128 ? -128 : x > 127 ? 127 : x;
#endif
}

/* Requantising of one channel. Rounding, and adding the zero point, take one addition where the
 * factor is less than one half, as nearly all are. */
enum { TN_LARGEST_RIGHT = 22 }; /* the nudge of a larger shift could overflow */

static inline int tn_is_common(int32_t shift) { return (uint32_t)(-shift - 1) < TN_LARGEST_RIGHT; }

static inline int32_t tn_nudge(int32_t out_zero, int32_t shift) {
  return (int32_t)((uint32_t)(2 * out_zero + 1) << (-shift - 1));
}

/* What tn_scale rounds and out_zero shifts, within int8; where tn_is_common(shift). */
static inline int32_t tn_requantize(int32_t sum, int32_t multiplier, int32_t shift, int32_t nudge) {
  const int32_t high = tn_multiply_high(sum, multiplier);
  return tn_saturate((high + (high >> 31) + nudge) >> -shift);
}

/* The same for any shift. TN_WIDE taken from it says that sums may need more than 30 bits. */
enum { TN_WIDE = 64 };
static inline int32_t tn_requantize_any(int32_t sum, int32_t multiplier, int32_t shift,
                                        int32_t out_zero) {
  if (shift < -TN_WIDE / 2) shift += TN_WIDE;
  return tn_saturate(tn_scale(sum, multiplier, shift) + out_zero);
}

#endif
