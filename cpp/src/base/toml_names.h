#pragma once
// What a folder of TOML files offers by name.

#include <string>
#include <vector>

namespace tinynas {

/// The stems of the *.toml files in `folder`, in alphabetical order.
std::vector<std::string> toml_names(const std::string& folder);

}  // namespace tinynas
