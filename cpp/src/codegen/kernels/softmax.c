/* Softmax over channels, one row, as TensorFlow Lite's int8 reference: exponentials from a table,
 * the reciprocal of their sum by three Newton steps (gemmlowp's fixed point). */
#include "tinynas_kernels.h"

/* a * b with 31 fractional bits, rounded. */
static int32_t multiply(int32_t a, int32_t b) {
  const int64_t product = (int64_t)a * b;
  const int64_t nudge = product >= 0 ? (int64_t)1 << 30 : 1 - ((int64_t)1 << 30);
  const int64_t sum = product + nudge;
  /* Division by 2^31 towards zero, without a divider. */
  return (int32_t)(sum >= 0 ? sum >> 31 : -(-sum >> 31));
}

static int32_t saturating_shift_left(int32_t x, int32_t bits) {
  const int64_t shifted = (int64_t)x * ((int64_t)1 << bits);
  if (shifted > INT32_MAX) return INT32_MAX;
  return shifted < INT32_MIN ? INT32_MIN : (int32_t)shifted;
}

/* 1 / (1 + x) for x in [0, 1). */
static int32_t reciprocal_of_one_plus(int32_t x) {
  const int32_t half = (int32_t)(((int64_t)x + INT32_MAX + 1) / 2);
  int32_t estimate = 1515870810 + multiply(half, -1010580540);
  for (int i = 0; i < 3; ++i) {
    const int32_t error = (1 << 29) - multiply(half, estimate);
    estimate += saturating_shift_left(multiply(estimate, error), 2);
  }
  return saturating_shift_left(estimate, 1);
}

static int32_t leading_zeros(uint32_t x) {
  int32_t count = 0;
  while ((x & 0x80000000u) == 0) {
    x <<= 1;
    ++count;
  }
  return count;
}

void tn_softmax_row(const void* opaque, const tn_call* call) {
  const tn_softmax_layer* layer = (const tn_softmax_layer*)opaque;
  const int8_t* in = call->inputs[0];
  int8_t* out = call->out;
  for (uint32_t i = 0; i < call->columns; ++i, in += layer->channels, out += layer->channels) {
    int32_t largest = -128;
    uint32_t sum = 0;
    for (uint32_t c = 0; c < layer->channels; ++c) {
      if (in[c] > largest) largest = in[c];
    }
    for (uint32_t c = 0; c < layer->channels; ++c) {
      const int32_t below = largest - in[c];
      if (below < layer->count) sum += ((uint32_t)layer->exponentials[below] + 2048u) >> 12;
    }
    const int32_t zeros = leading_zeros(sum);
    const int32_t scale = reciprocal_of_one_plus((int32_t)((sum << zeros) - 0x80000000u));
    const int32_t shift = 12 - zeros + 31 - 8;
    for (uint32_t c = 0; c < layer->channels; ++c) {
      const int32_t below = largest - in[c];
      int32_t share = 0;
      if (below < layer->count) {
        const int32_t exact = multiply(scale, layer->exponentials[below]);
        share = (exact >> shift) + ((exact >> (shift - 1)) & 1);
      }
      out[c] = tn_clamp(share - 128, -128, 127);
    }
  }
}
