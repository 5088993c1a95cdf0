/* Products of quads: four values of a column by four weights. With the DSP extension a quad of int8
 * values x0 to x3 is widened to halves (V0, V1), (x1, x3), where V0 = 256 x0 - x1 + 127, V1 = 256
 * x2
 * - x3 + 127, and quads of weights w0 to w3 lie in flash as halves H0 = 256 w1 + w0, H1 = 256 w3 +
 * w2 (weight_order.h). Then w0 V0 + H0 x1 = 256 (w0 x0 + w1 x1) + 127 w0: weights need one SXTB16
 * a quad in place of two. The bias takes the constant away; sums are 256 times what they are. */
#ifndef TINYNAS_MULTIPLY_QUADS_H
#define TINYNAS_MULTIPLY_QUADS_H

#include "tinynas_dsp.h"

#if TN_DSP

enum { TN_SCALE_BITS = 8 }; /* of sums; of values that are in no quad */

#endif

#if defined(__ARM_FEATURE_DSP)

/* A quad of a column that shares its place with another: V0 and V1 are bytes 127 - x1, x0, 127 -
 * x3, x2. */
#define TN_WIDEN_QUAD(from, to)                                                          \
  do {                                                                                   \
    int32_t first, second;                                                               \
    __asm__ volatile(                                                                    \
        "ldr %[second], [%[f]], #4\n\trev16 %[first], %[second]\n\t"                     \
        "eor %[first], %[first], #0x007F007F\n\tsxtb16 %[second], %[second], ror #8\n\t" \
        "strd %[first], %[second], [%[t]], #16"                                          \
        : [f] "+&r"(from), [t] "+&r"(to), [first] "=&r"(first), [second] "=&r"(second)   \
        :                                                                                \
        : "memory");                                                                     \
  } while (0)

/* Quads of two columns, x, by quads of two output channels, whose weights lie `depth` apart, at v:
 * sums v x, v y, w x, w y. In one piece, because compilers move registers about between such
 * instructions. */
#define TN_ROW_OF_TWO(load, sum_x, sum_y)               \
  load "\n\tsxtb16 %[low], %[both]\n\t"                 \
       "smlad %[" #sum_x "], %[low], %[x0], %[" #sum_x  \
       "]\n\t"                                          \
       "smlad %[" #sum_y "], %[low], %[y0], %[" #sum_y  \
       "]\n\t"                                          \
       "smlad %[" #sum_x "], %[both], %[x1], %[" #sum_x \
       "]\n\t"                                          \
       "smlad %[" #sum_y "], %[both], %[y1], %[" #sum_y "]\n\t"
#define TN_QUAD_2X2                                                                   \
  "ldrd %[x0], %[x1], [%[x]], #8\n\tldrd %[y0], %[y1], [%[x]], #8\n\t" TN_ROW_OF_TWO( \
      "ldr %[both], [%[v], %[step]]", wx_, wy_) TN_ROW_OF_TWO("ldr %[both], [%[v]], #4", vx_, vy_)
#define TN_BY_2X2(text, x, v, depth, vx, vy, wx, wy, ...)                                      \
  do {                                                                                         \
    int32_t x0, x1, y0, y1, low, both;                                                         \
    __asm__(text                                                                               \
            : [x] "+&r"(x), [v] "+&r"(v), [vx_] "+&r"(vx), [vy_] "+&r"(vy), [wx_] "+&r"(wx),   \
              [wy_] "+&r"(wy), [x0] "=&r"(x0), [x1] "=&r"(x1), [y0] "=&r"(y0), [y1] "=&r"(y1), \
              [low] "=&r"(low), [both] "=&r"(both)                                             \
            : [step] "r"(depth)__VA_ARGS__                                                     \
            : "memory", "cc");                                                                 \
  } while (0)
#define TN_QUADS_2X2(x, v, depth, vx, vy, wx, wy) \
  TN_BY_2X2(TN_QUAD_2X2, x, v, depth, vx, vy, wx, wy, )
#define TN_AND_END(place) , [end] "m"(place)
/* To the end of the columns: a depth of eights, of which an odd one enters amidst. */
#define TN_COLUMNS_2X2(x, v, depth, end, vx, vy, wx, wy)                                           \
  TN_BY_2X2("tst %[step], #8\n\tbne 2f\n1:\n\t" TN_QUAD_2X2 TN_QUAD_2X2                            \
            "2:\n\t" TN_QUAD_2X2 TN_QUAD_2X2 "ldr %[both], %[end]\n\tcmp %[x], %[both]\n\tbne 1b", \
            x, v, depth, vx, vy, wx, wy, TN_AND_END(end))
/* The same of one column, which still shares its place with another. */
#define TN_QUADS_2X1(x, v, depth, vx, wx)                                                 \
  do {                                                                                    \
    int32_t x0, x1, low, both;                                                            \
    __asm__(                                                                              \
        "ldrd %[x0], %[x1], [%[x]], #16\n\t"                                              \
        "ldr %[both], [%[v], %[step]]\n\tsxtb16 %[low], %[both]\n\t"                      \
        "smlad %[wx_], %[low], %[x0], %[wx_]\n\tsmlad %[wx_], %[both], %[x1], %[wx_]\n\t" \
        "ldr %[both], [%[v]], #4\n\tsxtb16 %[low], %[both]\n\t"                           \
        "smlad %[vx_], %[low], %[x0], %[vx_]\n\tsmlad %[vx_], %[both], %[x1], %[vx_]"     \
        : [x] "+&r"(x), [v] "+&r"(v), [vx_] "+&r"(vx), [wx_] "+&r"(wx), [x0] "=&r"(x0),   \
          [x1] "=&r"(x1), [low] "=&r"(low), [both] "=&r"(both)                            \
        : [step] "r"(depth)                                                               \
        : "memory");                                                                      \
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

#elif TN_DSP

#define TN_WIDEN_QUAD(from, to)                                                 \
  do {                                                                          \
    const int32_t word = tn_load_word(from);                                    \
    TN_STORE_TWO(to, 16, tn_swap_bytes(word) ^ 0x007F007F, tn_bytes_1_3(word)); \
    from += 4;                                                                  \
  } while (0)
static inline int32_t tn_dot_quad(const int8_t* w, int32_t x0, int32_t x1, int32_t sum) {
  const int32_t both = tn_load_word(w);
  return tn_dot(both, x1, tn_dot(tn_bytes_0_2(both), x0, sum));
}
#define TN_QUADS_2X2(x, v, depth, vx, vy, wx, wy)        \
  do {                                                   \
    vx = tn_dot_quad(v, (x)[0], (x)[1], vx);             \
    vy = tn_dot_quad(v, (x)[2], (x)[3], vy);             \
    wx = tn_dot_quad((v) + (depth), (x)[0], (x)[1], wx); \
    wy = tn_dot_quad((v) + (depth), (x)[2], (x)[3], wy); \
    x += 4;                                              \
    v += 4;                                              \
  } while (0)
#define TN_COLUMNS_2X2(x, v, depth, end, vx, vy, wx, wy)            \
  do {                                                              \
    while ((x) != (end)) TN_QUADS_2X2(x, v, depth, vx, vy, wx, wy); \
  } while (0)
#define TN_QUADS_2X1(x, v, depth, vx, wx)                \
  do {                                                   \
    vx = tn_dot_quad(v, (x)[0], (x)[1], vx);             \
    wx = tn_dot_quad((v) + (depth), (x)[0], (x)[1], wx); \
    x += 4;                                              \
    v += 4;                                              \
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

#endif

#endif
