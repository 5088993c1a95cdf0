#pragma once
// Shares as people read them.

#include <string>

namespace tinynas {

/// A share of 1 as "92.94 %", with `digits` behind the point.
std::string percent_text(double share, int digits);

}  // namespace tinynas
