/* Element-wise kernels, one row: pixel x of all inputs is read before pixel x is written. */
#include "tinynas_kernels.h"

static const int8_t* second_operand(const tn_pair_layer* layer, const tn_call* call,
                                    uint32_t* period) {
  if (layer->constant_values != 0) {
    *period = layer->constant_values;
    return layer->constant;
  }
  *period = layer->broadcasts ? layer->channels : (uint32_t)call->columns * layer->channels;
  return call->inputs[1];
}

/* Where the operand begins: a constant of all elements goes on from row to row. */
static uint32_t first_of_row(const tn_pair_layer* layer, const tn_call* call) {
  if (layer->constant_values <= layer->channels) return 0;
  return ((uint32_t)call->row * layer->width + call->x) * layer->channels;
}

enum { TN_ADD_SHIFT = 20 }; /* bits that sums are computed with below integers */

static int8_t scale_to_int8(int32_t x, tn_factor by, int32_t zero) {
  return tn_clamp(tn_scale(x, by.multiplier, by.shift) + zero, -128, 127);
}

static int8_t add_any(const tn_pair_layer* layer, int32_t a, int32_t b) {
  const int32_t x =
      tn_scale((a - layer->zero_a) * (1 << TN_ADD_SHIFT), layer->a.multiplier, layer->a.shift);
  const int32_t y =
      tn_scale((b - layer->zero_b) * (1 << TN_ADD_SHIFT), layer->b.multiplier, layer->b.shift);
  return scale_to_int8(x + y, layer->out, layer->out_zero);
}

/* The operand of the larger scale, `half`, has the factor 1/2, which is a shift. That of the other
 * one is less, or 1/2 too: then one more bit in front and rounding it away changes nothing. */
static void add_run(const tn_pair_layer* layer, const int8_t* half, const int8_t* other,
                    int32_t count, int32_t half_zero, int32_t other_zero, tn_factor factor,
                    int8_t* out) {
  const int32_t is_half = factor.shift == 0, right = is_half ? 1 : -factor.shift;
  const int32_t rounding = (int32_t)(1u << (right - 1)), other_factor = factor.multiplier;
  const int32_t multiplier = layer->out.multiplier, shift = -layer->out.shift - 1;
  const int32_t nudge = tn_nudge(layer->out_zero, shift);
  /* All doubled: (half - half_zero) / 2 and other - other_zero, times 2^TN_ADD_SHIFT. */
  const int32_t scale = 1 << (TN_ADD_SHIFT + is_half + 1), zero = -other_zero * scale;
  const int32_t half_of_zero = -half_zero * (1 << TN_ADD_SHIFT);
#pragma GCC unroll 2
  for (int32_t i = 0; i < count; ++i) {
    const int32_t twice = other[i] * scale + zero;
    const int32_t y = tn_multiply_twice(twice, other_factor, rounding + (twice >> 31)) >> right;
    const int32_t x = half[i] * (1 << TN_ADD_SHIFT) + half_of_zero;
    out[i] = (int8_t)tn_requantize_scaled(x + 2 * y, 1, multiplier, shift, nudge);
  }
}

static int is_half(tn_factor factor) { return factor.multiplier == 1 << 30 && factor.shift == 0; }

static int is_below_half(tn_factor factor) { return factor.shift < 0 && factor.shift >= -22; }

static int is_at_most_half(tn_factor factor) { return is_half(factor) || is_below_half(factor); }

static void add(const tn_pair_layer* layer, const int8_t* a, const int8_t* b, int32_t count,
                int8_t* out) {
  const int32_t common = is_below_half(layer->out);
  if (common && is_half(layer->a) && is_at_most_half(layer->b)) {
    add_run(layer, a, b, count, layer->zero_a, layer->zero_b, layer->b, out);
  } else if (common && is_half(layer->b) && is_at_most_half(layer->a)) {
    add_run(layer, b, a, count, layer->zero_b, layer->zero_a, layer->a, out);
  } else {
    for (int32_t i = 0; i < count; ++i) out[i] = add_any(layer, a[i], b[i]);
  }
}

static void multiply(const tn_pair_layer* layer, const int8_t* a, const int8_t* b, int32_t count,
                     int8_t* out) {
  for (int32_t i = 0; i < count; ++i) {
    const int32_t product = (a[i] - layer->zero_a) * (b[i] - layer->zero_b);
    out[i] = scale_to_int8(product, layer->out, layer->out_zero);
  }
}

/* Runs of values for which the second operand goes on without beginning anew. */
static void pair_row(const tn_pair_layer* layer, const tn_call* call,
                     void (*run)(const tn_pair_layer* layer, const int8_t* a, const int8_t* b,
                                 int32_t count, int8_t* out)) {
  const uint32_t count = (uint32_t)call->columns * layer->channels;
  uint32_t period;
  const int8_t *a = call->inputs[0], *b = second_operand(layer, call, &period);
  uint32_t at = first_of_row(layer, call);
  for (uint32_t i = 0; i < count;) {
    uint32_t length = period - at;
    if (length > count - i) length = count - i;
    run(layer, a + i, b + at, (int32_t)length, call->out + i);
    i += length;
    at = 0;
  }
  tn_clamp_all(call->out, (int32_t)count, layer->low, layer->high);
}

void tn_add(const void* layer, const tn_call* call) {
  pair_row((const tn_pair_layer*)layer, call, add);
}
void tn_mul(const void* layer, const tn_call* call) {
  pair_row((const tn_pair_layer*)layer, call, multiply);
}

void tn_look_up(const void* opaque, const tn_call* call) {
  const tn_lookup_layer* layer = (const tn_lookup_layer*)opaque;
  const uint32_t count = (uint32_t)call->columns * layer->channels;
  for (uint32_t i = 0; i < count; ++i) call->out[i] = layer->table[call->inputs[0][i] + 128];
}

void tn_concat_channels(const void* opaque, const tn_call* call) {
  const tn_concat_layer* layer = (const tn_concat_layer*)opaque;
  int8_t* out = call->out;
  for (uint32_t x = 0; x < call->columns; ++x) {
    for (uint16_t k = 0; k < layer->inputs; ++k) {
      const int8_t* from = call->inputs[k] + x * layer->channels[k];
      for (uint16_t c = 0; c < layer->channels[k]; ++c) *out++ = from[c];
    }
  }
}
