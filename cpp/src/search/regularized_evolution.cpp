#include "search/engine_classes.h"

namespace tinynas {

std::vector<Proposal> RegularizedSearch::next_generation(int generation, int first_trial,
                                                         int most) {
  const RegularizedOptions& aging = options().regularized;
  if (const int unknown = unknown_of(aging.population); generation == 0 && unknown > 0) {
    return random_generation(start(generation, first_trial, unknown, most), true);
  }
  Generation next = start(generation, first_trial, aging.generation, most);
  // The population is the youngest trials; the older ones died.
  const auto members = std::min(trials().size(), static_cast<std::size_t>(aging.population));
  const auto population = std::span(trials()).last(members);
  const auto rank = [&](const Trial& trial) {
    return rank_value(trial.measurement, options().rank_by);
  };
  const auto breed_one = [&](Rng& rng, int, std::size_t) -> std::pair<Genotype, Origin> {
    const Trial* parent = nullptr;
    for (int draw = 0; draw < aging.sample; ++draw) {
      const Trial& drawn = population[rng.below(static_cast<std::uint32_t>(members))];
      if (parent == nullptr || rank(drawn) > rank(*parent)) parent = &drawn;
    }
    return {
        next.space().mutate(parent->proposal.candidate.genotype, aging.mutation_probability, rng),
        Origin::kMutation};
  };
  next.fill_with_children(breed_one, trials(), options().rank_by);
  return next.take();
}

}  // namespace tinynas
