/* All output channels of one or two pixels from their int16 columns. */
#include "tinynas_kernels.h"

void tn_multiply_columns(const tn_conv_layer* layer, const int16_t* columns, int32_t depth,
                         int32_t pixels, int8_t* out) {
  const int32_t channels = layer->out_channels;
  const int8_t* weights = layer->weights;
  for (int32_t c = 0; c < channels; ++c) {
    int32_t a = layer->bias[c], b = a;
    if (pixels == 2) {
      const int16_t* second = columns + depth;
      for (int32_t k = 0; k < depth; ++k) {
        a += weights[k] * columns[k];
        b += weights[k] * second[k];
      }
      b = tn_scale(b, layer->multipliers[c], layer->shifts[c]) + layer->out_zero;
      out[channels + c] = tn_clamp(b, layer->low, layer->high);
    } else {
      for (int32_t k = 0; k < depth; ++k) a += weights[k] * columns[k];
    }
    a = tn_scale(a, layer->multipliers[c], layer->shifts[c]) + layer->out_zero;
    out[c] = tn_clamp(a, layer->low, layer->high);
    weights += depth;
  }
}
