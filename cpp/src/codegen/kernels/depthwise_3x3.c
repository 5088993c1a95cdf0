/* Depthwise convolution with a window of 3x3, one output row. */
#include "depthwise_square.h"

void tn_depthwise_3x3(const void* layer, const tn_call* call) {
#if TN_DSP
  int32_t weights[2 * 3 * 2];
  tn_depthwise_square(layer, call, 3, weights);
#else
  tn_depthwise(layer, call);
#endif
}
