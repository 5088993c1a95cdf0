#include "cli/space_suggestion.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <sstream>
#include <tuple>

#include "base/files.h"
#include "tinynas/search_space.h"

namespace tinynas {
namespace {

constexpr int kLargestSuggested = 224;
/// Fewer are a family that is scaled by hand, no space to train a supernet of.
constexpr double kFewestNetworks = 1000;

/// "[24, 32]": three quarters of what the images have, and all of it.
std::string resolutions_for(int side) {
  const int largest = std::clamp(side / 4 * 4, 8, kLargestSuggested);
  const int smaller = std::max(4, largest * 3 / 4 / 4 * 4);
  return "[" + std::to_string(smaller) + ", " + std::to_string(largest) + "]";
}

bool suits(int resolution, int side) {
  return resolution <= side + side / 4 && 2 * resolution >= std::min(side, kLargestSuggested);
}

}  // namespace

SpaceSuggestion suggest_space(const Dataset& data) {
  const int channels = data.train.channels, side = data.sizes.median_side;
  const auto classes = static_cast<int>(data.class_names.size());
  std::optional<std::tuple<bool, bool, double>> nearest;
  SpaceSuggestion suggestion;
  for (const std::string& name : SearchSpace::list_names()) {
    const SearchSpace space = SearchSpace::find(name);
    if (space.cardinality() < kFewestNetworks) continue;
    const int resolution = space.decode(space.largest()).resolution;
    const std::tuple<bool, bool, double> distance = {
        space.image_channels() != channels, space.classes() != classes,
        std::abs(std::log(static_cast<double>(resolution) / side))};
    if (nearest && *nearest <= distance) continue;
    nearest = distance;
    suggestion = {name, {}};
    const auto change = [&](const char* key, const std::string& value) {
      suggestion.changes.emplace_back(key, value);
    };
    if (space.image_channels() != channels) change("image_channels", std::to_string(channels));
    if (space.classes() != classes) change("classes", std::to_string(classes));
    if (data.audio) {
      // Sounds cannot be resized: their images have one size.
      const bool fixed = resolution == side && space.decode(space.smallest()).resolution == side;
      if (!fixed) change("resolutions", "[" + std::to_string(side) + "]");
    } else if (!suits(resolution, side)) {
      change("resolutions", resolutions_for(side));
    }
  }
  return suggestion;
}

std::string suggested_toml(const SpaceSuggestion& suggestion, const std::string& name) {
  const std::string path = data_dir() + "/search_spaces/" + suggestion.space + ".toml";
  std::vector<std::pair<std::string, std::string>> changes = suggestion.changes;
  changes.emplace_back("name", '"' + name + '"');
  std::istringstream lines(read_file(path));
  std::string text, line;
  bool in_head = true;  // the keys that change stand before the first table
  while (std::getline(lines, line)) {
    in_head = in_head && !line.starts_with('[');
    for (const auto& [key, value] : changes) {
      if (in_head && line.starts_with(key + " = ")) line = key + " = " + value;
    }
    text += line + "\n";
  }
  static_cast<void>(SearchSpace::parse(text, "a copy of " + path));
  return text;
}

}  // namespace tinynas
