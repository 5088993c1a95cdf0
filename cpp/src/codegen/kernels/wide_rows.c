/* Wide rows of kernels that write int8: their row goes to scratch and is turned channel by channel.
 */
#include "wide_rows.h"

void tn_clear_gaps(const tn_call* call, int32_t channels) {
  const int32_t gap = call->out_gap, pitch = tn_wide_pitch(call->columns, gap);
  int16_t* to = (int16_t*)(void*)call->out;
  for (int32_t i = 0; i < gap; i += 2, to += 2) {
    int16_t* at = to;
    for (int32_t c = channels; c >= 0; --c, at += pitch) tn_put_zeros(at);
  }
}

void tn_end_wide_row(const tn_conv_layer* layer, const tn_call* call) {
  const int32_t low = layer->low - layer->out_zero, high = layer->high - layer->out_zero;
  const int32_t pitch = tn_wide_pitch(call->columns, call->out_gap);
  int16_t* channel = (int16_t*)(void*)call->out + call->out_gap;
  tn_clear_gaps(call, layer->out_channels);
  if (layer->low <= -128 && layer->high >= 127) return;
  for (int32_t c = layer->out_channels; c > 0; --c, channel += pitch) {
    for (int32_t x = 0; x < call->columns; ++x) {
      channel[x] = (int16_t)(channel[x] < low ? low : channel[x] > high ? high : channel[x]);
    }
  }
}

/* Columns x and x + 1 of all channels, or column x alone. */
static void turn_columns(const int8_t* from, int32_t channels, int32_t pitch, int32_t zero,
                         int32_t both, int16_t* to) {
  for (const int8_t* end = from + channels; from != end; ++from, to += pitch) {
    if (both) {
      tn_put_columns(to, from[0], from[channels], zero);
    } else {
      tn_put_column(to, 0, from[0], zero);
    }
  }
}

void tn_turn_row(const void* opaque, const tn_call* call) {
  const tn_turn_layer* layer = (const tn_turn_layer*)opaque;
  const int32_t channels = layer->channels, pitch = tn_wide_pitch(call->columns, call->out_gap);
  tn_call row; /* assigned as a whole it may become a call of the C library */
  row.window = call->window;
  row.inputs = call->inputs;
  row.out = layer->row;
  row.scratch = call->scratch;
  row.x = call->x;
  row.columns = call->columns;
  row.in_x = call->in_x;
  row.in_columns = call->in_columns;
  row.in_gap = call->in_gap;
  row.row = call->row;
  layer->kernel(layer->layer, &row);
  const int8_t* from = layer->row;
  int16_t* to = (int16_t*)(void*)call->out + call->out_gap;
  for (int32_t left = call->columns; left > 0; left -= 2, from += 2 * channels, to += 2) {
    turn_columns(from, channels, pitch, layer->zero, left > 1, to);
  }
  tn_clear_gaps(call, channels);
}

void tn_turn_add_row(const void* opaque, const tn_call* call) {
  const tn_turn_layer* layer = (const tn_turn_layer*)opaque;
  layer->add_row(layer->layer, call);
}
