/* All output channels of one or two pixels from their columns. */
#include "conv_output.h"

static int8_t requantize_one(const tn_channels* of, int32_t c, int32_t sum) {
  const int32_t shift = of->shifts[c], multiplier = of->multipliers[c];
  const int32_t nudge = (int32_t)((uint32_t)of->rounding << (shift & 31));
  return (int8_t)(tn_is_common(shift) ? tn_requantize(sum, multiplier, shift, nudge)
                                      : tn_requantize_any(sum, multiplier, shift, of->out_zero));
}

#if TN_DSP

/* One channel of one pixel whose bias is plain. */
static void multiply_channel(const tn_channels* of, const tn_value* x, int32_t pixel, int32_t c,
                             tn_out_value* out) {
  const int32_t depth = of->depth;
  const int8_t* w = of->weights + c * depth;
  int32_t sum = of->bias[c];
  for (int32_t k = 0; k < depth; ++k) {
    const tn_value* at = x + tn_place(k, depth) + tn_second(k, depth) * pixel;
    const int32_t borrowed = (k & 1) != 0 && k < (depth & ~3) && w[k - 1] < 0;
    sum = tn_sum(sum, (int8_t)(w[k] + borrowed) * tn_get_value(at, k, depth));
  }
  tn_put_one(of, pixel, requantize_one(of, c, sum), out);
}

/* From a sum of quads; its lowest bits are 0. */
static inline int32_t requantize_quads(int32_t sum, int32_t multiplier, int32_t shift,
                                       int32_t nudge) {
  return tn_requantize_scaled(sum, TN_SCALE_BITS, multiplier, shift, nudge);
}

/* Two channels that are not common, or of which one is not. */
static void multiply_others(const tn_channels* of, const tn_value* columns, int32_t pixels,
                            int32_t c, tn_out_value* out) {
  for (int32_t p = 0; p < pixels; ++p) {
    multiply_channel(of, columns, p, c, out);
    multiply_channel(of, columns, p, c + 1, out + TN_NEXT_CHANNEL(of));
  }
}

/* `exact`: depth is a multiple of eight, nothing is left over. */
static inline __attribute__((always_inline)) void multiply_pairs(const tn_channels* of,
                                                                 const tn_value* columns,
                                                                 int32_t exact, int32_t pixels,
                                                                 tn_out_value* out) {
  const int32_t depth = of->depth;
  const int32_t *bias = of->bias, *multipliers = of->multipliers;
  const int8_t *v = of->weights, *shifts = of->shifts;
  const int32_t* const begin = (const int32_t*)(const void*)columns;
  const int32_t* const end = begin + (depth & ~7);
  for (const int8_t* last = shifts + (of->channels & ~1); shifts != last; v += depth) {
    const int32_t* x = begin;
    int32_t vx, vy, wx, wy, multiplier, other;
    if (pixels == 2) TN_CONSTANTS(bias, 0, vy, wy);
    TN_CONSTANTS(bias, 8, vx, wx);
    if (pixels == 2 && exact) {
      TN_COLUMNS_2X2(x, v, depth, end, vx, vy, wx, wy);
    } else if (pixels == 2) {
      while (x != end) {
        TN_QUADS_2X2(x, v, depth, vx, vy, wx, wy);
        TN_QUADS_2X2(x, v, depth, vx, vy, wx, wy);
      }
    } else {
      while (x != end) {
        TN_QUADS_2X1(x, v, depth, vx, wx);
        TN_QUADS_2X1(x, v, depth, vx, wx);
      }
    }
    if (!exact && (depth & 7) != 0) {
      if ((depth & 4) != 0) {
        if (pixels == 2) {
          TN_QUADS_2X2(x, v, depth, vx, vy, wx, wy);
        } else {
          TN_QUADS_2X1(x, v, depth, vx, wx);
        }
      }
      for (int32_t left = depth & 3; left > 0; --left, ++x, ++v) {
        vx = tn_dot_low(*v, *x, vx);
        wx = tn_dot_low(v[depth], *x, wx);
        if (pixels == 2) vy = tn_dot_low_high(*v, *x, vy);
        if (pixels == 2) wy = tn_dot_low_high(v[depth], *x, wy);
      }
    }
    TN_CONSTANTS(multipliers, 8, multiplier, other);
    const int32_t shift = *shifts++, other_shift = *shifts++;
    if ((shift | other_shift) < 0) {
      multiply_others(of, columns, pixels, (int32_t)(shifts - of->shifts) - 2, out);
      out += 2 * TN_NEXT_CHANNEL(of);
      continue;
    }
    const int32_t nudge = (int32_t)((uint32_t)of->rounding << shift);
    const int32_t other_nudge = (int32_t)((uint32_t)of->rounding << other_shift);
    vx = requantize_quads(vx, multiplier, shift, nudge);
    wx = requantize_quads(wx, other, other_shift, other_nudge);
    if (pixels == 2) {
      vy = requantize_quads(vy, multiplier, shift, nudge);
      TN_PUT_TWO(of, out, vx, vy);
      wy = requantize_quads(wy, other, other_shift, other_nudge);
      TN_PUT_TWO(of, out, wx, wy);
    } else {
      tn_put_one(of, 0, vx, out);
      tn_put_one(of, 0, wx, out + TN_NEXT_CHANNEL(of));
      out += 2 * TN_NEXT_CHANNEL(of);
    }
  }
}

static void multiply_two(const tn_channels* of, const tn_value* columns, tn_out_value* out) {
  if ((of->depth & 7) == 0) {
    multiply_pairs(of, columns, 1, 2, out);
  } else {
    multiply_pairs(of, columns, 0, 2, out);
  }
}

static void multiply_one(const tn_channels* of, const tn_value* columns, tn_out_value* out) {
  multiply_pairs(of, columns, 0, 1, out);
}

#else

/* Channel c of two pixels, whose sums are a and b. */
static inline void put_two(const tn_channels* of, int32_t c, int32_t a, int32_t b,
                           tn_out_value* out) {
  const int32_t multiplier = of->multipliers[c], shift = of->shifts[c];
  out += c * TN_NEXT_CHANNEL(of);
  if (tn_is_common(shift)) {
    const int32_t nudge = (int32_t)((uint32_t)of->rounding << shift);
    a = tn_requantize(a, multiplier, shift, nudge);
    b = tn_requantize(b, multiplier, shift, nudge);
  } else {
    a = tn_requantize_any(a, multiplier, shift, of->out_zero);
    b = tn_requantize_any(b, multiplier, shift, of->out_zero);
  }
  TN_PUT_TWO(of, out, a, b);
}

/* The same of one pixel. */
static inline void put_first(const tn_channels* of, int32_t c, int32_t sum, tn_out_value* out) {
  tn_put_one(of, 0, requantize_one(of, c, sum), out + c * TN_NEXT_CHANNEL(of));
}

#if defined(__ARM_ARCH_ISA_THUMB) && __ARM_ARCH_ISA_THUMB == 1

/* Eight registers: one channel at a time, and one index for its weights and both columns. */
#define TN_STEP(w, x, y, k, a, b)  \
  do {                             \
    --(k);                         \
    TN_KEEP(k);                    \
    const int32_t weight = (w)[k]; \
    (a) += weight * (x)[k];        \
    (b) += weight * (y)[k];        \
  } while (0)
static void multiply_two(const tn_channels* of, const tn_value* columns, tn_out_value* out) {
  const int32_t depth = of->depth;
  const int8_t *x = columns, *y = columns + depth, *w = of->weights;
  for (int32_t c = 0; c < of->channels; ++c, w += depth) {
    int32_t a = 0, b = 0, k = depth;
    while ((k & 3) != 0) TN_STEP(w, x, y, k, a, b);
    while (k != 0) {
      TN_STEP(w, x, y, k, a, b);
      TN_STEP(w, x, y, k, a, b);
      TN_STEP(w, x, y, k, a, b);
      TN_STEP(w, x, y, k, a, b);
    }
    put_two(of, c, tn_sum(a, of->bias[c]), tn_sum(b, of->bias[c]), out);
  }
}

static void multiply_one(const tn_channels* of, const tn_value* columns, tn_out_value* out) {
  const int8_t* w = of->weights;
  for (int32_t c = 0; c < of->channels; ++c, w += of->depth) {
    int32_t sum = 0;
#pragma GCC unroll 4
    for (int32_t k = 0; k < of->depth; ++k) sum += w[k] * columns[k];
    put_first(of, c, tn_sum(sum, of->bias[c]), out);
  }
}

#else

/* The value, and on to the next, in one instruction: compilers part the two. */
static inline __attribute__((always_inline)) int32_t take(const int8_t** from) {
#if defined(__ARM_ARCH_ISA_THUMB)
  int32_t value;
  __asm__("ldrsb.w %0, [%1], #1" : "=&r"(value), "+r"(*from) : "m"(**from));
  return value;
#else
  return *(*from)++;
#endif
}

static inline __attribute__((always_inline)) void multiply_pairs(const tn_channels* of,
                                                                 const tn_value* columns,
                                                                 int32_t pixels,
                                                                 tn_out_value* out) {
  const int32_t depth = of->depth;
  const int8_t* v = of->weights;
  for (int32_t c = 0; c < of->channels; c += 2) {
    /* A last channel without a partner is computed twice. */
    const int32_t next = c + 1 < of->channels;
    const int8_t *x = columns, *y = columns + depth, *w = next ? v + depth : v;
    int32_t vx = of->bias[c], vy = vx, wx = of->bias[c + next], wy = wx, k = depth;
    for (; k >= 4; k -= 4) {
#pragma GCC unroll 4
      for (int32_t i = 0; i < 4; ++i) {
        const int32_t xi = take(&x), yi = pixels == 2 ? take(&y) : 0;
        const int32_t vi = take(&v), wi = take(&w);
        TN_ADD(vx, vi * xi);
        if (pixels == 2) TN_ADD(vy, vi * yi);
        TN_ADD(wx, wi * xi);
        if (pixels == 2) TN_ADD(wy, wi * yi);
      }
    }
    for (; k > 0; --k, ++v, ++w, ++x, ++y) {
      TN_ADD(vx, *v * *x);
      if (pixels == 2) TN_ADD(vy, *v * *y);
      TN_ADD(wx, *w * *x);
      if (pixels == 2) TN_ADD(wy, *w * *y);
    }
    v = w;
    if (pixels == 2) {
      put_two(of, c, vx, vy, out);
      if (next) put_two(of, c + 1, wx, wy, out);
    } else {
      put_first(of, c, vx, out);
      if (next) put_first(of, c + 1, wx, out);
    }
  }
}

static void multiply_two(const tn_channels* of, const tn_value* columns, tn_out_value* out) {
  multiply_pairs(of, columns, 2, out);
}
static void multiply_one(const tn_channels* of, const tn_value* columns, tn_out_value* out) {
  multiply_pairs(of, columns, 1, out);
}

#endif

#endif

#ifndef TN_WIDE_ROWS

void tn_fill_quads(int32_t value, int32_t quads, tn_value* to) {
  for (; quads > 0; --quads, to += TN_QUAD) {
#if TN_DSP
    to[0] = to[1] = (tn_value)(value * 255 + 127);
    to[2] = to[3] = (tn_value)value;
#else
    to[0] = to[1] = to[2] = to[3] = (tn_value)value;
#endif
  }
}

#endif

void TN_OUTPUT_NAME(tn_multiply_columns)(const tn_channels* of, const tn_value* columns,
                                         int32_t pixels, tn_out_value* out) {
  if (pixels == 2) {
    multiply_two(of, columns, out);
  } else {
    multiply_one(of, columns, out);
  }
#if TN_DSP
  if ((of->channels & 1) != 0) {
    const int32_t last = of->channels - 1;
    out += last * TN_NEXT_CHANNEL(of);
    for (int32_t p = 0; p < pixels; ++p) multiply_channel(of, columns, p, last, out);
  }
#endif
}
