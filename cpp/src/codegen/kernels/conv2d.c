/* Convolution, one output row: windows are gathered as int16 columns, two pixels at a time. */
#include "tinynas_kernels.h"

static void gather(const tn_conv_layer* layer, const tn_call* call, int32_t first_x,
                   int16_t* column) {
  const tn_window* window = &call->window;
  const int32_t channels = layer->in_channels;
  const int32_t width = layer->kernel_w * channels;
  for (int32_t i = 0; i < window->skipped * width; ++i) *column++ = 0;
  int32_t slot = window->slot;
  for (int32_t ky = 0; ky < window->rows; ++ky) {
    const int8_t* row = window->base + (uint32_t)slot * window->row_bytes;
    for (int32_t kx = 0; kx < layer->kernel_w; ++kx) {
      const int32_t x = first_x + kx;
      if (x < 0 || x >= layer->in_width) {
        for (int32_t c = 0; c < channels; ++c) *column++ = 0;
        continue;
      }
      const int8_t* pixel = row + (x - call->in_x) * channels;
      for (int32_t c = 0; c < channels; ++c) *column++ = (int16_t)(pixel[c] - layer->in_zero);
    }
    slot = tn_next_slot(window, slot);
  }
  const int32_t below = layer->kernel_h - window->skipped - window->rows;
  for (int32_t i = 0; i < below * width; ++i) *column++ = 0;
}

void tn_conv2d(const void* opaque, const tn_call* call) {
  const tn_conv_layer* layer = (const tn_conv_layer*)opaque;
  int16_t* columns = (int16_t*)call->scratch;
  const int32_t depth = layer->kernel_h * layer->kernel_w * layer->in_channels;
  int8_t* out = call->out;
  for (int32_t i = 0; i < call->columns; i += 2) {
    const int32_t pixels = call->columns - i > 1 ? 2 : 1;
    for (int32_t p = 0; p < pixels; ++p) {
      const int32_t x = (call->x + i + p) * layer->stride_w - layer->pad_left;
      gather(layer, call, x, columns + p * depth);
    }
    tn_multiply_columns(layer, columns, depth, pixels, out);
    out += pixels * layer->out_channels;
  }
}
