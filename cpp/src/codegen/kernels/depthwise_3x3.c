/* Depthwise convolution with a window of 3x3, one output row. */
#include "depthwise.h"
#include "depthwise_square.h"

#if TN_DSP
TN_DEPTHWISE_KERNEL(tn_depthwise_3x3, 3)
#else
void tn_depthwise_3x3(const void* layer, const tn_call* call) { tn_depthwise_of(layer, call, 3); }
#endif
