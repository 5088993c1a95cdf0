#include <algorithm>

#include "search/engine_classes.h"

namespace tinynas {

std::vector<Proposal> EvolutionSearch::next_generation(int generation, int first_trial, int most) {
  const EvolutionOptions& evolution = options().evolution;
  if (const int unknown = unknown_of(evolution.population); generation == 0 && unknown > 0) {
    return random_generation(start(generation, first_trial, unknown, most), true);
  }
  Generation next = start(generation, first_trial, evolution.generation, most);
  for (; seen_ < trials().size(); ++seen_) parents_.push_back(seen_);
  const auto rank = [&](std::size_t trial) {
    return rank_value(trials()[trial].measurement, options().rank_by);
  };
  std::sort(parents_.begin(), parents_.end(), [&](std::size_t a, std::size_t b) {
    return rank(a) != rank(b) ? rank(a) > rank(b) : a < b;
  });
  parents_.resize(std::min(parents_.size(), static_cast<std::size_t>(evolution.parents)));
  std::vector<const Genotype*> parents;
  for (const std::size_t trial : parents_) {
    parents.push_back(&trials()[trial].proposal.candidate.genotype);
  }
  const auto breed_one = [&](Rng& rng, int known, std::size_t place) {
    const bool mutation =
        static_cast<double>(place) < evolution.mutation_share * static_cast<double>(next.size());
    return breed(next.space(), parents, mutation, evolution.mutation_probability, rng, known);
  };
  next.fill_with_children(breed_one, trials(), options().rank_by);
  return next.take();
}

}  // namespace tinynas
