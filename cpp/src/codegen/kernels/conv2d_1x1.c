/* 1x1 convolution of stride 1 without padding, one row: pixel x is read before pixel x is written.
 */
#include "tinynas_kernels.h"

void tn_conv2d_1x1(const void* opaque, const tn_call* call) {
  const tn_conv_layer* layer = (const tn_conv_layer*)opaque;
  const int32_t depth = layer->in_channels;
  int16_t* columns = (int16_t*)call->scratch;
  const int8_t* in = call->inputs[0];
  int8_t* out = call->out;
  for (int32_t x = 0; x < call->columns; x += 2) {
    const int32_t pixels = call->columns - x > 1 ? 2 : 1;
    for (int32_t i = 0; i < pixels * depth; ++i) columns[i] = (int16_t)(in[i] - layer->in_zero);
    tn_multiply_columns(layer, columns, depth, pixels, out);
    in += pixels * depth;
    out += pixels * layer->out_channels;
  }
}
