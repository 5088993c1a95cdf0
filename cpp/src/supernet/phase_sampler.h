#pragma once
// The subnets of one training step: those that a phase names, drawn from what it leaves elastic.

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tinynas/rng.h"
#include "tinynas/search_space.h"
#include "tinynas/trainer.h"

namespace tinynas {

/// "kernel" of "stage2.block1.kernel".
std::string axis_of(const Gene& gene);
/// That `elastic` (as TrainingPhase::elastic) leaves a gene.
std::uint8_t least_choice(const Gene& gene, const std::map<std::string, int>& elastic);

class PhaseSampler {
 public:
  /// `accepts` may be empty, and must outlive the sampler.
  PhaseSampler(const SearchSpace& space, const TrainingPhase& phase, bool resolution_per_batch,
               const std::function<bool(const Subnet&)>& accepts);

  /// The largest subnet comes first where the phase trains it, then the smallest, then both at
  /// drawn resolutions; in the place of each random one stand `candidates`, drawn alike.
  std::vector<std::vector<Subnet>> draw(Rng& rng, int candidates = 1) const;

 private:
  /// Nothing in a space of one resolution.
  std::optional<std::uint8_t> draw_resolution(Rng& rng) const;
  Subnet subnet(Genotype genotype, std::optional<std::uint8_t> resolution) const;
  Subnet draw_one(Rng& rng, std::optional<std::uint8_t> resolution) const;

  const SearchSpace& space_;
  const TrainingPhase& phase_;
  bool resolution_per_batch_;
  const std::function<bool(const Subnet&)>& accepts_;
  Genotype smallest_, largest_;
  std::optional<std::size_t> resolution_gene_;
};

}  // namespace tinynas
