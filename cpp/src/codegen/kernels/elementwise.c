/* Element-wise kernels, one row: pixel x of all inputs is read before pixel x is written. */
#include "tinynas_kernels.h"

static const int8_t* second_operand(const tn_pair_layer* layer, const tn_call* call,
                                    uint32_t* period) {
  if (layer->constant_values != 0) {
    *period = layer->constant_values;
    return layer->constant;
  }
  *period = layer->broadcasts ? layer->channels : (uint32_t)call->columns * layer->channels;
  return call->inputs[1];
}

/* Where the operand begins: a constant of all elements goes on from row to row. */
static uint32_t first_of_row(const tn_pair_layer* layer, const tn_call* call) {
  if (layer->constant_values <= layer->channels) return 0;
  return ((uint32_t)call->row * layer->width + call->x) * layer->channels;
}

void tn_add(const void* opaque, const tn_call* call) {
  const tn_pair_layer* layer = (const tn_pair_layer*)opaque;
  const uint32_t count = (uint32_t)call->columns * layer->channels;
  uint32_t period;
  const int8_t *a = call->inputs[0], *b = second_operand(layer, call, &period);
  uint32_t at = first_of_row(layer, call);
  for (uint32_t i = 0; i < count; ++i) {
    const int32_t x =
        tn_scale((a[i] - layer->zero_a) * (1 << 20), layer->a.multiplier, layer->a.shift);
    const int32_t y =
        tn_scale((b[at] - layer->zero_b) * (1 << 20), layer->b.multiplier, layer->b.shift);
    const int32_t sum = tn_scale(x + y, layer->out.multiplier, layer->out.shift);
    call->out[i] = tn_clamp(sum + layer->out_zero, layer->low, layer->high);
    if (++at == period) at = 0;
  }
}

void tn_mul(const void* opaque, const tn_call* call) {
  const tn_pair_layer* layer = (const tn_pair_layer*)opaque;
  const uint32_t count = (uint32_t)call->columns * layer->channels;
  uint32_t period;
  const int8_t *a = call->inputs[0], *b = second_operand(layer, call, &period);
  uint32_t at = first_of_row(layer, call);
  for (uint32_t i = 0; i < count; ++i) {
    const int32_t product = (a[i] - layer->zero_a) * (b[at] - layer->zero_b);
    const int32_t scaled = tn_scale(product, layer->out.multiplier, layer->out.shift);
    call->out[i] = tn_clamp(scaled + layer->out_zero, layer->low, layer->high);
    if (++at == period) at = 0;
  }
}

void tn_look_up(const void* opaque, const tn_call* call) {
  const tn_lookup_layer* layer = (const tn_lookup_layer*)opaque;
  const uint32_t count = (uint32_t)call->columns * layer->channels;
  for (uint32_t i = 0; i < count; ++i) call->out[i] = layer->table[call->inputs[0][i] + 128];
}

void tn_concat_channels(const void* opaque, const tn_call* call) {
  const tn_concat_layer* layer = (const tn_concat_layer*)opaque;
  int8_t* out = call->out;
  for (uint32_t x = 0; x < call->columns; ++x) {
    for (uint16_t k = 0; k < layer->inputs; ++k) {
      const int8_t* from = call->inputs[k] + x * layer->channels[k];
      for (uint16_t c = 0; c < layer->channels[k]; ++c) *out++ = from[c];
    }
  }
}
