#pragma once
// Small random spaces, made to collide: few channels and coarse divisors, so that widths and ratios
// round to the same channels. And the whole raw product of a small space, collisions included.

#include <algorithm>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "space/spec.h"
#include "tinynas/search_space.h"

namespace tinynas::testing {

inline std::vector<double> pick(Rng& rng, const std::vector<double>& from, std::size_t most) {
  std::vector<double> values = from;
  rng.shuffle(values);
  values.resize(1 + rng.below(static_cast<std::uint32_t>(std::min(most, values.size()))));
  std::sort(values.begin(), values.end());
  return values;
}

inline const std::vector<double> kSomeWidths{0.25, 0.3, 0.5, 0.6, 0.75, 1.0, 1.3};

inline void draw_channels(Rng& rng, ChannelSpec& part) {
  part.channels = static_cast<int>(1 + rng.below(24));
  if (rng.chance(0.5)) part.width = pick(rng, kSomeWidths, 3);
}

/// TOML of a random space; its raw product may have any size.
inline std::string random_space_toml(Rng& rng) {
  SpaceSpec spec;
  spec.name = "random";
  spec.image_channels = rng.chance(0.5) ? 1 : 3;
  spec.classes = static_cast<int>(2 + rng.below(5));
  spec.resolutions = pick(rng, {8, 11, 16}, 2);
  spec.channel_divisor = std::vector<int>{1, 2, 4, 8}[rng.below(4)];
  spec.width = pick(rng, kSomeWidths, 4);
  draw_channels(rng, spec.stem);
  spec.stem_kernel = std::vector<int>{1, 3, 5}[rng.below(3)];
  spec.stem_stride = static_cast<int>(1 + rng.below(2));
  const std::size_t stages = 1 + rng.below(3);
  for (std::size_t s = 0; s < stages; ++s) {
    StageSpec stage;
    draw_channels(rng, stage.out);
    stage.stride = static_cast<int>(1 + rng.below(2));
    stage.depth = pick(rng, {1, 2, 3}, 2);
    const auto blocks = rng.chance(0.3) ? static_cast<std::size_t>(stage.depth.back()) : 1;
    for (std::size_t b = 0; b < blocks; ++b) {
      stage.blocks.push_back(
          {pick(rng, {1, 3, 5, 7}, 2),
           rng.chance(0.2) ? std::vector<double>{1} : pick(rng, {1.25, 1.5, 2, 3, 6}, 3)});
    }
    spec.stages.push_back(std::move(stage));
  }
  if (rng.chance(0.5)) {
    spec.head.channels = static_cast<int>(1 + rng.below(40));
    if (rng.chance(0.5)) spec.head.width = pick(rng, kSomeWidths, 3);
    const ChannelSpec& last = spec.stages.back().out;
    if (rng.chance(0.3)) {  // optional head: wide enough for every last stage
      spec.head.channels = 2 * last.channels + spec.channel_divisor;
      spec.head.width = {0, 1.3};
    }
  }
  return space_to_toml(spec, true);
}

inline double raw_product(const SearchSpace& space) {
  double product = 1;
  for (const Gene& gene : space.genes()) product *= static_cast<double>(gene.choices.size());
  return product;
}

/// A random space whose raw product is at most `most`.
inline SearchSpace random_space(Rng& rng, double most) {
  for (;;) {
    SearchSpace space = SearchSpace::parse(random_space_toml(rng), "random.toml");
    if (raw_product(space) <= most) return space;
  }
}

/// Every combination of choices, canonical or not.
inline void for_each_raw(const SearchSpace& space, const std::function<void(const Genotype&)>& f) {
  Genotype genotype(space.genes().size(), 0);
  for (;;) {
    f(genotype);
    std::size_t gene = 0;
    while (gene < genotype.size() && genotype[gene] + 1u == space.genes()[gene].choices.size()) {
      genotype[gene++] = 0;
    }
    if (gene == genotype.size()) return;
    ++genotype[gene];
  }
}

/// Lexicographic. Written out because GCC 12 warns of its own memcmp in std::less of byte vectors.
struct ByGenes {
  bool operator()(const Genotype& a, const Genotype& b) const {
    for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
      if (a[i] != b[i]) return a[i] < b[i];
    }
    return a.size() < b.size();
  }
};
using GenotypeSet = std::set<Genotype, ByGenes>;

/// Everything that makes two networks of a space differ. Ratios are left out: what they do is mid
/// channels.
inline std::vector<int> network_key(const Subnet& subnet) {
  std::vector<int> key{subnet.resolution, subnet.stem_channels, subnet.head_channels};
  for (const Block& block : subnet.blocks) {
    key.insert(key.end(), {block.stage, block.index, block.kernel, block.stride, block.in_channels,
                           block.mid_channels, block.out_channels, block.residual});
  }
  return key;
}

}  // namespace tinynas::testing
