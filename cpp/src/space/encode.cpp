// From a network back to its genes, naming what the space does not have.

#include <algorithm>

#include "space/layout.h"
#include "tinynas/error.h"

namespace tinynas {
namespace {

class Encoder {
 public:
  explicit Encoder(const SpaceLayout& space) : space_(space), genotype_(space.genes.size(), 0) {}

  Genotype encode(const Subnet& subnet) {
    set(space_.resolution, find(space_.resolution.choices, subnet.resolution, "resolution"));
    encode_widths(subnet);
    for (std::size_t s = 0; s < space_.stages.size(); ++s) {
      encode_stage(subnet, static_cast<int>(s));
    }
    space_.make_canonical(genotype_);
    return genotype_;
  }

  [[noreturn]] void fail(const std::string& what) const {
    throw BadInput("the subnet is not in space '" + space_.spec.name + "': " + what);
  }

 private:
  void set(const Axis& axis, std::size_t choice) {
    if (axis.gene >= 0) genotype_[axis.gene] = static_cast<std::uint8_t>(choice);
  }

  template <typename Value>
  std::size_t find(const std::vector<Value>& choices, Value wanted, const std::string& what) const {
    const auto at = std::find(choices.begin(), choices.end(), wanted);
    if (at != choices.end()) return static_cast<std::size_t>(at - choices.begin());
    std::string list;
    for (const Value choice : choices) {
      list += (list.empty() ? "" : ", ") + format_number(static_cast<double>(choice));
    }
    fail(what + " is " + format_number(static_cast<double>(wanted)) + ", choices are " + list);
  }
  std::size_t find(const std::vector<double>& choices, int wanted, const std::string& what) const {
    return find(choices, static_cast<double>(wanted), what);
  }

  /// Parts that share the global width must agree on one choice of it.
  void encode_widths(const Subnet& subnet) {
    struct Part {
      const ChannelAxis* axis;
      int channels;
      std::string what;
    };
    std::vector<Part> parts{{&space_.stem, subnet.stem_channels, "stem.channels"},
                            {&space_.head, subnet.head_channels, "head.channels"}};
    for (const Block& block : subnet.blocks) {
      if (block.stage < 0 || block.stage >= static_cast<int>(space_.stages.size())) {
        fail("it has stage " + std::to_string(block.stage) + ", the space has " +
             std::to_string(space_.stages.size()) + " from 0 on");
      }
      parts.push_back({&space_.stages[block.stage].out, block.out_channels,
                       "stage" + std::to_string(block.stage) + ".channels"});
    }
    for (const Part& part : parts) {
      set(part.axis->width, find(part.axis->channels, part.channels, part.what));
    }
    if (space_.width.gene < 0) return;
    for (std::size_t choice = 0; choice < space_.width.choices.size(); ++choice) {
      const bool all = std::all_of(parts.begin(), parts.end(), [&](const Part& part) {
        return part.axis->width.gene != space_.width.gene ||
               part.axis->channels[choice] == part.channels;
      });
      if (all) return set(space_.width, choice);
    }
    fail("no single width multiplier gives its channels");
  }

  void encode_stage(const Subnet& subnet, int s) {
    const StageLayout& stage = space_.stages[s];
    const std::string name = "stage" + std::to_string(s);
    const auto depth = std::count_if(subnet.blocks.begin(), subnet.blocks.end(),
                                     [&](const Block& block) { return block.stage == s; });
    set(stage.depth, find(stage.depth.choices, static_cast<int>(depth), name + ".depth"));
    for (const Block& block : subnet.blocks) {
      if (block.stage != s) continue;
      const std::string what = name + ".block" + std::to_string(block.index);
      if (block.index < 0 || block.index >= depth) fail(what + " lies beyond the stage's depth");
      const BlockAxes& axes = stage.blocks[block.index];
      set(axes.kernel, find(axes.kernel.choices, block.kernel, what + ".kernel"));
      std::vector<int> mids;
      for (const double ratio : axes.expand.choices) {
        mids.push_back(space_.mid_channels(block.in_channels, ratio));
      }
      set(axes.expand, find(mids, block.mid_channels, what + ".mid_channels"));
    }
  }

  const SpaceLayout& space_;
  Genotype genotype_;
};

/// The first field in which the network of the genes found still differs from `wanted`, or "".
/// Expand ratios are not compared: ratios that give the same mid channels are one network.
std::string first_difference(const Subnet& found, const Subnet& wanted) {
  const auto differ = [](const std::string& what, int has, int needs) {
    return what + " is " + std::to_string(needs) + ", the space has " + std::to_string(has);
  };
  if (found.image_channels != wanted.image_channels) {
    return differ("image_channels", found.image_channels, wanted.image_channels);
  }
  if (found.classes != wanted.classes) return differ("classes", found.classes, wanted.classes);
  if (found.stem_kernel != wanted.stem_kernel) {
    return differ("stem.kernel", found.stem_kernel, wanted.stem_kernel);
  }
  if (found.stem_stride != wanted.stem_stride) {
    return differ("stem.stride", found.stem_stride, wanted.stem_stride);
  }
  for (std::size_t i = 0; i < found.blocks.size(); ++i) {
    const Block &has = found.blocks[i], &needs = wanted.blocks[i];
    const std::string what =
        "stage" + std::to_string(needs.stage) + ".block" + std::to_string(needs.index);
    if (has.stage != needs.stage || has.index != needs.index) {
      return what + " is not where it belongs in the order of blocks";
    }
    if (has.stride != needs.stride) return differ(what + ".stride", has.stride, needs.stride);
    if (has.in_channels != needs.in_channels) {
      return differ(what + ".in_channels", has.in_channels, needs.in_channels);
    }
    if (has.out_channels != needs.out_channels) {
      return differ(what + ".out_channels", has.out_channels, needs.out_channels);
    }
    if (has.residual != needs.residual) {
      return what + (has.residual ? " lacks its shortcut" : " cannot have a shortcut");
    }
    if ((has.expand_ratio == 1) != (needs.expand_ratio == 1)) {
      return what + (has.expand_ratio == 1 ? " has no expand convolution in the space"
                                           : " has an expand convolution in the space");
    }
  }
  return "";
}

}  // namespace

Genotype SearchSpace::encode(const Subnet& subnet) const {
  Encoder encoder(*layout_);
  Genotype genotype = encoder.encode(subnet);
  const std::string difference = first_difference(decode(genotype), subnet);
  if (!difference.empty()) encoder.fail(difference);
  return genotype;
}

}  // namespace tinynas
