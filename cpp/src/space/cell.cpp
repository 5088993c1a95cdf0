// One resolution and one width of a space: what space optimisation ranks.

#include <algorithm>
#include <cmath>

#include "space/layout.h"
#include "tinynas/error.h"

namespace tinynas {
namespace {

/// Products as people would write them: 0.2 * 0.3 is 0.06 in a file. Every choice stays one of its
/// own, so that 0, which means no head, stays 0.
std::vector<double> scaled(const std::vector<double>& own, double width) {
  constexpr double kDecimals = 1e6;
  std::vector<double> product;
  for (const double choice : own) {
    product.push_back(std::round(choice * width * kDecimals) / kDecimals);
  }
  return product;
}

}  // namespace

SearchSpace SearchSpace::cell(int resolution, double width) const {
  SpaceSpec spec = layout_->spec;
  const std::string label = "w" + format_number(width) + "-r" + std::to_string(resolution);
  spec.name += "-" + label;
  spec.description = "cell " + label + " of " + layout_->spec.name;
  spec.resolutions = {static_cast<double>(resolution)};
  spec.width = {width};
  std::vector<ChannelSpec*> parts{&spec.stem, &spec.head};
  for (StageSpec& stage : spec.stages) parts.push_back(&stage.out);
  for (ChannelSpec* part : parts) part->width = scaled(part->width, width);
  // What the file format forbids, no cell may have either: it will be written and read again.
  return parse(space_to_toml(spec, true), spec.description);
}

}  // namespace tinynas
