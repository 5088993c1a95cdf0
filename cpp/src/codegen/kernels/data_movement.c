/* Kernels that run once, on whole tensors. */
#include "tinynas_kernels.h"

static void copy(int8_t* to, const int8_t* from, uint32_t bytes) {
  for (uint32_t i = 0; i < bytes; ++i) to[i] = from[i];
}

void tn_mean_of_axis(const void* opaque, const tn_call* call) {
  const tn_mean_axis_layer* layer = (const tn_mean_axis_layer*)opaque;
  const int8_t* in = call->inputs[0];
  int8_t* out = call->out;
  for (uint32_t o = 0; o < layer->outer; ++o, in += layer->count * layer->inner) {
    for (uint32_t i = 0; i < layer->inner; ++i) {
      int32_t sum = 0;
      for (uint32_t k = 0; k < layer->count; ++k) sum += in[k * layer->inner + i] - layer->in_zero;
      sum = tn_scale(sum, layer->factor.multiplier, layer->factor.shift) + layer->out_zero;
      *out++ = tn_clamp(sum, -128, 127);
    }
  }
}

void tn_join_runs(const void* opaque, const tn_call* call) {
  const tn_join_layer* layer = (const tn_join_layer*)opaque;
  int8_t* out = call->out;
  for (uint32_t o = 0; o < layer->outer; ++o) {
    for (uint16_t k = 0; k < layer->inputs; ++k) {
      copy(out, call->inputs[k] + o * layer->runs[k], layer->runs[k]);
      out += layer->runs[k];
    }
  }
}

void tn_pad_map(const void* opaque, const tn_call* call) {
  const tn_pad_layer* layer = (const tn_pad_layer*)opaque;
  const uint32_t all = layer->out_rows * layer->out_row_bytes;
  for (uint32_t i = 0; i < all; ++i) call->out[i] = layer->value;
  int8_t* out = call->out + layer->top * layer->out_row_bytes + layer->left_bytes;
  for (uint32_t y = 0; y < layer->rows; ++y) {
    copy(out + y * layer->out_row_bytes, call->inputs[0] + y * layer->row_bytes, layer->row_bytes);
  }
}

void tn_copy_bytes(const void* opaque, const tn_call* call) {
  copy(call->out, call->inputs[0], ((const tn_copy_layer*)opaque)->bytes);
}

void tn_transpose_map(const void* opaque, const tn_call* call) {
  const tn_transpose_layer* layer = (const tn_transpose_layer*)opaque;
  int8_t* out = call->out;
  for (int32_t y = 0; y < layer->extents[0]; ++y) {
    for (int32_t x = 0; x < layer->extents[1]; ++x) {
      const int8_t* from = call->inputs[0] + y * layer->steps[0] + x * layer->steps[1];
      for (int32_t c = 0; c < layer->extents[2]; ++c) *out++ = from[c * layer->steps[2]];
    }
  }
}

void tn_resize_map(const void* opaque, const tn_call* call) {
  const tn_resize_layer* layer = (const tn_resize_layer*)opaque;
  int8_t* out = call->out;
  for (int32_t y = 0; y < layer->out_rows; ++y) {
    const int8_t* row = call->inputs[0] + layer->rows[y] * layer->row_bytes;
    for (int32_t x = 0; x < layer->out_columns; ++x, out += layer->channels) {
      copy(out, row + (uint32_t)layer->columns[x] * layer->channels, layer->channels);
    }
  }
}
