#include "space/layout.h"

#include <cstdio>

#include "tinynas/error.h"

namespace tinynas {

SpaceLayout::SpaceLayout(SpaceSpec parsed) : spec(std::move(parsed)) {
  toml_text = space_to_toml(spec, true);
  const std::string identity = space_to_toml(spec, false);
  char digits[17];
  std::snprintf(digits, sizeof digits, "%016llx",
                static_cast<unsigned long long>(hash_bytes(identity.data(), identity.size())));
  hash = digits;

  // The order matters: whether a gene is active, and which of its choices are equal, depends on
  // genes before it alone. enumerate() relies on that.
  resolution = add_axis("resolution", spec.resolutions);
  width = add_axis("width", spec.width);
  stem = add_channels("stem.width", spec.stem);
  for (std::size_t s = 0; s < spec.stages.size(); ++s) {
    const StageSpec& from = spec.stages[s];
    const std::string prefix = "stage" + std::to_string(s) + ".";
    StageLayout stage;
    stage.stride = from.stride;
    stage.out = add_channels(prefix + "width", from.out);
    stage.depth = add_axis(prefix + "depth", from.depth);
    for (int b = 0; b < static_cast<int>(from.depth.back()); ++b) {
      const std::string block = prefix + "block" + std::to_string(b) + ".";
      GeneInfo info{false, static_cast<int>(s), b, {}};
      BlockAxes axes;
      axes.kernel = add_axis(block + "kernel", from.block(b).kernel, info);
      info.expand = true;
      axes.expand = add_axis(block + "expand", from.block(b).expand, info);
      stage.blocks.push_back(std::move(axes));
    }
    stages.push_back(std::move(stage));
  }
  if (spec.head.channels > 0) {
    head = add_channels("head.width", spec.head);
  } else {
    head.channels = {0};
  }
  merge_equal_widths();
}

Axis SpaceLayout::add_axis(const std::string& name, const std::vector<double>& choices,
                           GeneInfo info) {
  Axis axis;
  axis.choices = choices;
  if (choices.size() < 2) return axis;
  axis.gene = static_cast<int>(genes.size());
  genes.push_back({name, choices});
  if (!info.expand) {
    for (std::size_t i = 0; i < choices.size(); ++i) {
      info.lowest.push_back(static_cast<std::uint8_t>(i));
    }
  }
  gene_info.push_back(std::move(info));
  return axis;
}

ChannelAxis SpaceLayout::add_channels(const std::string& name, const ChannelSpec& part) {
  ChannelAxis axis;
  axis.width = part.width.empty() ? width : add_axis(name, part.width);
  for (const double multiplier : axis.width.choices) {
    axis.channels.push_back(
        multiplier == 0 ? 0 : make_divisible(part.channels * multiplier, spec.channel_divisor));
  }
  return axis;
}

void SpaceLayout::merge_equal_widths() {
  std::vector<const ChannelAxis*> parts{&stem, &head};
  for (const StageLayout& stage : stages) parts.push_back(&stage.out);
  std::vector<bool> is_width(genes.size(), false);
  for (const ChannelAxis* part : parts) {
    if (part->width.gene >= 0) is_width[part->width.gene] = true;
  }
  for (std::size_t gene = 0; gene < genes.size(); ++gene) {
    if (!is_width[gene]) continue;
    std::vector<std::uint8_t>& lowest = gene_info[gene].lowest;
    for (std::size_t choice = 1; choice < lowest.size(); ++choice) {
      // Channels ascend with the choice, so equal ones are neighbours.
      bool same = true;
      for (const ChannelAxis* part : parts) {
        if (part->width.gene == static_cast<int>(gene)) {
          same = same && part->channels[choice] == part->channels[choice - 1];
        }
      }
      if (same) lowest[choice] = lowest[choice - 1];
    }
  }
}

int SpaceLayout::mid_channels(int in_channels, double ratio) const {
  return ratio == 1 ? in_channels : make_divisible(in_channels * ratio, spec.channel_divisor);
}

std::size_t SpaceLayout::lowest_expand(const Axis& expand, std::size_t choice,
                                       int in_channels) const {
  const int mid = mid_channels(in_channels, expand.choices[choice]);
  while (choice > 0 && mid_channels(in_channels, expand.choices[choice - 1]) == mid) --choice;
  return choice;
}

int SpaceLayout::block_in_channels(const Genotype& genotype, int stage, int block) const {
  if (block > 0) return stages[stage].out.value(genotype);
  return stage > 0 ? stages[stage - 1].out.value(genotype) : stem.value(genotype);
}

bool SpaceLayout::is_active(const Genotype& genotype, std::size_t gene) const {
  const GeneInfo& info = gene_info[gene];
  return info.block < 0 || info.block < stages[info.stage].depth.value(genotype);
}

void SpaceLayout::check(const Genotype& genotype) const {
  if (genotype.size() != genes.size()) {
    throw BadInput("a genotype of " + std::to_string(genotype.size()) + " genes is not of space '" +
                   spec.name + "', which has " + std::to_string(genes.size()));
  }
  for (std::size_t gene = 0; gene < genes.size(); ++gene) {
    if (genotype[gene] >= genes[gene].choices.size()) {
      throw BadInput("gene '" + genes[gene].name + "' of space '" + spec.name + "' has " +
                     std::to_string(genes[gene].choices.size()) + " choices, not choice " +
                     std::to_string(genotype[gene]));
    }
  }
}

void SpaceLayout::make_canonical(Genotype& genotype) const {
  for (std::size_t gene = 0; gene < genes.size(); ++gene) {
    const GeneInfo& info = gene_info[gene];
    if (!is_active(genotype, gene)) {
      genotype[gene] = 0;
    } else if (info.expand) {
      genotype[gene] = static_cast<std::uint8_t>(
          lowest_expand(stages[info.stage].blocks[info.block].expand, genotype[gene],
                        block_in_channels(genotype, info.stage, info.block)));
    } else {
      genotype[gene] = info.lowest[genotype[gene]];
    }
  }
}

}  // namespace tinynas
