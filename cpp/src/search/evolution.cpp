#include <algorithm>
#include <cmath>
#include <numeric>
#include <tuple>

#include "search/moves.h"
#include "search/surrogate.h"
#include "tinynas/error.h"

namespace tinynas {
namespace {

/// Random streams of one generation, one for each purpose.
enum class Purpose : std::uint64_t { kSample, kSeeds, kChildren, kShrink, kThompson, kCount };

/// Descent steps before a search that found nothing that fits gives up.
constexpr int kDescentRounds = 200;
/// Draws that are shrunk until they fit, when other ways to find a new network failed.
constexpr int kShrinkAttempts = 50;
/// Every so many-th proposal of a generation is not chosen by the model, which may be wrong.
constexpr std::size_t kUnscreenedEvery = 8;
/// Networks that fit, drawn for each seat of an informed first generation.
constexpr std::size_t kPoolPerSeat = 6;
/// Trials that the model needs.
constexpr std::size_t kModelTrials = 6;

struct Drawn {
  Candidate candidate;
  Origin origin = Origin::kRandom;
};

/// One generation in the making.
class Generation {
 public:
  Generation(CandidateChecker& checker, const EvolutionOptions& options,
             const std::vector<Trial>& trials, int generation, int first_trial, int size)
      : checker_(checker),
        options_(options),
        trials_(trials),
        generation_(generation),
        first_trial_(first_trial),
        size_(static_cast<std::size_t>(size)) {}

  std::vector<Proposal> first();
  std::vector<Proposal> later();

 private:
  Draws draws(Purpose purpose, std::size_t place, int count) const {
    const auto stream =
        static_cast<std::uint64_t>(first_trial_) * static_cast<std::uint64_t>(Purpose::kCount) +
        static_cast<std::uint64_t>(purpose);
    return {options_.seed, stream, static_cast<std::uint32_t>(place * count), count};
  }
  void propose(Drawn drawn);
  std::vector<Drawn> seeds() const;
  bool propose_random(std::size_t place);
  bool propose_fallback(std::size_t place);
  void rank_trials();
  Drawn draw_child(bool mutation, Rng& rng) const;
  std::optional<Drawn> child(std::size_t place, std::size_t of) const;
  std::vector<Drawn> children() const;
  void choose_by_model(std::vector<Drawn> pool);

  CandidateChecker& checker_;
  const EvolutionOptions& options_;
  const std::vector<Trial>& trials_;
  int generation_, first_trial_;
  std::size_t size_;
  std::vector<const Candidate*> ranked_;  ///< all trials, best first
  std::vector<Proposal> proposals_;
};

void Generation::propose(Drawn drawn) {
  if (!checker_.claim(drawn.candidate.id)) return;
  proposals_.push_back({first_trial_ + static_cast<int>(proposals_.size()), generation_,
                        drawn.origin, std::move(drawn.candidate)});
}

/// Random networks, shrunk until they fit; every second one is then grown to the edge of the
/// budget. Distinct, fewest MACs first.
std::vector<Drawn> Generation::seeds() const {
  std::vector<Drawn> pool;
  std::set<std::string> ids;
  const Draws streams = draws(Purpose::kSeeds, 0, static_cast<int>(size_ * kPoolPerSeat));
  for (int i = 0; i < streams.count; ++i) {
    Rng rng = streams.rng(i);
    Candidate candidate = shrink_until_fits(checker_, checker_.space().sample(rng), rng);
    if (!candidate.violation.fits()) continue;
    if (i % 2 == 1) candidate = grow_while_fits(checker_, std::move(candidate), rng);
    if (ids.insert(candidate.id).second) pool.push_back({std::move(candidate), Origin::kRandom});
  }
  std::sort(pool.begin(), pool.end(), [](const Drawn& a, const Drawn& b) {
    return std::tie(a.candidate.footprint.macs, a.candidate.id) <
           std::tie(b.candidate.footprint.macs, b.candidate.id);
  });
  return pool;
}

bool Generation::propose_random(std::size_t place) {
  auto candidate = sample_unclaimed(checker_, draws(Purpose::kSample, place, options_.attempts));
  if (candidate) propose({std::move(*candidate), Origin::kRandom});
  return candidate.has_value();
}

/// Ways to a new network that fits when drawing found none; false: there is none within reach.
bool Generation::propose_fallback(std::size_t place) {
  auto candidate = shrink_unclaimed(checker_, draws(Purpose::kShrink, place, kShrinkAttempts));
  if (candidate) {
    propose({std::move(*candidate), Origin::kRandom});
    return true;
  }
  std::vector<Genotype> around;
  for (const Candidate* ranked : ranked_) around.push_back(ranked->genotype);
  for (const Proposal& proposal : proposals_) around.push_back(proposal.candidate.genotype);
  candidate = unclaimed_neighbour(checker_, around);
  if (candidate) propose({std::move(*candidate), Origin::kNeighbour});
  return candidate.has_value();
}

std::vector<Proposal> Generation::first() {
  checker_.check(checker_.space().smallest());  // what an answer "nothing fits" rests on
  Candidate largest = checker_.check(checker_.space().largest());
  if (options_.informed_start) {
    if (largest.violation.fits()) propose({std::move(largest), Origin::kLargest});
    std::vector<Drawn> pool = seeds();
    const std::size_t seats = std::min(size_ - proposals_.size(), pool.size());
    // Seat k takes the quantile sqrt((k + 1/2) / seats) of MACs: all of the range is covered, and
    // three quarters of the seats go to the larger half.
    for (std::size_t k = 0; k < seats; ++k) {
      const double u = std::sqrt((static_cast<double>(k) + 0.5) / static_cast<double>(seats));
      const auto place = static_cast<std::size_t>(u * static_cast<double>(pool.size()));
      propose(pool[std::min(pool.size() - 1, place)]);
    }
  }
  while (proposals_.size() < size_) {
    const std::size_t place = proposals_.size();
    if (!propose_random(place) && !propose_fallback(place)) break;
  }
  if (proposals_.empty()) {
    Candidate nearest = descend_violation(checker_, kDescentRounds);
    if (nearest.violation.fits()) propose({std::move(nearest), Origin::kNeighbour});
  }
  return std::move(proposals_);
}

void Generation::rank_trials() {
  std::vector<const Trial*> order;
  for (const Trial& trial : trials_) order.push_back(&trial);
  std::stable_sort(order.begin(), order.end(), [&](const Trial* a, const Trial* b) {
    return rank_value(a->measurement, options_.rank_by) >
           rank_value(b->measurement, options_.rank_by);
  });
  for (const Trial* trial : order) ranked_.push_back(&trial->proposal.candidate);
}

Drawn Generation::draw_child(bool mutation, Rng& rng) const {
  const auto parents = static_cast<std::uint32_t>(
      std::min<std::size_t>(ranked_.size(), static_cast<std::size_t>(options_.parents)));
  const SearchSpace& space = checker_.space();
  const std::uint32_t a = rng.below(parents);
  if (mutation || parents < 2) {
    return {checker_.check(space.mutate(ranked_[a]->genotype, options_.mutation_probability, rng)),
            Origin::kMutation};
  }
  const std::uint32_t b = (a + 1 + rng.below(parents - 1)) % parents;
  return {checker_.check(space.crossover(ranked_[a]->genotype, ranked_[b]->genotype, rng)),
          Origin::kCrossover};
}

/// Child `place` of `of`: the first ones are mutations. Where the model chooses, a child that does
/// not fit is shrunk until it does; the published loop draws again.
std::optional<Drawn> Generation::child(std::size_t place, std::size_t of) const {
  const bool screened = options_.children_per_measurement > 1;
  const bool mutation =
      static_cast<double>(place) < options_.mutation_share * static_cast<double>(of);
  const Draws streams = draws(Purpose::kChildren, place, options_.attempts);
  for (int attempt = 0; attempt < streams.count; ++attempt) {
    Rng rng = streams.rng(attempt);
    Drawn drawn = draw_child(mutation, rng);
    if (screened && !drawn.candidate.violation.fits()) {
      drawn.candidate = shrink_until_fits(checker_, drawn.candidate.genotype, rng);
    }
    if (drawn.candidate.violation.fits() && !checker_.claimed(drawn.candidate.id)) return drawn;
  }
  return std::nullopt;
}

std::vector<Drawn> Generation::children() const {
  const std::size_t wanted = size_ * static_cast<std::size_t>(options_.children_per_measurement);
  std::vector<Drawn> pool;
  std::set<std::string> ids;
  for (std::size_t place = 0; place < wanted; ++place) {
    std::optional<Drawn> drawn = child(place, wanted);
    if (!drawn) break;  // all that is in reach was measured
    if (ids.insert(drawn->candidate.id).second) pool.push_back(std::move(*drawn));
  }
  return pool;
}

/// One draw from the posterior for each proposal: the child that is best under it is measured.
void Generation::choose_by_model(std::vector<Drawn> pool) {
  const Surrogate model(checker_.space(), trials_, options_.rank_by);
  std::vector<std::vector<double>> features;
  for (const Drawn& drawn : pool) features.push_back(model.features(drawn.candidate));
  std::vector<bool> taken(pool.size(), false);
  for (std::size_t place = 0; place < std::min(size_, pool.size()); ++place) {
    Rng rng = draws(Purpose::kThompson, place, 1).rng(0);
    const std::vector<double> weights = model.sample_weights(rng);
    const bool unscreened = place % kUnscreenedEvery == kUnscreenedEvery - 1;
    const std::size_t offset = rng.below(static_cast<std::uint32_t>(pool.size()));
    std::size_t best = pool.size();
    double best_value = 0;
    for (std::size_t step = 0; step < pool.size(); ++step) {
      const std::size_t i = (offset + step) % pool.size();
      if (taken[i]) continue;
      const double value = Surrogate::predict(weights, features[i]);
      if (best == pool.size() || value > best_value) {
        best = i;
        best_value = value;
      }
      if (unscreened) break;
    }
    taken[best] = true;
    propose(std::move(pool[best]));
  }
}

std::vector<Proposal> Generation::later() {
  rank_trials();
  if (options_.children_per_measurement > 1 && trials_.size() >= kModelTrials) {
    choose_by_model(children());
  } else {
    for (std::size_t place = 0; place < size_; ++place) {
      std::optional<Drawn> drawn = child(place, size_);
      if (drawn) propose(std::move(*drawn));
    }
  }
  while (proposals_.size() < size_) {
    if (!propose_fallback(proposals_.size())) break;
  }
  return std::move(proposals_);
}

void check_options(const EvolutionOptions& options) {
  const auto need = [](bool holds, const char* message) {
    if (!holds) throw BadInput(std::string("evolution: ") + message);
  };
  need(options.measurements >= 1, "measurements must be 1 or more");
  need(options.population >= 1, "population must be 1 or more");
  need(options.generation >= 1, "generation must be 1 or more");
  need(options.parents >= 1, "parents must be 1 or more");
  need(options.attempts >= 1, "attempts must be 1 or more");
  need(options.mutation_share >= 0 && options.mutation_share <= 1,
       "mutation_share must be in [0, 1]");
  need(options.mutation_probability >= 0 && options.mutation_probability <= 1,
       "mutation_probability must be in [0, 1]");
  need(options.children_per_measurement >= 1, "children_per_measurement must be 1 or more");
  const double streams = static_cast<double>(std::max(options.population, options.generation)) *
                         options.children_per_measurement * options.attempts;
  need(streams < 4e9, "generation x children_per_measurement x attempts must be below 4e9");
}

}  // namespace

EvolutionOptions EvolutionOptions::published(std::uint64_t seed) {
  EvolutionOptions options;
  options.seed = seed;
  options.population = 100;
  options.generation = 100;
  options.parents = 20;
  options.measurements = 100 + 30 * 100;
  options.rank_by = RankBy::kAccuracy;
  options.informed_start = false;
  options.children_per_measurement = 1;
  return options;
}

EvolutionSearch::EvolutionSearch(SearchProblem problem, const EvolutionOptions& options)
    : SearchAlgorithm(std::move(problem), options.measurements), options_(options) {
  check_options(options_);
}

std::vector<Proposal> EvolutionSearch::next_generation(int generation, int first_trial, int most) {
  int size = generation == 0 ? options_.population : options_.generation;
  // Few measurements are better spent on children than on the start.
  if (generation == 0 && options_.informed_start) {
    size = std::min(size, std::max(1, options_.measurements / 3));
  }
  Generation next(checker(), options_, trials(), generation, first_trial, std::min(size, most));
  return generation == 0 ? next.first() : next.later();
}

}  // namespace tinynas
