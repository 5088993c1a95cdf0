/* Depthwise convolution with a window of 5x5, one output row. */
#include "depthwise.h"
#include "depthwise_square.h"

#if TN_DSP

TN_DEPTHWISE_KERNEL(tn_depthwise_5x5, 5)

#else

static void sum_four(const tn_conv_layer* layer, const int16_t* row, int32_t pitch, const int8_t* w,
                     int32_t* sums) {
  if (layer->stride_w == 1) {
    tn_sum_window(5, 5, 1, row, pitch, w, sums);
  } else {
    tn_sum_window(5, 5, 2, row, pitch, w, sums);
  }
}

void tn_depthwise_5x5(const void* layer, const tn_call* call) {
  tn_depthwise_by(layer, call, sum_four);
}

#endif
