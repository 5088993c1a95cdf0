#pragma once
// A search space as tables: which gene drives which axis, and what each choice means. Internal to
// this module.

#include <cstdint>
#include <string>
#include <vector>

#include "space/spec.h"
#include "tinynas/search_space.h"

namespace tinynas {

/// One axis of the network. Without a gene it has one choice.
struct Axis {
  int gene = -1;
  std::vector<double> choices;
  std::size_t choice(const Genotype& genotype) const { return gene < 0 ? 0 : genotype[gene]; }
  double value(const Genotype& genotype) const { return choices[choice(genotype)]; }
};

/// Output channels of stem, stage or head. Parts that follow the global width share its axis.
struct ChannelAxis {
  Axis width;
  std::vector<int> channels;  ///< by choice of `width`; ascending, repeats are possible
  int value(const Genotype& genotype) const { return channels[width.choice(genotype)]; }
};

struct BlockAxes {
  Axis kernel, expand;
};

struct StageLayout {
  int stride = 1;
  ChannelAxis out;
  Axis depth;
  std::vector<BlockAxes> blocks;  ///< as many as the greatest depth
};

struct GeneInfo {
  bool expand = false;
  int stage = -1, block = -1;  ///< of a block's genes, else -1
  /// Lowest choice with the same effect, by choice; empty where it depends on other genes (expand).
  std::vector<std::uint8_t> lowest;
};

struct SpaceLayout {
  SpaceSpec spec;
  std::string hash, toml_text;
  std::vector<Gene> genes;
  std::vector<GeneInfo> gene_info;
  Axis resolution, width;
  ChannelAxis stem, head;  ///< head.channels: 0 is none
  std::vector<StageLayout> stages;

  explicit SpaceLayout(SpaceSpec spec);

  /// Depthwise channels of a block: in_channels * ratio, made divisible; in_channels at ratio 1.
  int mid_channels(int in_channels, double ratio) const;
  /// Lowest choice of `expand` with as many mid channels as `choice`.
  std::size_t lowest_expand(const Axis& expand, std::size_t choice, int in_channels) const;
  int block_in_channels(const Genotype& genotype, int stage, int block) const;
  bool is_active(const Genotype& genotype, std::size_t gene) const;
  /// Throws BadInput on a wrong number of genes or a choice out of range.
  void check(const Genotype& genotype) const;
  /// `genotype` has passed check().
  void make_canonical(Genotype& genotype) const;

 private:
  Axis add_axis(const std::string& name, const std::vector<double>& choices, GeneInfo info = {});
  ChannelAxis add_channels(const std::string& name, const ChannelSpec& part);
  void merge_equal_widths();
};

}  // namespace tinynas
