#include "tinynas/search_space.h"

#include <algorithm>
#include <cstdio>

#include "base/files.h"
#include "base/toml_names.h"
#include "space/layout.h"
#include "tinynas/error.h"

namespace tinynas {

SearchSpace SearchSpace::load_file(const std::string& path) { return parse(read_file(path), path); }

SearchSpace SearchSpace::parse(const std::string& toml_text, const std::string& source) {
  return SearchSpace(std::make_shared<const SpaceLayout>(parse_space(toml_text, source)));
}

SearchSpace SearchSpace::find(const std::string& name_or_path) {
  if (name_or_path.ends_with(".toml")) return load_file(name_or_path);
  const std::vector<std::string> names = list_names();
  if (std::find(names.begin(), names.end(), name_or_path) == names.end()) {
    throw BadInput("no search space is called '" + name_or_path + "'" +
                   did_you_mean(name_or_path, names) +
                   "; `tinynas spaces list` shows all, and a path that ends in .toml is read as a "
                   "file");
  }
  return load_file(data_dir() + "/search_spaces/" + name_or_path + ".toml");
}

std::vector<std::string> SearchSpace::list_names() {
  return toml_names(data_dir() + "/search_spaces");
}

SearchSpace SearchSpace::with_classes(int classes) const {
  if (classes < 2 || classes > kMaxClasses) {
    throw BadInput("a network needs between 2 and 100000 classes, not " + std::to_string(classes));
  }
  SpaceSpec spec = layout_->spec;
  spec.classes = classes;
  return SearchSpace(std::make_shared<const SpaceLayout>(std::move(spec)));
}

const std::string& SearchSpace::name() const { return layout_->spec.name; }
const std::string& SearchSpace::description() const { return layout_->spec.description; }
int SearchSpace::image_channels() const { return layout_->spec.image_channels; }
int SearchSpace::classes() const { return layout_->spec.classes; }
const std::string& SearchSpace::hash() const { return layout_->hash; }
const std::string& SearchSpace::toml_text() const { return layout_->toml_text; }
const std::vector<Gene>& SearchSpace::genes() const { return layout_->genes; }

Genotype SearchSpace::smallest() const { return held(Genotype(genes().size(), 0)); }

Genotype SearchSpace::largest() const {
  Genotype genotype;
  for (const Gene& gene : genes()) {
    genotype.push_back(static_cast<std::uint8_t>(gene.choices.size() - 1));
  }
  return held(std::move(genotype));
}

Genotype SearchSpace::canonical(Genotype genotype) const {
  layout_->check(genotype);
  layout_->make_canonical(genotype);
  return genotype;
}

bool SearchSpace::is_active(const Genotype& genotype, std::size_t gene) const {
  layout_->check(genotype);
  return layout_->is_active(genotype, gene);
}

Subnet SearchSpace::decode(const Genotype& genotype) const {
  layout_->check(genotype);
  const SpaceLayout& space = *layout_;
  Subnet subnet;
  subnet.resolution = static_cast<int>(space.resolution.value(genotype));
  subnet.image_channels = space.spec.image_channels;
  subnet.classes = space.spec.classes;
  subnet.stem_channels = space.stem.value(genotype);
  subnet.stem_kernel = space.spec.stem_kernel;
  subnet.stem_stride = space.spec.stem_stride;
  subnet.head_channels = space.head.value(genotype);
  int channels = subnet.stem_channels;
  for (std::size_t s = 0; s < space.stages.size(); ++s) {
    const StageLayout& stage = space.stages[s];
    const int depth = static_cast<int>(stage.depth.value(genotype));
    for (int b = 0; b < depth; ++b) {
      const BlockAxes& axes = stage.blocks[b];
      Block block;
      block.stage = static_cast<int>(s);
      block.index = b;
      block.kernel = static_cast<int>(axes.kernel.value(genotype));
      block.stride = b == 0 ? stage.stride : 1;
      // Ratios that round to equal channels are one network: the lowest stands for them.
      block.expand_ratio =
          axes.expand
              .choices[space.lowest_expand(axes.expand, axes.expand.choice(genotype), channels)];
      block.in_channels = channels;
      block.mid_channels = space.mid_channels(channels, block.expand_ratio);
      block.out_channels = stage.out.value(genotype);
      // The first block of a stage never has a shortcut: stages keep channel orders of their own.
      block.residual =
          block.index > 0 && block.stride == 1 && block.in_channels == block.out_channels;
      channels = block.out_channels;
      subnet.blocks.push_back(block);
    }
  }
  return subnet;
}

std::string SearchSpace::id(const Genotype& genotype) const {
  const Genotype genes = canonical(genotype);
  const std::uint64_t space = hash_bytes(hash().data(), hash().size());
  char digits[17];
  std::snprintf(digits, sizeof digits, "%016llx",
                static_cast<unsigned long long>(hash_bytes(genes.data(), genes.size(), space)));
  return digits;
}

std::string SearchSpace::print(const Genotype& genotype) const {
  layout_->check(genotype);
  std::string out;
  for (std::size_t gene = 0; gene < genes().size(); ++gene) {
    if (!layout_->is_active(genotype, gene)) continue;
    if (!out.empty()) out += ' ';
    out += genes()[gene].name + "=" + format_number(genes()[gene].choices[genotype[gene]]);
  }
  return out;
}

}  // namespace tinynas
