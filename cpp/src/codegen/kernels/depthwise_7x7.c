/* Depthwise convolution with a window of 7x7, one output row. */
#include "depthwise.h"
#include "depthwise_square.h"

#if TN_DSP
TN_DEPTHWISE_KERNEL(tn_depthwise_7x7, 7)
#else
void tn_depthwise_7x7(const void* layer, const tn_call* call) { tn_depthwise_of(layer, call, 7); }
#endif
