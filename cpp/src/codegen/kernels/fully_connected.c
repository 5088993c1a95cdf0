/* Fully connected layer, rounded once as LiteRT's reference does. */
#include "multiply_quads.h"
#include "tinynas_kernels.h"

static void put(const tn_conv_layer* layer, int32_t o, int32_t sum, int8_t* out) {
  sum = tn_sum(sum, layer->bias[o]);
  const int32_t right = 31 - layer->shifts[o];
  const int64_t exact = (int64_t)sum * layer->multipliers[o] + ((int64_t)1 << (right - 1));
  out[o] = tn_clamp((int32_t)(exact >> right) + layer->out_zero, layer->low, layer->high);
}

/* Outputs o to o + 4. */
static void four_outputs(const tn_conv_layer* layer, const int8_t* in, int32_t o, int8_t* out) {
  const int32_t depth = layer->in_channels;
  const int8_t *w = layer->weights + o * depth, *v = w + 2 * depth;
  int32_t a = 0, b = 0, c = 0, d = 0, k = depth;
#if TN_DSP
  for (; k >= 4; k -= 4) TN_DENSE_QUADS(in, w, v, depth, a, b, c, d);
#endif
  for (; k > 0; --k, ++in, ++w, ++v) {
    a += *in * w[0];
    b += *in * w[depth];
    c += *in * v[0];
    d += *in * v[depth];
  }
  put(layer, o, a, out);
  put(layer, o + 1, b, out);
  put(layer, o + 2, c, out);
  put(layer, o + 3, d, out);
}

void tn_fully_connected(const void* opaque, const tn_call* call) {
  const tn_conv_layer* layer = (const tn_conv_layer*)opaque;
  const int32_t outputs = layer->out_channels, depth = layer->in_channels;
  int32_t o = 0;
  for (; o + 4 <= outputs; o += 4) four_outputs(layer, call->inputs[0], o, call->out);
  for (; o < outputs; ++o) {
    const int8_t* weights = layer->weights + o * depth;
    int32_t sum = 0;
    for (int32_t k = 0; k < depth; ++k) sum += weights[k] * call->inputs[0][k];
    put(layer, o, sum, call->out);
  }
}
