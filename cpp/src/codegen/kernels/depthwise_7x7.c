/* Depthwise convolution with a window of 7x7, one output row. */
#include "depthwise_square.h"

void tn_depthwise_7x7(const void* layer, const tn_call* call) {
#if TN_DSP
  int32_t weights[2 * 7 * 4];
  tn_depthwise_square(layer, call, 7, weights);
#else
  tn_depthwise(layer, call);
#endif
}
