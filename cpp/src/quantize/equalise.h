#pragma once
// Cross-layer equalisation.

#include <vector>

#include "tinynas/quantize.h"

namespace tinynas {

/// Scales channels between each convolution with ReLU and the depthwise convolution that is its
/// only reader (QuantiseOptions::equalise); statistics follow.
void equalise_channels(FloatNetwork& network, std::vector<ActivationStatistics>& statistics);

}  // namespace tinynas
