#pragma once
// The range of values that an activation's 256 steps cover.

#include "tinynas/quantize.h"

namespace tinynas {

struct ActivationRange {
  float low = 0, high = 0;  ///< low <= 0 <= high
};
ActivationRange choose_range(const ActivationStatistics& statistics, RangeMethod method);

/// Scale and zero point that cover a range; zero is exact.
void set_quantisation(const ActivationRange& range, Tensor& tensor);

}  // namespace tinynas
