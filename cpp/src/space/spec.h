#pragma once
// A search-space file as plain values, checked but not yet laid out as genes.

#include <string>
#include <vector>

namespace tinynas {

/// Channels of one part at width 1, and the width multipliers of its own gene.
struct ChannelSpec {
  int channels = 0;
  std::vector<double> width;  ///< empty: follows the space's global width
};

struct BlockSpec {
  std::vector<double> kernel, expand;
};

struct StageSpec {
  ChannelSpec out;
  int stride = 1;  ///< of the first block; the others have 1
  std::vector<double> depth;
  std::vector<BlockSpec> blocks;  ///< one for all blocks, or one for each of the greatest depth
  const BlockSpec& block(std::size_t index) const {
    return blocks.size() == 1 ? blocks.front() : blocks[index];
  }
};

/// What search_spaces/README.md describes.
struct SpaceSpec {
  std::string name, description;
  int image_channels = 3, classes = 0;
  std::vector<double> resolutions;
  int channel_divisor = 8;
  std::vector<double> width{1.0};
  ChannelSpec stem;
  int stem_kernel = 3, stem_stride = 2;
  std::vector<StageSpec> stages;
  ChannelSpec head;  ///< channels 0: the space has no head
};

inline constexpr int kMaxClasses = 100'000;

/// Throws BadInput "FILE:LINE: KEY: ..." on anything that the schema or slicing forbids.
SpaceSpec parse_space(const std::string& toml_text, const std::string& source);

/// TOML that parses to an equal spec. Without name and description it is what the space's hash
/// covers.
std::string space_to_toml(const SpaceSpec& spec, bool with_name);

/// Shortest decimal that reads back as the same double: 24, 0.35.
std::string format_number(double value);

/// `value` rounded to a multiple of `divisor`, at least `divisor`, and never below 90 % of `value`
/// (the rule of MobileNetV2). Ascends with `value`.
int make_divisible(double value, int divisor);

}  // namespace tinynas
