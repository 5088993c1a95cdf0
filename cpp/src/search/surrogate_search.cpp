#include <cmath>
#include <numbers>
#include <numeric>
#include <set>
#include <tuple>

#include "search/engine_classes.h"

namespace tinynas {
namespace {

/// Networks that fit, drawn for each design point.
constexpr std::size_t kPoolPerSeat = 6;
/// Trials that the model needs, and those that it takes: the best and the youngest, half each.
constexpr std::size_t kLeastModelTrials = 6, kMostModelTrials = 300;
/// Of these the kernel is fitted to so many, and anew whenever there are a quarter more trials.
constexpr std::size_t kKernelTrials = 150;
constexpr double kRefitGrowth = 1.25;

/// Random networks, shrunk until they fit; every second one is then grown to the edge of the
/// budget. Distinct, fewest MACs first.
std::vector<Drawn> seeds(Generation& generation) {
  CandidateChecker& checker = generation.checker();
  std::vector<Drawn> pool;
  std::set<std::string> ids;
  const Draws streams =
      generation.draws(Purpose::kSeeds, 0, static_cast<int>(generation.size() * kPoolPerSeat));
  for (int i = 0; i < streams.count; ++i) {
    Rng rng = streams.rng(i);
    Candidate candidate = shrink_until_fits(checker, checker.space().sample(rng), rng);
    if (!candidate.violation.fits()) continue;
    if (i % 2 == 1) candidate = grow_while_fits(checker, std::move(candidate), rng);
    if (ids.insert(candidate.id).second) pool.push_back({std::move(candidate), Origin::kRandom});
  }
  std::sort(pool.begin(), pool.end(), [](const Drawn& a, const Drawn& b) {
    return std::tie(a.candidate.footprint.macs, a.candidate.id) <
           std::tie(b.candidate.footprint.macs, b.candidate.id);
  });
  return pool;
}

/// The largest network if it fits, then networks spread over MACs, favouring larger ones: accuracy
/// correlates with MACs (Kendall tau .6).
void propose_design(Generation& generation) {
  CandidateChecker& checker = generation.checker();
  Candidate largest = checker.check(checker.space().largest());
  if (largest.violation.fits()) generation.propose({std::move(largest), Origin::kLargest});
  std::vector<Drawn> pool = seeds(generation);
  const std::size_t seats = std::min(generation.size() - generation.proposed(), pool.size());
  // Seat k takes the quantile sqrt((k + 1/2) / seats) of MACs: all of the range is covered, and
  // three quarters of the seats go to the larger half.
  for (std::size_t k = 0; k < seats; ++k) {
    const double u = std::sqrt((static_cast<double>(k) + 0.5) / static_cast<double>(seats));
    const auto place = static_cast<std::size_t>(u * static_cast<double>(pool.size()));
    generation.propose(pool[std::min(pool.size() - 1, place)]);
  }
}

/// Children of the best and neighbours of the very best that fit and are new, without duplicates.
std::vector<Drawn> draw_pool(Generation& generation, const std::vector<const Genotype*>& parents,
                             const SurrogateOptions& options) {
  CandidateChecker& checker = generation.checker();
  const auto wanted = static_cast<std::size_t>(options.children);
  std::vector<Drawn> pool;
  std::set<std::string> ids;
  const auto add = [&](Drawn drawn) {
    if (ids.insert(drawn.candidate.id).second) pool.push_back(std::move(drawn));
  };
  for (std::size_t place = 0; place < wanted; ++place) {
    const bool mutation =
        static_cast<double>(place) < options.mutation_share * static_cast<double>(wanted);
    auto drawn = generation.child(
        place,
        [&](Rng& rng) {
          return breed(generation.space(), parents, mutation, options.mutation_probability, rng);
        },
        /*shrink=*/true);
    if (!drawn) break;  // all that is in reach was measured
    add(std::move(*drawn));
  }
  for (const Genotype& neighbour : generation.space().neighbours(*parents.front())) {
    if (checker.claimed(generation.space().id(neighbour))) continue;
    Candidate candidate = checker.check(neighbour);
    if (candidate.violation.fits()) add({std::move(candidate), Origin::kNeighbour});
  }
  return pool;
}

double expected_improvement(double mean, double variance, double incumbent) {
  const double deviation = std::sqrt(std::max(variance, 1e-12));
  const double z = (mean - incumbent) / deviation;
  const double density = std::exp(-z * z / 2) / std::sqrt(2 * std::numbers::pi);
  return deviation * (z * std::erfc(-z / std::numbers::sqrt2) / 2 + density);
}

/// One after another, the candidate of the greatest expected improvement over what the model holds
/// for the best network so far; each is then taken for measured at its mean, so that the next one
/// tells something else (kriging believer: Ginsbourger, Le Riche, Carraro, "Kriging is well-suited
/// to parallelize optimization", 2010).
void propose_by_model(Generation& generation, std::vector<Drawn> pool, const Surrogate& model) {
  std::vector<const Candidate*> candidates;
  for (const Drawn& drawn : pool) candidates.push_back(&drawn.candidate);
  SurrogatePosterior posterior = model.predict(candidates);
  double incumbent = model.trial_means().maxCoeff();
  std::vector<bool> taken(pool.size(), false);
  for (std::size_t place = 0; place < std::min(generation.size(), pool.size()); ++place) {
    Eigen::Index best = -1;
    double most = 0;
    for (std::size_t i = 0; i < pool.size(); ++i) {
      if (taken[i]) continue;
      const auto at = static_cast<Eigen::Index>(i);
      const double gain =
          expected_improvement(posterior.mean[at], posterior.covariance(at, at), incumbent);
      if (best < 0 || gain > most) {
        best = at;
        most = gain;
      }
    }
    const double variance = posterior.covariance(best, best) + model.noise();
    if (variance > 0) {
      const Eigen::VectorXd with_best = posterior.covariance.col(best) / std::sqrt(variance);
      posterior.covariance -= with_best * with_best.transpose();
    }
    incumbent = std::max(incumbent, posterior.mean[best]);
    taken[static_cast<std::size_t>(best)] = true;
    generation.propose(pool[static_cast<std::size_t>(best)]);
  }
}

/// The best and the youngest, in the order of measuring.
std::vector<const Trial*> chosen_trials(const std::vector<const Trial*>& ranked,
                                        const std::vector<Trial>& trials, std::size_t most) {
  std::vector<const Trial*> chosen;
  std::vector<bool> taken(trials.size(), trials.size() <= most);
  if (trials.size() > most) {
    for (std::size_t i = 0; i < most / 2; ++i) {
      taken[static_cast<std::size_t>(ranked[i] - trials.data())] = true;
    }
    std::size_t left = most - most / 2;
    for (std::size_t i = trials.size(); i-- > 0 && left > 0;) {
      if (taken[i]) continue;
      taken[i] = true;
      --left;
    }
  }
  for (std::size_t i = 0; i < trials.size(); ++i) {
    if (taken[i]) chosen.push_back(&trials[i]);
  }
  return chosen;
}

/// The best by the model's mean, which an unlucky or a lucky measurement sways less.
std::vector<const Genotype*> best_by_mean(const std::vector<const Trial*>& trials,
                                          const Eigen::VectorXd& means, int count) {
  std::vector<std::size_t> order(trials.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return means[static_cast<Eigen::Index>(a)] > means[static_cast<Eigen::Index>(b)];
  });
  std::vector<const Genotype*> best;
  for (const std::size_t i : order) {
    if (best.size() == static_cast<std::size_t>(count)) break;
    best.push_back(&trials[i]->proposal.candidate.genotype);
  }
  return best;
}

}  // namespace

std::vector<Proposal> SurrogateSearch::next_generation(int generation, int first_trial, int most) {
  const SurrogateOptions& ours = options().surrogate;
  const RankBy rank_by = options().rank_by;
  if (generation == 0) {
    const int design = std::min(ours.design, std::max(1, options().measurements / 3));
    Generation first = start(generation, first_trial, design, most);
    propose_design(first);
    return random_generation(std::move(first), true);
  }
  Generation next = start(generation, first_trial, ours.generation, most);
  const std::vector<const Trial*> ranked = ranked_trials(trials(), rank_by);
  if (trials().size() < kLeastModelTrials) {
    next.fill_nearby(ranked);
    return next.take();
  }
  if (!kernel_ || static_cast<double>(trials().size()) >= kRefitGrowth * kernel_trials_) {
    kernel_ = Surrogate::fit_kernel(next.space(), chosen_trials(ranked, trials(), kKernelTrials),
                                    rank_by);
    kernel_trials_ = static_cast<double>(trials().size());
  }
  const auto chosen = chosen_trials(ranked, trials(), kMostModelTrials);
  const Surrogate model(next.space(), chosen, rank_by, *kernel_);
  std::vector<Drawn> pool =
      draw_pool(next, best_by_mean(chosen, model.trial_means(), ours.parents), ours);
  if (!pool.empty()) propose_by_model(next, std::move(pool), model);
  next.fill_nearby(ranked);
  return next.take();
}

}  // namespace tinynas
