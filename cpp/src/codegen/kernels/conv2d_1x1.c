/* 1x1 convolution of stride 1 without padding, one row: pixel x is read before pixel x is written.
 */
#include "conv_output.h"

void TN_OUTPUT_NAME(tn_conv2d_1x1)(const void* opaque, const tn_call* call) {
  const tn_conv_layer* layer = (const tn_conv_layer*)opaque;
  const int32_t depth = layer->in_channels, in_quads = depth & ~3;
  tn_value* columns = (tn_value*)call->scratch;
  const int8_t* in = call->inputs[0];
  tn_out_value* out = tn_first_pixel(call);
  for (int32_t x = call->columns; x > 0; x -= 2) {
    const int32_t pixels = x > 1 ? 2 : 1;
    for (int32_t p = 0; p < pixels; ++p, in += depth) {
      tn_widen_quads(in, depth >> 2, columns + p * tn_second(0, depth));
      for (int32_t i = in_quads; i < depth; ++i) {
        columns[tn_place(i, depth) + p * tn_second(i, depth)] = in[i];
      }
    }
    out = tn_multiply_pixels(layer, call, columns, depth, pixels, out);
  }
  tn_end_row(layer, call);
}
