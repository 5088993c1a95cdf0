#include "base/toml_names.h"

#include <algorithm>
#include <filesystem>

namespace tinynas {

std::vector<std::string> toml_names(const std::string& folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".toml") names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace tinynas
