// How many networks a space holds, without listing them.
//
// A network is its resolution, the channels of stem, stages and head, the depths, and each block's
// kernel and mid channels. Kernels and depths never coincide; mid channels do when two ratios round
// to the same multiple, which depends on the block's input channels. So the count is a sum over
// chains of channels, carried stage by stage as "networks so far that end in c channels".

#include <algorithm>
#include <map>

#include "space/layout.h"

namespace tinynas {
namespace {

using CountByChannels = std::map<int, double>;

/// Distinct channels of a part: of all its choices, or the one that the global width has settled.
std::vector<int> distinct_channels(const SpaceLayout& space, const ChannelAxis& part,
                                   std::size_t width_choice) {
  if (space.width.gene >= 0 && part.width.gene == space.width.gene) {
    return {part.channels[width_choice]};
  }
  std::vector<int> channels = part.channels;  // ascends
  channels.erase(std::unique(channels.begin(), channels.end()), channels.end());
  return channels;
}

/// Kernels times distinct mid channels of one block.
double block_count(const SpaceLayout& space, const BlockAxes& block, int in_channels) {
  double mids = 0;
  for (std::size_t choice = 0; choice < block.expand.choices.size(); ++choice) {
    mids += space.lowest_expand(block.expand, choice, in_channels) == choice;
  }
  return mids * static_cast<double>(block.kernel.choices.size());
}

double stage_count(const SpaceLayout& space, const StageLayout& stage, int in_channels,
                   int out_channels) {
  double blocks = block_count(space, stage.blocks[0], in_channels);
  double sum = 0;
  std::size_t depth = 1;
  for (const double choice : stage.depth.choices) {
    for (; depth < static_cast<std::size_t>(choice); ++depth) {
      blocks *= block_count(space, stage.blocks[depth], out_channels);
    }
    sum += blocks;
  }
  return sum;
}

double count_at_width(const SpaceLayout& space, std::size_t width_choice) {
  CountByChannels counts;
  for (const int channels : distinct_channels(space, space.stem, width_choice)) {
    counts[channels] = 1;
  }
  for (const StageLayout& stage : space.stages) {
    CountByChannels next;
    for (const int out : distinct_channels(space, stage.out, width_choice)) {
      for (const auto& [in, count] : counts)
        next[out] += count * stage_count(space, stage, in, out);
    }
    counts = std::move(next);
  }
  double sum = 0;
  for (const auto& [channels, count] : counts) sum += count;
  return sum * static_cast<double>(distinct_channels(space, space.head, width_choice).size());
}

}  // namespace

double SearchSpace::cardinality() const {
  const SpaceLayout& space = *layout_;
  double sum = 0;
  for (std::size_t choice = 0; choice < space.width.choices.size(); ++choice) {
    // Width choices that round to the same channels everywhere are one.
    const bool distinct =
        space.width.gene < 0 || space.gene_info[space.width.gene].lowest[choice] == choice;
    if (distinct) sum += count_at_width(space, choice);
  }
  return sum * static_cast<double>(space.resolution.choices.size());
}

}  // namespace tinynas
