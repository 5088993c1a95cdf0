#include "int8/requantize.h"

#include <cmath>

namespace tinynas {

Requantizer make_requantizer(double factor) {
  if (factor == 0) return {};
  Requantizer result;
  int shift = 0;
  const double fraction = std::frexp(factor, &shift);
  auto fixed = static_cast<std::int64_t>(std::round(fraction * static_cast<double>(1LL << 31)));
  if (fixed == (1LL << 31)) {
    fixed /= 2;
    ++shift;
  }
  if (shift < -31) return {};  // less than any int32 times the factor could show
  result.multiplier = static_cast<std::int32_t>(fixed);
  result.shift = shift;
  return result;
}

}  // namespace tinynas
