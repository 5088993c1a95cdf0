#pragma once
// One generation in the making: what an engine draws becomes numbered proposals, each of which fits
// and is new. Shared by all engines.

#include <functional>
#include <optional>
#include <vector>

#include "search/moves.h"

namespace tinynas {

/// Random streams of one generation, one for each purpose.
enum class Purpose : std::uint8_t { kSample, kSeeds, kChildren, kShrink, kCount };

struct Drawn {
  Candidate candidate;
  Origin origin = Origin::kRandom;
};

/// What is the same for all proposals of a generation.
struct GenerationFrame {
  std::uint64_t seed = 0;
  int generation = 0, first_trial = 0;
  std::size_t size = 0;  ///< at most so many proposals
  int attempts = 200;    ///< draws for one network
};

class Generation {
 public:
  Generation(CandidateChecker& checker, const GenerationFrame& frame)
      : checker_(checker), frame_(frame) {}

  CandidateChecker& checker() { return checker_; }
  const SearchSpace& space() const { return checker_.space(); }
  std::size_t size() const { return frame_.size; }
  std::size_t proposed() const { return proposals_.size(); }
  bool full() const { return proposals_.size() >= frame_.size; }

  /// The streams of draw `place`, of which there are `count`.
  Draws draws(Purpose purpose, std::size_t place, int count) const;
  Draws draws(Purpose purpose, std::size_t place) const {
    return draws(purpose, place, frame_.attempts);
  }

  /// Nothing happens where it was proposed before.
  void propose(Drawn drawn);

  /// A genotype and how it came to be; `known` were bred before it and had been proposed.
  using Breed = std::function<std::pair<Genotype, Origin>(Rng&, int known)>;
  /// The first child of draw `place` that fits and was never proposed. With `shrink` a child that
  /// does not fit is shrunk until it does; without, another is drawn.
  std::optional<Drawn> child(std::size_t place, const Breed& breed, bool shrink);

  /// One child for each place, each drawn until it fits, then what fill_nearby finds: the
  /// generation of an engine without a model. `Breed` is told the place.
  using BreedAt = std::function<std::pair<Genotype, Origin>(Rng&, int known, std::size_t place)>;
  void fill_with_children(const BreedAt& breed, const std::vector<Trial>& trials, RankBy rank_by);

  /// Until the generation is full: random networks that fit, shrunk ones, neighbours of what was
  /// proposed. What still misses then is not within reach.
  void fill_randomly();
  /// For generations that have parents: shrunk networks, neighbours of `trials`, the best first,
  /// and of what was proposed.
  void fill_nearby(const std::vector<Trial>& trials, RankBy rank_by);
  /// A last resort where nothing fitted at all: from the smallest network to the least violation.
  void descend();

  std::vector<Proposal> take() { return std::move(proposals_); }

 private:
  /// Called only where shrinking finds nothing: to rank many trials takes longer than the rest.
  using Around = std::function<std::vector<const Trial*>()>;
  bool propose_nearby(const Around& around);

  CandidateChecker& checker_;
  GenerationFrame frame_;
  std::vector<Proposal> proposals_;
};

/// A child of `parents` (not empty), by mutation of one or crossover of two. Where many such were
/// `known`, parents that are alike have been exhausted: it mutates, and ever more genes.
std::pair<Genotype, Origin> breed(const SearchSpace& space,
                                  const std::vector<const Genotype*>& parents, bool mutation,
                                  double mutation_probability, Rng& rng, int known);

/// Best first; equal ones in the order of measuring.
std::vector<const Trial*> ranked_trials(const std::vector<Trial>& trials, RankBy rank_by);

}  // namespace tinynas
