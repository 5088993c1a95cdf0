/* Depthwise convolution with a window of 5x5, one output row. */
#include "depthwise.h"
#include "depthwise_square.h"

#if TN_DSP
TN_DEPTHWISE_KERNEL(tn_depthwise_5x5, 5)
#else
void tn_depthwise_5x5(const void* layer, const tn_call* call) { tn_depthwise_of(layer, call, 5); }
#endif
