/* Depthwise convolution, one output row, channel by channel: the window's rows of one channel are
 * widened to int16 first, so that the output may lie over the window. */
#include "tinynas_kernels.h"

void tn_depthwise(const void* opaque, const tn_call* call) {
  const tn_depthwise_layer* depthwise = (const tn_depthwise_layer*)opaque;
  const tn_conv_layer* layer = &depthwise->conv;
  const tn_window* window = &call->window;
  const int32_t in_channels = layer->in_channels, channels = layer->out_channels;
  const int32_t first_x = call->x * layer->stride_w - layer->pad_left;
  const int32_t length = (call->columns - 1) * layer->stride_w + layer->kernel_w;
  int16_t* rows = (int16_t*)call->scratch;
  for (int32_t c = 0; c < in_channels; ++c) {
    int32_t slot = window->slot;
    int16_t* to = rows;
    for (int32_t ky = 0; ky < window->rows; ++ky) {
      const int8_t* row = window->base + (uint32_t)slot * window->row_bytes;
      for (int32_t i = 0; i < length; ++i) {
        const int32_t x = first_x + i;
        const int32_t inside = x >= 0 && x < layer->in_width;
        *to++ = inside ? (int16_t)(row[(x - call->in_x) * in_channels + c] - layer->in_zero) : 0;
      }
      slot = tn_next_slot(window, slot);
    }
    for (int32_t m = 0; m < depthwise->channel_multiplier; ++m) {
      const int32_t o = c * depthwise->channel_multiplier + m;
      const int8_t* weights = layer->weights + window->skipped * layer->kernel_w * channels + o;
      for (int32_t x = 0; x < call->columns; ++x) {
        int32_t sum = layer->bias[o];
        const int8_t* w = weights;
        for (int32_t ky = 0; ky < window->rows; ++ky) {
          const int16_t* row = rows + ky * length + x * layer->stride_w;
          for (int32_t kx = 0; kx < layer->kernel_w; ++kx, w += channels) sum += *w * row[kx];
        }
        sum = tn_scale(sum, layer->multipliers[o], layer->shifts[o]) + layer->out_zero;
        call->out[x * channels + o] = tn_clamp(sum, layer->low, layer->high);
      }
    }
  }
}
