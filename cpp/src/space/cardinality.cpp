// How many networks a space holds, without listing them.
//
// A network is its resolution, the channels of stem, stages and head, the depths, and each block's
// kernel and mid channels. Kernels and depths never coincide; mid channels do when two ratios round
// to the same multiple, which depends on the block's input channels. So the count is a sum over
// chains of channels, carried stage by stage as "networks so far that end in c channels".

#include <map>
#include <set>

#include "space/layout.h"

namespace tinynas {
namespace {

using CountByChannels = std::map<int, double>;

/// The choices that are left of each axis.
class Choices {
 public:
  Choices(const SpaceLayout& space, const std::vector<std::int16_t>& frozen)
      : space_(space), frozen_(frozen) {}

  std::vector<std::size_t> of(const Axis& axis) const {
    const auto gene = static_cast<std::size_t>(axis.gene);
    if (axis.gene >= 0 && !frozen_.empty() && frozen_[gene] >= 0) {
      return {static_cast<std::size_t>(frozen_[gene])};
    }
    std::vector<std::size_t> all(axis.choices.size());
    for (std::size_t choice = 0; choice < all.size(); ++choice) all[choice] = choice;
    return all;
  }

  /// Distinct channels of a part: of all its choices, or the one that the global width has settled.
  std::set<int> channels(const ChannelAxis& part, std::size_t width_choice) const {
    if (space_.width.gene >= 0 && part.width.gene == space_.width.gene) {
      return {part.channels[width_choice]};
    }
    if (part.width.gene < 0) return {part.channels.begin(), part.channels.end()};
    std::set<int> distinct;
    for (const std::size_t choice : of(part.width)) distinct.insert(part.channels[choice]);
    return distinct;
  }

  /// Kernels times distinct mid channels of one block.
  double block_count(const BlockAxes& block, int in_channels) const {
    std::set<int> mids;
    for (const std::size_t choice : of(block.expand)) {
      mids.insert(space_.mid_channels(in_channels, block.expand.choices[choice]));
    }
    return static_cast<double>(mids.size()) * static_cast<double>(of(block.kernel).size());
  }

  double stage_count(const StageLayout& stage, int in_channels, int out_channels) const {
    double blocks = block_count(stage.blocks[0], in_channels);
    double sum = 0;
    std::size_t depth = 1;
    for (const std::size_t choice : of(stage.depth)) {
      for (; depth < static_cast<std::size_t>(stage.depth.choices[choice]); ++depth) {
        blocks *= block_count(stage.blocks[depth], out_channels);
      }
      sum += blocks;
    }
    return sum;
  }

  double count_at_width(std::size_t width_choice) const {
    CountByChannels counts;
    for (const int stem : channels(space_.stem, width_choice)) counts[stem] = 1;
    for (const StageLayout& stage : space_.stages) {
      CountByChannels next;
      for (const int out : channels(stage.out, width_choice)) {
        for (const auto& [in, count] : counts) next[out] += count * stage_count(stage, in, out);
      }
      counts = std::move(next);
    }
    double sum = 0;
    for (const auto& [last, count] : counts) sum += count;
    return sum * static_cast<double>(channels(space_.head, width_choice).size());
  }

 private:
  const SpaceLayout& space_;
  const std::vector<std::int16_t>& frozen_;
};

}  // namespace

double SearchSpace::cardinality() const {
  const SpaceLayout& space = *layout_;
  const Choices choices(space, frozen_);
  double sum = 0;
  // Width choices that round to the same channels everywhere are one.
  std::set<std::size_t> widths;
  for (const std::size_t choice : choices.of(space.width)) {
    const bool fixed = space.width.gene < 0;
    widths.insert(fixed ? choice : space.gene_info[space.width.gene].lowest[choice]);
  }
  for (const std::size_t choice : widths) sum += choices.count_at_width(choice);
  return sum * static_cast<double>(choices.of(space.resolution).size());
}

}  // namespace tinynas
