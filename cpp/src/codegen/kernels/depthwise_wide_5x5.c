/* Depthwise convolution that reads wide rows, with a window of 5x5, one output row. */
#include "depthwise_wide_square.h"

#if TN_DSP

TN_DEPTHWISE_WIDE_KERNEL(tn_depthwise_wide_5x5, 5)

#else

static void sum_four(const tn_conv_layer* layer, const tn_wide_rows* rows, const int16_t* from,
                     const int8_t* w, int32_t* sums) {
  if (layer->stride_w == 1) {
    tn_sum_wide_window(5, 1, rows, from, w, sums);
  } else {
    tn_sum_wide_window(5, 2, rows, from, w, sums);
  }
}

void tn_depthwise_wide_5x5(const void* layer, const tn_call* call) {
  tn_depthwise_wide_by(layer, call, sum_four);
}

#endif
