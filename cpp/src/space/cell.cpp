// One resolution and one width of a space: what space optimisation ranks.

#include <cmath>

#include "space/layout.h"
#include "tinynas/error.h"

namespace tinynas {
namespace {

/// As people would write it in a file: 0.06, not the product 0.2 * 0.3 to the last bit.
double rounded(double width) {
  constexpr double kDecimals = 1e6;
  return std::round(width * kDecimals) / kDecimals;
}

}  // namespace

SearchSpace SearchSpace::cell(int resolution, double multiplier) const {
  const double width = rounded(multiplier);
  SpaceSpec spec = layout_->spec;
  const std::string label = "w" + format_number(width) + "-r" + std::to_string(resolution);
  spec.name += "-" + label;
  spec.description = "cell " + label + " of " + layout_->spec.name;
  spec.resolutions = {static_cast<double>(resolution)};
  // The gene's choices are what cells are made of; a width that is fixed is part of the space.
  spec.width = {spec.width.size() > 1 ? width : rounded(spec.width.front() * width)};
  std::vector<ChannelSpec*> parts{&spec.stem, &spec.head};
  for (StageSpec& stage : spec.stages) parts.push_back(&stage.out);
  for (ChannelSpec* part : parts) {
    for (double& own : part->width) own = rounded(own * width);
  }
  // What the file format forbids, no cell may have either: it will be written and read again.
  try {
    return parse(space_to_toml(spec, true), spec.name);
  } catch (const BadInput& error) {
    throw BadInput("space '" + name() + "' has no cell of width " + format_number(width) + " at " +
                   std::to_string(resolution) + " px: " + error.what());
  }
}

}  // namespace tinynas
