#include "search/engine_classes.h"

namespace tinynas {

std::vector<Proposal> EvolutionSearch::next_generation(int generation, int first_trial, int most) {
  const EvolutionOptions& evolution = options().evolution;
  if (const int unknown = unknown_of(evolution.population); generation == 0 && unknown > 0) {
    return random_generation(start(generation, first_trial, unknown, most), true);
  }
  Generation next = start(generation, first_trial, evolution.generation, most);
  std::vector<const Genotype*> parents;
  const auto seats = static_cast<std::size_t>(evolution.parents);
  for (const Trial* trial : ranked_trials(trials(), options().rank_by, seats)) {
    parents.push_back(&trial->proposal.candidate.genotype);
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
