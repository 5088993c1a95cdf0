#include "tinynas/version.h"

namespace tinynas {

std::string version() { return TINYNAS_VERSION; }

}  // namespace tinynas
