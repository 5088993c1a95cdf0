/* Convolution, one output row: windows are gathered as columns, two pixels at a time. A row
 * of the window gives its quads to the column; the values that are left over of all rows follow, in
 * the order of the rows, as quads and single values of their own. */
#include "conv_output.h"

typedef struct {
  const tn_conv_layer* layer;
  const tn_window* window;
  int32_t width, quads, depth; /* values of a window's row, fours of them; of all rows */
  int32_t in_x;
} tn_gather;

/* Value k. */
static inline void put_value(const tn_gather* gather, tn_value* columns, int32_t pixel, int32_t k,
                             int32_t value) {
  tn_value* at = columns + tn_place(k, gather->depth) + tn_second(k, gather->depth) * pixel;
  tn_put_value(at, k, gather->depth, value);
}

/* A pixel whose window lies within the input's columns. */
static void gather_inside(const tn_gather* gather, int32_t first_x, tn_value* columns,
                          int32_t pixel) {
  const tn_window* window = gather->window;
  const int32_t quads = gather->quads;
  const int32_t skipped = window->skipped, below = gather->layer->kernel_h - window->rows - skipped;
  tn_value* to = columns + tn_second(0, gather->depth) * pixel;
  int32_t slot = window->slot, left = 4 * quads * (skipped + window->rows + below);
  const int32_t offset = (first_x - gather->in_x) * gather->layer->in_channels;
  const int32_t zero = gather->layer->in_zero, few_left = gather->depth - left < 4;
  if (skipped > 0) {
    tn_fill_quads(zero, skipped * quads, to);
    to += TN_QUAD * skipped * quads;
    for (int32_t i = (gather->width & 3) * skipped; i > 0; --i) {
      put_value(gather, columns, pixel, left++, zero);
    }
  }
  tn_value* tail = columns + tn_place(left, gather->depth) + tn_second(left, gather->depth) * pixel;
  for (int32_t y = window->rows; y > 0; --y, to += TN_QUAD * quads) {
    const int8_t* from = window->base + (uint32_t)slot * window->row_bytes + offset;
    tn_widen_quads(from, quads, to);
    if (few_left) {
      for (int32_t i = 4 * quads; i < gather->width; ++i, tail += TN_SINGLE) {
        *tail = (tn_value)(from[i] * (1 << TN_SCALE_BITS));
      }
    } else {
      for (int32_t i = 4 * quads; i < gather->width; ++i) {
        put_value(gather, columns, pixel, left++, from[i]);
      }
    }
    slot = tn_next_slot(window, slot);
  }
  left = gather->depth - (gather->width & 3) * below;
  if (below > 0) {
    tn_fill_quads(zero, below * quads, to);
    for (int32_t i = (gather->width & 3) * below; i > 0; --i) {
      put_value(gather, columns, pixel, left++, zero);
    }
  }
}

/* Any other, value by value. */
static void gather_edge(const tn_gather* gather, int32_t first_x, tn_value* columns,
                        int32_t pixel) {
  const tn_window* window = gather->window;
  const tn_conv_layer* layer = gather->layer;
  const int32_t channels = layer->in_channels, in_quads = 4 * gather->quads;
  const int32_t begin = -first_x * channels, end = (layer->in_width - first_x) * channels;
  const int32_t offset = (first_x - gather->in_x) * channels;
  int32_t slot = window->slot, left = layer->kernel_h * in_quads, quad = 0;
  for (int32_t ky = 0; ky < layer->kernel_h; ++ky) {
    const int32_t inside = ky >= window->skipped && ky < window->skipped + window->rows;
    const int8_t* row = window->base + (uint32_t)slot * window->row_bytes;
    for (int32_t i = 0; i < gather->width; ++i) {
      const int32_t value = inside && i >= begin && i < end ? row[offset + i] : layer->in_zero;
      put_value(gather, columns, pixel, i < in_quads ? quad++ : left++, value);
    }
    if (inside) slot = tn_next_slot(window, slot);
  }
}

void TN_OUTPUT_NAME(tn_conv2d)(const void* opaque, const tn_call* call) {
  const tn_conv_layer* layer = (const tn_conv_layer*)opaque;
  tn_value* columns = (tn_value*)call->scratch;
  tn_gather gather;
  gather.layer = layer;
  gather.window = &call->window;
  gather.width = layer->kernel_w * layer->in_channels;
  gather.quads = gather.width >> 2;
  gather.depth = layer->kernel_h * gather.width;
  gather.in_x = call->in_x;
  const tn_channels of = tn_output_channels(layer, call, gather.depth);
  int32_t x = call->x * layer->stride_w - layer->pad_left;
  tn_out_value* out = tn_first_pixel(call);
  for (int32_t left = call->columns; left > 0; left -= 2) {
    const int32_t pixels = left > 1 ? 2 : 1;
    for (int32_t p = 0; p < pixels; ++p, x += layer->stride_w) {
      if (x >= 0 && x + layer->kernel_w <= layer->in_width) {
        gather_inside(&gather, x, columns, p);
      } else {
        gather_edge(&gather, x, columns, p);
      }
    }
    TN_OUTPUT_NAME(tn_multiply_columns)(&of, columns, pixels, out);
    out = tn_next_pixels(&of, pixels, out);
  }
  tn_end_row(layer, call);
}
