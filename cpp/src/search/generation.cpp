#include "search/generation.h"

#include <algorithm>
#include <cmath>

namespace tinynas {
namespace {

/// Descent steps before a search that found nothing that fits gives up.
constexpr int kDescentRounds = 200;
/// Draws that are shrunk until they fit, when other ways to find a new network failed.
constexpr int kShrinkAttempts = 50;
/// So many known children, and the next is bred further from its parents.
constexpr int kKnownChildren = 10;

}  // namespace

Draws Generation::draws(Purpose purpose, std::size_t place, int count) const {
  const auto stream =
      static_cast<std::uint64_t>(frame_.first_trial) * static_cast<std::uint64_t>(Purpose::kCount) +
      static_cast<std::uint64_t>(purpose);
  const auto first = place * static_cast<std::size_t>(count);
  return {frame_.seed, stream, static_cast<std::uint32_t>(first), count};
}

void Generation::propose(Drawn drawn) {
  if (!checker_.claim(drawn.candidate.id)) return;
  proposals_.push_back({frame_.first_trial + static_cast<int>(proposals_.size()), frame_.generation,
                        drawn.origin, std::move(drawn.candidate)});
}

std::optional<Drawn> Generation::child(std::size_t place, const Breed& breed, bool shrink) {
  const Draws streams = draws(Purpose::kChildren, place);
  int known = 0;
  for (int attempt = 0; attempt < streams.count; ++attempt) {
    Rng rng = streams.rng(attempt);
    auto [genotype, origin] = breed(rng, known);
    if (checker_.claimed(space().id(genotype))) {
      ++known;
      continue;
    }
    auto candidate =
        shrink ? shrink_until_fits(checker_, genotype, rng) : checker_.fitting(genotype);
    if (candidate && !checker_.claimed(candidate->id)) return Drawn{std::move(*candidate), origin};
  }
  return std::nullopt;
}

bool Generation::propose_nearby(const Around& around) {
  auto candidate = shrink_unclaimed(checker_, draws(Purpose::kShrink, proposed(), kShrinkAttempts));
  Origin origin = Origin::kRandom;
  if (!candidate) {
    std::vector<const Genotype*> centres;
    for (const Trial* trial : around()) centres.push_back(&trial->proposal.candidate.genotype);
    for (const Proposal& proposal : proposals_) centres.push_back(&proposal.candidate.genotype);
    candidate = unclaimed_neighbour(checker_, centres);
    origin = Origin::kNeighbour;
  }
  if (candidate) propose({std::move(*candidate), origin});
  return candidate.has_value();
}

void Generation::fill_randomly() {
  while (!full()) {
    auto candidate = sample_unclaimed(checker_, draws(Purpose::kSample, proposed()));
    if (candidate) {
      propose({std::move(*candidate), Origin::kRandom});
    } else if (!propose_nearby([] { return std::vector<const Trial*>(); })) {
      return;
    }
  }
}

void Generation::fill_with_children(const BreedAt& breed, const std::vector<Trial>& trials,
                                    RankBy rank_by) {
  for (std::size_t place = 0; place < size(); ++place) {
    auto drawn = child(
        place, [&](Rng& rng, int known) { return breed(rng, known, place); },
        /*shrink=*/false);
    if (drawn) propose(std::move(*drawn));
  }
  fill_nearby(trials, rank_by);
}

void Generation::fill_nearby(const std::vector<Trial>& trials, RankBy rank_by) {
  while (!full() && propose_nearby([&] { return ranked_trials(trials, rank_by); })) {
  }
}

void Generation::descend() {
  Candidate nearest = descend_violation(checker_, kDescentRounds);
  if (nearest.violation.fits()) propose({std::move(nearest), Origin::kNeighbour});
}

std::pair<Genotype, Origin> breed(const SearchSpace& space,
                                  const std::vector<const Genotype*>& parents, bool mutation,
                                  double mutation_probability, Rng& rng, int known) {
  const int widened = known / kKnownChildren;
  mutation_probability =
      std::max(mutation_probability, std::min(0.5, std::ldexp(mutation_probability, widened)));
  const auto count = static_cast<std::uint32_t>(parents.size());
  const std::uint32_t a = rng.below(count);
  if (mutation || widened > 0 || count < 2) {
    return {space.mutate(*parents[a], mutation_probability, rng), Origin::kMutation};
  }
  const std::uint32_t b = (a + 1 + rng.below(count - 1)) % count;
  return {space.crossover(*parents[a], *parents[b], rng), Origin::kCrossover};
}

std::vector<const Trial*> ranked_trials(const std::vector<Trial>& trials, RankBy rank_by) {
  std::vector<const Trial*> order;
  for (const Trial& trial : trials) order.push_back(&trial);
  std::sort(order.begin(), order.end(), [&](const Trial* a, const Trial* b) {
    const double x = rank_value(a->measurement, rank_by), y = rank_value(b->measurement, rank_by);
    return x != y ? x > y : a < b;
  });
  return order;
}

}  // namespace tinynas
