/* Depthwise convolution with a window of 5x5, one output row. */
#include "depthwise_square.h"

void tn_depthwise_5x5(const void* layer, const tn_call* call) {
#if TN_DSP
  int32_t weights[2 * 5 * 3];
  tn_depthwise_square(layer, call, 5, weights);
#else
  tn_depthwise(layer, call);
#endif
}
