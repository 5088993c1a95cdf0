/* Pooling and means, one output row. Sums of a pixel, or of a row where input rows are forgotten as
 * they come, are int32. */
#include "tinynas_kernels.h"

static int32_t columns_inside(const tn_pool_layer* layer, int32_t x, int32_t* first) {
  int32_t end = x * layer->stride_w - layer->pad_left + layer->kernel_w;
  *first = x * layer->stride_w - layer->pad_left;
  if (*first < 0) *first = 0;
  if (end > layer->in_width) end = layer->in_width;
  return end - *first;
}

static void write_average(const tn_pool_layer* layer, const int32_t* sums, int32_t count,
                          int8_t* out) {
  for (int32_t c = 0; c < layer->channels; ++c) {
    const int32_t half = sums[c] > 0 ? count / 2 : -(count / 2);
    out[c] = tn_clamp((sums[c] + half) / count, layer->low, layer->high);
  }
}

static void write_mean(const tn_pool_layer* layer, const int32_t* sums, int32_t count,
                       int8_t* out) {
  for (int32_t c = 0; c < layer->channels; ++c) {
    const int32_t mean =
        tn_scale(sums[c] - count * layer->in_zero, layer->factor.multiplier, layer->factor.shift);
    out[c] = tn_clamp(mean + layer->out_zero, -128, 127);
  }
}

static void add_pixels(const tn_pool_layer* layer, const int8_t* pixel, int32_t columns,
                       int32_t* sums) {
  for (int32_t i = 0; i < columns; ++i, pixel += layer->channels) {
    for (int32_t c = 0; c < layer->channels; ++c) sums[c] += pixel[c];
  }
}

typedef void (*tn_write)(const tn_pool_layer* layer, const int32_t* sums, int32_t count,
                         int8_t* out);

static void pool_row(const tn_pool_layer* layer, const tn_call* call, tn_write write) {
  const tn_window* window = &call->window;
  int32_t* sums = (int32_t*)call->scratch;
  for (int32_t i = 0; i < call->columns; ++i) {
    int32_t first;
    const int32_t columns = columns_inside(layer, call->x + i, &first);
    int32_t slot = window->slot;
    for (int32_t c = 0; c < layer->channels; ++c) sums[c] = 0;
    for (int32_t ky = 0; ky < window->rows; ++ky) {
      const int8_t* row = window->base + (uint32_t)slot * window->row_bytes;
      add_pixels(layer, row + (first - call->in_x) * layer->channels, columns, sums);
      slot = tn_next_slot(window, slot);
    }
    write(layer, sums, window->rows * columns, call->out + i * layer->channels);
  }
}

void tn_avgpool(const void* layer, const tn_call* call) {
  pool_row((const tn_pool_layer*)layer, call, write_average);
}
void tn_mean(const void* layer, const tn_call* call) {
  pool_row((const tn_pool_layer*)layer, call, write_mean);
}

void tn_pool_add_row(const void* opaque, const tn_call* call) {
  const tn_pool_layer* layer = (const tn_pool_layer*)opaque;
  int32_t* sums = (int32_t*)call->scratch;
  for (int32_t i = 0; i < call->columns; ++i, sums += layer->channels) {
    int32_t first;
    const int32_t columns = columns_inside(layer, call->x + i, &first);
    if (call->first) {
      for (int32_t c = 0; c < layer->channels; ++c) sums[c] = 0;
    }
    add_pixels(layer, call->window.base + (first - call->in_x) * layer->channels, columns, sums);
  }
}

static void write_sums(const tn_pool_layer* layer, const tn_call* call, tn_write write) {
  const int32_t* sums = (const int32_t*)call->scratch;
  for (int32_t i = 0; i < call->columns; ++i) {
    int32_t first;
    const int32_t columns = columns_inside(layer, call->x + i, &first);
    write(layer, sums + i * layer->channels, call->window.rows * columns,
          call->out + i * layer->channels);
  }
}

void tn_avgpool_sums(const void* layer, const tn_call* call) {
  write_sums((const tn_pool_layer*)layer, call, write_average);
}
void tn_mean_sums(const void* layer, const tn_call* call) {
  write_sums((const tn_pool_layer*)layer, call, write_mean);
}

void tn_maxpool(const void* opaque, const tn_call* call) {
  const tn_pool_layer* layer = (const tn_pool_layer*)opaque;
  const tn_window* window = &call->window;
  for (int32_t i = 0; i < call->columns; ++i) {
    int32_t first;
    const int32_t columns = columns_inside(layer, call->x + i, &first);
    int8_t* out = call->out + i * layer->channels;
    for (int32_t c = 0; c < layer->channels; ++c) {
      int32_t largest = -128;
      int32_t slot = window->slot;
      for (int32_t ky = 0; ky < window->rows; ++ky) {
        const int8_t* at = window->base + (uint32_t)slot * window->row_bytes +
                           (first - call->in_x) * layer->channels + c;
        for (int32_t kx = 0; kx < columns; ++kx, at += layer->channels) {
          if (*at > largest) largest = *at;
        }
        slot = tn_next_slot(window, slot);
      }
      out[c] = tn_clamp(largest, layer->low, layer->high);
    }
  }
}
