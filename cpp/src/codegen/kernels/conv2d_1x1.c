/* 1x1 convolution of stride 1 without padding, one row: pixel x is read before pixel x is written.
 */
#include "conv_output.h"

static void widen_pixel(const int8_t* in, int32_t depth, int32_t pixel, tn_value* columns) {
  tn_widen_quads(in, depth >> 2, columns + pixel * tn_second(0, depth));
  for (int32_t i = depth & ~3; i < depth; ++i) {
    tn_put_value(columns + tn_place(i, depth) + pixel * tn_second(i, depth), i, depth, in[i]);
  }
}

void TN_OUTPUT_NAME(tn_conv2d_1x1)(const void* opaque, const tn_call* call) {
  const tn_conv_layer* layer = (const tn_conv_layer*)opaque;
  const int32_t depth = layer->in_channels;
  const tn_channels of = tn_output_channels(layer, call, depth);
  tn_value* columns = (tn_value*)call->scratch;
  const int8_t* in = call->inputs[0];
  tn_out_value* out = tn_first_pixel(call);
  for (int32_t twos = call->columns >> 1; twos > 0; --twos, in += 2 * depth) {
    widen_pixel(in, depth, 0, columns);
    widen_pixel(in + depth, depth, 1, columns);
    TN_OUTPUT_NAME(tn_multiply_columns)(&of, columns, 2, out);
    out = tn_next_pixels(&of, 2, out);
  }
  if ((call->columns & 1) != 0) {
    widen_pixel(in, depth, 0, columns);
    TN_OUTPUT_NAME(tn_multiply_columns)(&of, columns, 1, out);
  }
  tn_end_row(layer, call);
}
