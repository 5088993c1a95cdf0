#include "base/percent.h"

#include <cstdio>

namespace tinynas {

std::string percent_text(double share, int digits) {
  char text[32];
  std::snprintf(text, sizeof text, "%.*f %%", digits, 100 * share);
  return text;
}

}  // namespace tinynas
