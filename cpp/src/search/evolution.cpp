#include "search/engine_classes.h"

namespace tinynas {

std::vector<Proposal> EvolutionSearch::next_generation(int generation, int first_trial, int most) {
  const EvolutionOptions& evolution = options().evolution;
  if (generation == 0) {
    return random_generation(start(generation, first_trial, evolution.population, most), true);
  }
  Generation next = start(generation, first_trial, evolution.generation, most);
  std::vector<const Genotype*> parents;
  const std::vector<const Trial*> ranked = ranked_trials(trials(), options().rank_by);
  for (const Trial* trial : ranked) {
    if (parents.size() == static_cast<std::size_t>(evolution.parents)) break;
    parents.push_back(&trial->proposal.candidate.genotype);
  }
  for (std::size_t place = 0; place < next.size(); ++place) {
    const bool mutation =
        static_cast<double>(place) < evolution.mutation_share * static_cast<double>(next.size());
    auto drawn = next.child(
        place,
        [&](Rng& rng) {
          return breed(next.space(), parents, mutation, evolution.mutation_probability, rng);
        },
        /*shrink=*/false);
    if (drawn) next.propose(std::move(*drawn));
  }
  next.fill_nearby(ranked);
  return next.take();
}

}  // namespace tinynas
