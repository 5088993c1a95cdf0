/* All output channels of one or two pixels from their columns. */
#include "conv_output.h"

typedef struct {
  const int32_t *bias, *multipliers;
  const int8_t *shifts, *weights;
  int32_t channels, out_zero, depth;
  int32_t rounding; /* tn_nudge() before its shift */
#ifdef TN_WIDE_ROWS
  int32_t pitch; /* from channel to channel of the row */
#endif
} tn_channels;

/* A channel of two pixels, whose sums are a and b. */
static inline void put_two(const tn_channels* of, int32_t multiplier, int32_t shift, int32_t a,
                           int32_t b, tn_out_value* out) {
  if (tn_is_common(shift)) {
    const int32_t nudge = (int32_t)((uint32_t)of->rounding << (-shift - 1));
    a = tn_requantize(a, multiplier, shift, nudge);
    b = tn_requantize(b, multiplier, shift, nudge);
  } else {
    a = tn_requantize_any(a, multiplier, shift, of->out_zero);
    b = tn_requantize_any(b, multiplier, shift, of->out_zero);
  }
#ifdef TN_WIDE_ROWS
  tn_put_columns(out, a, b, of->out_zero);
#else
  out[0] = (int8_t)a;
  out[of->channels] = (int8_t)b;
#endif
}

static void put_one(const tn_channels* of, int32_t c, int32_t pixel, int32_t sum, tn_out_value* out) {
  const int32_t value = tn_requantize_any(sum, of->multipliers[c], of->shifts[c], of->out_zero);
#ifdef TN_WIDE_ROWS
  tn_put_column(out + c * of->pitch, pixel, value, of->out_zero);
#else
  out[pixel * of->channels + c] = (int8_t)value;
#endif
}

/* One channel of one pixel. */
static void multiply_channel(const tn_channels* of, const tn_value* x, int32_t pixel, int32_t c,
                             tn_out_value* out) {
  const int8_t* w = of->weights + c * of->depth;
  int32_t sum = 0;
#pragma GCC unroll 4
  for (int32_t k = 0; k < of->depth; ++k) {
    sum += w[k] * x[tn_place(k, of->depth) + tn_second(k, of->depth) * pixel];
  }
  put_one(of, c, pixel, tn_sum(sum, of->bias[c]), out);
}

#if TN_DSP

static void multiply_two(const tn_channels* of, const tn_value* columns, tn_out_value* out) {
  const int32_t channels = of->channels - 1, depth = of->depth;
  const int8_t* v = of->weights;
  for (int32_t c = 0; c < channels; c += 2) {
    const int32_t *bias = of->bias + c, *multipliers = of->multipliers + c;
    const int8_t *w = v + depth, *end = v + (depth & ~7), *shifts = of->shifts + c;
    const int32_t* x = (const int32_t*)(const void*)columns;
    int32_t vx = bias[0], vy = vx, wx = bias[1], wy = wx;
    while (v != end) {
      TN_QUADS_2X2(x, v, w, vx, vy, wx, wy);
      TN_QUADS_2X2(x, v, w, vx, vy, wx, wy);
    }
    if ((depth & 7) != 0) {
      if ((depth & 4) != 0) TN_QUADS_2X2(x, v, w, vx, vy, wx, wy);
      for (int32_t left = depth & 3; left > 0; --left, ++x) {
        vx = tn_dot_low(*v, *x, vx);
        vy = tn_dot_low_high(*v++, *x, vy);
        wx = tn_dot_low(*w, *x, wx);
        wy = tn_dot_low_high(*w++, *x, wy);
      }
    }
    v = w;
    put_two(of, multipliers[0], shifts[0], vx, vy, out);
    put_two(of, multipliers[1], shifts[1], wx, wy, out + TN_CHANNEL_STEP(of->pitch));
    out += 2 * TN_CHANNEL_STEP(of->pitch);
  }
}

static void multiply_one(const tn_channels* of, const tn_value* columns, tn_out_value* out) {
  const int32_t channels = of->channels - 1, depth = of->depth;
  const int8_t* v = of->weights;
  for (int32_t c = 0; c < channels; c += 2) {
    const int8_t *w = v + depth, *end = v + (depth & ~3);
    const int32_t* x = (const int32_t*)(const void*)columns;
    int32_t vx = of->bias[c], wx = of->bias[c + 1];
    while (v != end) {
      int32_t x02, x13;
      TN_LOAD_TWO(x, 16, x02, x13);
      const int32_t v_word = tn_load_word(v), w_word = tn_load_word(w);
      v += 4;
      w += 4;
      vx = tn_dot(tn_bytes_0_2(v_word), x02, vx);
      vx = tn_dot(tn_bytes_1_3(v_word), x13, vx);
      wx = tn_dot(tn_bytes_0_2(w_word), x02, wx);
      wx = tn_dot(tn_bytes_1_3(w_word), x13, wx);
    }
    for (int32_t left = depth & 3; left > 0; --left, ++x) {
      vx = tn_dot_low(*v++, *x, vx);
      wx = tn_dot_low(*w++, *x, wx);
    }
    v = w;
    put_one(of, c, 0, vx, out);
    put_one(of, c + 1, 0, wx, out);
  }
}

#else

/* Channel c of two pixels, whose sums of products are a and b: biases may take them over 32 bits.
 */
static inline void put_sums(const tn_channels* of, int32_t c, int32_t a, int32_t b,
                            tn_out_value* out) {
  const int32_t bias = of->bias[c];
  put_two(of, of->multipliers[c], of->shifts[c], tn_sum(a, bias), tn_sum(b, bias),
          out + c * TN_CHANNEL_STEP(of->pitch));
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
    put_sums(of, c, a, b, out);
  }
}

#else

/* Kept, so that the compiler does not reorder additions that may go around. */
#define TN_ADD(sum, product)          \
  do {                                \
    (sum) = tn_sum((sum), (product)); \
    TN_KEEP(sum);                     \
  } while (0)

static void multiply_two(const tn_channels* of, const tn_value* columns, tn_out_value* out) {
  const int32_t depth = of->depth;
  const int8_t* v = of->weights;
  for (int32_t c = 0; c < of->channels; c += 2) {
    /* A last channel without a partner is computed twice. */
    const int32_t next = c + 1 < of->channels;
    const int8_t *x = columns, *y = columns + depth, *w = next ? v + depth : v;
    int32_t vx = of->bias[c], vy = vx, wx = of->bias[c + next], wy = wx, k = depth;
    for (; k >= 4; k -= 4, v += 4, w += 4, x += 4, y += 4) {
#pragma GCC unroll 4
      for (int32_t i = 0; i < 4; ++i) {
        TN_ADD(vx, v[i] * x[i]);
        TN_ADD(vy, v[i] * y[i]);
        TN_ADD(wx, w[i] * x[i]);
        TN_ADD(wy, w[i] * y[i]);
      }
    }
    for (; k > 0; --k, ++v, ++w, ++x, ++y) {
      TN_ADD(vx, *v * *x);
      TN_ADD(vy, *v * *y);
      TN_ADD(wx, *w * *x);
      TN_ADD(wy, *w * *y);
    }
    v = w;
    tn_out_value* to = out + c * TN_CHANNEL_STEP(of->pitch);
    put_two(of, of->multipliers[c], of->shifts[c], vx, vy, to);
    if (next) {
      to += TN_CHANNEL_STEP(of->pitch);
      put_two(of, of->multipliers[c + 1], of->shifts[c + 1], wx, wy, to);
    }
  }
}

#endif

static void multiply_one(const tn_channels* of, const tn_value* columns, tn_out_value* out) {
  for (int32_t c = 0; c < of->channels; ++c) multiply_channel(of, columns, 0, c, out);
}

#endif

#ifdef TN_WIDE_ROWS

static void clamp(const tn_conv_layer* layer, int32_t pixels, int16_t* out, int32_t pitch) {
  const int32_t low = layer->low - layer->out_zero, high = layer->high - layer->out_zero;
  if (layer->low <= -128 && layer->high >= 127) return;
  for (int32_t c = layer->out_channels; c > 0; --c, out += pitch) {
    for (int32_t p = 0; p < pixels; ++p) {
      out[p] = (int16_t)(out[p] < low ? low : out[p] > high ? high : out[p]);
    }
  }
}

#else

void tn_fill_quads(int32_t value, int32_t quads, tn_value* to) {
  for (; quads > 0; --quads, to += TN_QUAD) {
    to[0] = to[1] = to[2] = to[3] = (tn_value)value;
  }
}

#endif

void TN_OUTPUT_NAME(tn_multiply_columns)(const tn_conv_layer* layer, const tn_value* columns,
                                         int32_t depth, int32_t pixels, tn_out_value* out TN_AND_PITCH) {
  const tn_channels of = {layer->bias,
                          layer->multipliers,
                          layer->shifts,
                          layer->weights,
                          layer->out_channels,
                          layer->out_zero,
                          depth,
                          tn_nudge(layer->out_zero, -1),
#ifdef TN_WIDE_ROWS
                          pitch
#endif
  };
  if (pixels == 2) {
    multiply_two(&of, columns, out);
  } else {
    multiply_one(&of, columns, out);
  }
#if TN_DSP
  if ((of.channels & 1) != 0) {
    for (int32_t p = 0; p < pixels; ++p) {
      multiply_channel(&of, columns, p, of.channels - 1, out);
    }
  }
#endif
#ifdef TN_WIDE_ROWS
  clamp(layer, pixels, out, pitch);
#else
  tn_clamp_all(out, pixels * of.channels, layer->low, layer->high);
#endif
}
