#include "supernet/phase_sampler.h"

#include <algorithm>

namespace tinynas {
namespace {

constexpr int kAttempts = 100;

}  // namespace

std::string axis_of(const Gene& gene) {
  const std::size_t dot = gene.name.rfind('.');
  return dot == std::string::npos ? gene.name : gene.name.substr(dot + 1);
}

std::uint8_t least_choice(const Gene& gene, const std::map<std::string, int>& elastic) {
  const auto found = elastic.find(axis_of(gene));
  const int below = found == elastic.end() ? 0 : found->second;
  return static_cast<std::uint8_t>(std::max(0, static_cast<int>(gene.choices.size()) - 1 - below));
}

PhaseSampler::PhaseSampler(const SearchSpace& space, const TrainingPhase& phase,
                           bool resolution_per_batch,
                           const std::function<bool(const Subnet&)>& accepts)
    : space_(space),
      phase_(phase),
      resolution_per_batch_(resolution_per_batch),
      accepts_(accepts),
      largest_(space.largest()) {
  const std::vector<Gene>& genes = space.genes();
  for (std::size_t i = 0; i < genes.size(); ++i) {
    smallest_.push_back(least_choice(genes[i], phase.elastic));
    if (genes[i].name == "resolution") resolution_gene_ = i;
  }
}

Subnet PhaseSampler::subnet(Genotype genotype, std::optional<std::uint8_t> resolution) const {
  if (resolution && resolution_gene_) genotype[*resolution_gene_] = *resolution;
  return space_.decode(space_.canonical(std::move(genotype)));
}

Subnet PhaseSampler::draw_one(Rng& rng, std::optional<std::uint8_t> resolution) const {
  Subnet drawn;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    Genotype genotype(smallest_.size());
    for (std::size_t i = 0; i < genotype.size(); ++i) {
      const auto choices = static_cast<std::uint32_t>(space_.genes()[i].choices.size());
      genotype[i] = static_cast<std::uint8_t>(smallest_[i] + rng.below(choices - smallest_[i]));
    }
    drawn = subnet(std::move(genotype), resolution);
    if (!accepts_ || accepts_(drawn)) break;
  }
  return drawn;
}

std::optional<std::uint8_t> PhaseSampler::draw_resolution(Rng& rng) const {
  if (!resolution_gene_) return {};
  const std::size_t gene = *resolution_gene_;
  const auto choices = static_cast<std::uint32_t>(space_.genes()[gene].choices.size());
  return static_cast<std::uint8_t>(smallest_[gene] + rng.below(choices - smallest_[gene]));
}

std::vector<std::vector<Subnet>> PhaseSampler::draw(Rng& rng, int candidates) const {
  std::optional<std::uint8_t> resolution;
  if (resolution_per_batch_) resolution = draw_resolution(rng);
  const auto resized = [&](const Genotype& genotype) {
    return subnet(genotype, resolution ? resolution : draw_resolution(rng));
  };
  std::vector<std::vector<Subnet>> list;
  if (phase_.largest) list.push_back({subnet(largest_, resolution)});
  if (phase_.smallest) list.push_back({subnet(smallest_, resolution)});
  if (phase_.largest_resized) list.push_back({resized(largest_)});
  if (phase_.smallest_resized) list.push_back({resized(smallest_)});
  for (int i = 0; i < phase_.random_subnets; ++i) {
    list.emplace_back();
    for (int k = 0; k < candidates; ++k) list.back().push_back(draw_one(rng, resolution));
  }
  return list;
}

}  // namespace tinynas
