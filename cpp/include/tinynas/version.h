#pragma once

#include <string>

namespace tinynas {

/// "0.1.0"
std::string version();
/// Version, compiler, build type, features and (with torch) torch's version and devices, one `key:
/// value` a line.
std::string version_details();

}  // namespace tinynas
