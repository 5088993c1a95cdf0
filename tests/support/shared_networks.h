#pragma once
// The published layer tables, where this checkout has them beside it; tests of them are skipped
// where it has not.

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "catch.h"

namespace tinynas::testing {

/// Paths of reference/networks/*.json, by name; empty (with a warning) when there are none.
inline std::vector<std::string> shared_networks() {
  const auto folder = std::filesystem::path(TINYNAS_SHARED_DIR) / "reference" / "networks";
  std::vector<std::string> paths;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    if (entry.path().extension() == ".json") paths.push_back(entry.path().string());
  }
  std::sort(paths.begin(), paths.end());
  if (paths.empty()) WARN("skipped: no published networks in " << folder.string());
  return paths;
}

}  // namespace tinynas::testing
