#include "search/moves.h"

#include <numeric>

namespace tinynas {

std::optional<Candidate> shrink_until_fits(CandidateChecker& checker, Genotype genotype, Rng& rng) {
  // Each step lowers an index, so this ends.
  for (;;) {
    if (auto candidate = checker.fitting(genotype)) return candidate;
    std::vector<std::size_t> positive;
    for (std::size_t i = 0; i < genotype.size(); ++i) {
      if (genotype[i] > 0 && !checker.space().is_frozen(i)) positive.push_back(i);
    }
    if (positive.empty()) return std::nullopt;
    --genotype[positive[rng.below(static_cast<std::uint32_t>(positive.size()))]];
    genotype = checker.space().canonical(std::move(genotype));
  }
}

Candidate grow_while_fits(CandidateChecker& checker, Candidate candidate, Rng& rng) {
  const std::vector<Gene>& genes = checker.space().genes();
  std::vector<std::size_t> order(genes.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  rng.shuffle(order);
  for (const std::size_t i : order) {
    Genotype next = candidate.genotype;
    if (checker.space().is_frozen(i) || next[i] + std::size_t{1} >= genes[i].choices.size()) {
      continue;
    }
    ++next[i];
    next = checker.space().canonical(std::move(next));
    if (next == candidate.genotype) continue;
    if (auto larger = checker.fitting(next)) candidate = std::move(*larger);
  }
  return candidate;
}

std::optional<Candidate> sample_unclaimed(CandidateChecker& checker, const Draws& draws) {
  for (int i = 0; i < draws.count; ++i) {
    Rng rng = draws.rng(i);
    auto candidate = checker.fitting(checker.space().sample(rng));
    if (candidate && !checker.claimed(candidate->id)) return candidate;
  }
  return std::nullopt;
}

std::optional<Candidate> shrink_unclaimed(CandidateChecker& checker, const Draws& draws) {
  for (int i = 0; i < draws.count; ++i) {
    Rng rng = draws.rng(i);
    auto candidate = shrink_until_fits(checker, checker.space().sample(rng), rng);
    if (candidate && !checker.claimed(candidate->id)) return candidate;
  }
  return std::nullopt;
}

Candidate descend_violation(CandidateChecker& checker, int rounds) {
  Candidate best = checker.check(checker.space().smallest());
  for (int round = 0; round < rounds && !best.violation.fits(); ++round) {
    Candidate nearest = best;
    for (const Genotype& neighbour : checker.space().neighbours(best.genotype)) {
      Candidate candidate = checker.check(neighbour);
      if (less_violating(candidate, nearest)) nearest = std::move(candidate);
    }
    if (nearest.genotype == best.genotype) break;
    best = std::move(nearest);
  }
  return best;
}

std::optional<Candidate> unclaimed_neighbour(CandidateChecker& checker,
                                             const std::vector<const Genotype*>& around) {
  for (const Genotype* genotype : around) {
    for (const Genotype& neighbour : checker.space().neighbours(*genotype)) {
      if (checker.claimed(checker.space().id(neighbour))) continue;
      if (auto candidate = checker.fitting(neighbour)) return candidate;
    }
  }
  return std::nullopt;
}

}  // namespace tinynas
