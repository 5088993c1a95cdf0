#pragma once
// Which shipped search space suits a data set.

#include <string>
#include <utility>
#include <vector>

#include "tinynas/dataset.h"

namespace tinynas {

/// The shipped space nearest to the data, and what to set in a copy of it, as TOML ("classes",
/// "2"). Without changes it fits as it is.
struct SpaceSuggestion {
  std::string space;
  std::vector<std::pair<std::string, std::string>> changes;
};

/// Nearest is: the same channels, then the same classes, then the nearest resolution to the median
/// of the images' shorter sides. Images are neither enlarged by more than a quarter nor reduced to
/// less than half without a word.
SpaceSuggestion suggest_space(const Dataset& data);

/// The suggested space as TOML: the shipped file, comments and all, with its changes and another
/// name. Throws BadInput for a name that no space can have.
std::string suggested_toml(const SpaceSuggestion& suggestion, const std::string& name);

}  // namespace tinynas
