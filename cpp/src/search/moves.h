#pragma once
// Moves that lead into the feasible region, and to its far edge. Each ends: a gene's index only
// falls while shrinking, each gene is tried once while growing.

#include <optional>

#include "search/candidate.h"
#include "tinynas/rng.h"

namespace tinynas {

/// Lowers one random gene after another until the network fits; nothing where not even the smallest
/// does that can be reached.
std::optional<Candidate> shrink_until_fits(CandidateChecker& checker, Genotype genotype, Rng& rng);

/// Raises each gene once, in random order, keeping what still fits. `candidate` must fit.
Candidate grow_while_fits(CandidateChecker& checker, Candidate candidate, Rng& rng);

/// Names a run of random streams: draw i uses Rng(seed, stream, first + i).
struct Draws {
  std::uint64_t seed = 0, stream = 0;
  std::uint32_t first = 0;
  int count = 0;
  Rng rng(int i) const { return Rng(seed, stream, first + static_cast<std::uint32_t>(i)); }
};

/// The first of SearchSpace::sample's draws that fits and was not claimed yet.
std::optional<Candidate> sample_unclaimed(CandidateChecker& checker, const Draws& draws);

/// The same, where draws that do not fit are shrunk until they do.
std::optional<Candidate> shrink_unclaimed(CandidateChecker& checker, const Draws& draws);

/// From the smallest network along neighbours, always to the least violation, at most `rounds`
/// steps; stops at the first that fits. What it reaches is in the checker's record.
Candidate descend_violation(CandidateChecker& checker, int rounds);

/// The first neighbour (in the space's order) of the given networks that fits and was not claimed
/// yet.
std::optional<Candidate> unclaimed_neighbour(CandidateChecker& checker,
                                             const std::vector<const Genotype*>& around);

}  // namespace tinynas
