/* Fully connected layer, rounded once as LiteRT's reference does. */
#include "tinynas_kernels.h"

void tn_fully_connected(const void* opaque, const tn_call* call) {
  const tn_conv_layer* layer = (const tn_conv_layer*)opaque;
  const int8_t* weights = layer->weights;
  const int8_t* in = call->inputs[0];
  for (int32_t o = 0; o < layer->out_channels; ++o, weights += layer->in_channels) {
    int32_t sum = layer->bias[o];
    for (int32_t k = 0; k < layer->in_channels; ++k) sum += weights[k] * (in[k] - layer->in_zero);
    const int32_t right = 31 - layer->shifts[o];
    const int64_t exact = (int64_t)sum * layer->multipliers[o] + ((int64_t)1 << (right - 1));
    call->out[o] = tn_clamp((int32_t)(exact >> right) + layer->out_zero, layer->low, layer->high);
  }
}
