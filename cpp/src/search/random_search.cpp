#include "search/moves.h"
#include "tinynas/error.h"

namespace tinynas {
namespace {

/// Draws that are shrunk until they fit, when none of the others did.
constexpr int kShrinkAttempts = 50;
constexpr int kDescentRounds = 200;

}  // namespace

RandomSearch::RandomSearch(SearchProblem problem, const RandomOptions& options)
    : SearchAlgorithm(std::move(problem), options.measurements), options_(options) {
  if (options.generation < 1) throw BadInput("random search: generation must be 1 or more");
  if (options.attempts < 1) throw BadInput("random search: attempts must be 1 or more");
}

std::vector<Proposal> RandomSearch::next_generation(int generation, int first_trial, int most) {
  if (generation == 0) checker().check(checker().space().smallest());
  std::vector<Proposal> proposals;
  const auto propose = [&](Candidate candidate, Origin origin) {
    checker().claim(candidate.id);
    proposals.push_back({first_trial + static_cast<int>(proposals.size()), generation, origin,
                         std::move(candidate)});
  };
  while (static_cast<int>(proposals.size()) < std::min(options_.generation, most)) {
    const auto stream = 2 * (static_cast<std::uint64_t>(first_trial) + proposals.size());
    auto candidate =
        sample_unclaimed(checker(), Draws{options_.seed, stream, 0, options_.attempts});
    if (!candidate) {
      candidate = shrink_unclaimed(checker(), Draws{options_.seed, stream + 1, 0, kShrinkAttempts});
    }
    if (!candidate) break;
    propose(std::move(*candidate), Origin::kRandom);
  }
  if (generation == 0 && proposals.empty()) {
    Candidate nearest = descend_violation(checker(), kDescentRounds);
    if (nearest.violation.fits()) propose(std::move(nearest), Origin::kNeighbour);
  }
  return proposals;
}

}  // namespace tinynas
