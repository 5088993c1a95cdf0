#include <cmath>
#include <limits>
#include <numbers>
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
/// Pools that take what looks they need; none after them takes more than the dearest of these, so
/// that a search whose best networks' surroundings are known already proposes no slower.
constexpr int kFreePools = 40;

/// Random networks, shrunk until they fit; every second one is then grown to the edge of the
/// budget. New and distinct, fewest MACs first.
std::vector<Drawn> seeds(Generation& generation) {
  CandidateChecker& checker = generation.checker();
  std::vector<Drawn> pool;
  std::set<std::string> ids;
  const Draws streams =
      generation.draws(Purpose::kSeeds, 0, static_cast<int>(generation.size() * kPoolPerSeat));
  for (int i = 0; i < streams.count; ++i) {
    Rng rng = streams.rng(i);
    auto candidate = shrink_until_fits(checker, checker.space().sample(rng), rng);
    if (!candidate) continue;
    if (i % 2 == 1) candidate = grow_while_fits(checker, std::move(*candidate), rng);
    if (checker.claimed(candidate->id) || !ids.insert(candidate->id).second) continue;
    pool.push_back({std::move(*candidate), Origin::kRandom});
  }
  std::sort(pool.begin(), pool.end(), [](const Drawn& a, const Drawn& b) {
    return std::tie(a.candidate.footprint.macs, a.candidate.id) <
           std::tie(b.candidate.footprint.macs, b.candidate.id);
  });
  return pool;
}

/// What to measure first where there is no model, or what the first model chooses from: the largest
/// network, if it fits and is new.
std::optional<Drawn> largest_network(Generation& generation) {
  auto largest = generation.checker().fitting(generation.space().largest());
  if (!largest || generation.checker().claimed(largest->id)) return std::nullopt;
  return Drawn{std::move(*largest), Origin::kLargest};
}

/// The largest network if it fits, then networks spread over MACs, favouring larger ones and these
/// first: accuracy correlates with MACs (Kendall tau .6).
void propose_design(Generation& generation) {
  if (auto largest = largest_network(generation)) generation.propose(std::move(*largest));
  std::vector<Drawn> pool = seeds(generation);
  const std::size_t seats = std::min(generation.size() - generation.proposed(), pool.size());
  // Seat k takes the quantile sqrt((k + 1/2) / seats) of MACs: all of the range is covered, and
  // three quarters of the seats go to the larger half.
  for (std::size_t k = seats; k-- > 0;) {
    const double u = std::sqrt((static_cast<double>(k) + 0.5) / static_cast<double>(seats));
    const auto place = static_cast<std::size_t>(u * static_cast<double>(pool.size()));
    generation.propose(pool[std::min(pool.size() - 1, place)]);
  }
}

/// Children of the best and neighbours of the very best that fit and are new, without duplicates;
/// `pool`, of which the same holds, comes with them. No further child is bred once so many networks
/// were looked at.
std::vector<Drawn> draw_pool(Generation& generation, std::vector<Drawn> pool,
                             const std::vector<const Genotype*>& parents,
                             const SurrogateOptions& options, std::int64_t most_looks) {
  if (parents.empty()) return pool;
  CandidateChecker& checker = generation.checker();
  const auto wanted = static_cast<std::size_t>(options.children);
  std::set<std::string> ids;
  for (const Drawn& drawn : pool) ids.insert(drawn.candidate.id);
  const auto add = [&](Drawn drawn) {
    if (ids.insert(drawn.candidate.id).second) pool.push_back(std::move(drawn));
  };
  const std::int64_t looked = checker.record().planned;
  for (std::size_t place = 0; place < wanted; ++place) {
    if (checker.record().planned - looked >= most_looks) break;
    const bool mutation =
        static_cast<double>(place) < options.mutation_share * static_cast<double>(wanted);
    auto drawn = generation.child(
        place,
        [&](Rng& rng, int known) {
          return breed(generation.space(), parents, mutation, options.mutation_probability, rng,
                       known);
        },
        /*shrink=*/true);
    if (!drawn) break;  // all that is in reach was measured
    add(std::move(*drawn));
  }
  for (const Genotype& neighbour : generation.space().neighbours(*parents.front())) {
    if (checker.claimed(generation.space().id(neighbour))) continue;
    auto candidate = checker.fitting(neighbour);
    if (candidate) add({std::move(*candidate), Origin::kNeighbour});
  }
  return pool;
}

double expected_improvement(double mean, double variance, double incumbent) {
  const double deviation = std::sqrt(std::max(variance, 1e-12));
  const double z = (mean - incumbent) / deviation;
  const double density = std::exp(-z * z / 2) / std::sqrt(2 * std::numbers::pi);
  return deviation * (z * std::erfc(-z / std::numbers::sqrt2) / 2 + density);
}

/// One after another, the candidate of the greatest expected improvement over `incumbent`, the
/// model's mean of the best network so far; each is then taken for measured at its mean, so that
/// the next one tells something else (kriging believer: Ginsbourger, Le Riche, Carraro, "Kriging is
/// well-suited to parallelize optimization", 2010).
void propose_by_model(Generation& generation, std::vector<Drawn> pool, const Surrogate& model,
                      double incumbent) {
  std::vector<const Candidate*> candidates;
  for (const Drawn& drawn : pool) candidates.push_back(&drawn.candidate);
  SurrogatePosterior posterior = model.predict(candidates);
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

/// A trial and what the model holds of it.
struct Believed {
  const Trial* trial = nullptr;
  double mean = 0;
};

/// Those that are trials (known networks beyond the budget are none), best mean first.
std::vector<Believed> by_mean(const std::vector<const Trial*>& observations,
                              const Eigen::VectorXd& means) {
  std::vector<Believed> trials;
  for (std::size_t i = 0; i < observations.size(); ++i) {
    if (observations[i]->proposal.trial < 0) continue;
    trials.push_back({observations[i], means[static_cast<Eigen::Index>(i)]});
  }
  std::stable_sort(trials.begin(), trials.end(),
                   [](const Believed& a, const Believed& b) { return a.mean > b.mean; });
  return trials;
}

}  // namespace

SurrogateSearch::SurrogateSearch(const SearchProblem& problem, const EngineOptions& options)
    : EngineBase(problem, options),
      observed_(known_beyond(), trials(), options.rank_by, kMostModelTrials),
      dearest_pool_(options.surrogate.children) {}

void SurrogateSearch::refit_kernel() {
  const auto count = static_cast<double>(observed_.count());
  if (kernel_ && count < kRefitGrowth * kernel_trials_) return;
  const RankBy rank_by = options().rank_by;
  kernel_ = Surrogate::fit_kernel(problem().space, observed_.chosen(kKernelTrials), rank_by);
  kernel_trials_ = count;
}

std::vector<Proposal> SurrogateSearch::next_generation(int generation, int first_trial, int most) {
  const SurrogateOptions& ours = options().surrogate;
  const RankBy rank_by = options().rank_by;
  const bool first = generation == 0;
  observed_.update();
  // Known networks tell the model what design points would.
  const int known = static_cast<int>(observed_.count()) - measured();
  const int design = std::min(ours.design, std::max(1, options().measurements / 3)) - known;
  if (first && design > 0) {
    Generation designed = start(generation, first_trial, design, most);
    propose_design(designed);
    return random_generation(std::move(designed), true);
  }
  Generation next = start(generation, first_trial, ours.generation, most);
  if (observed_.count() >= kLeastModelTrials) {
    refit_kernel();
    const auto chosen = observed_.chosen(kMostModelTrials);
    const Surrogate model(next.space(), chosen, rank_by, *kernel_);
    const std::vector<Believed> believed = by_mean(chosen, model.trial_means());
    std::vector<const Genotype*> parents;
    for (const Believed& parent : believed) {
      if (parents.size() == static_cast<std::size_t>(ours.parents)) break;
      parents.push_back(&parent.trial->proposal.candidate.genotype);
    }
    // Where nothing known fits, anything that fits is an improvement on the worst.
    const double incumbent =
        believed.empty() ? model.trial_means().minCoeff() : believed.front().mean;
    std::vector<Drawn> pool;
    if (first) {
      pool = seeds(next);
      if (auto largest = largest_network(next)) pool.push_back(std::move(*largest));
    }
    const bool free = pools_ < kFreePools;
    const std::int64_t looked = planning().planned;
    pool = draw_pool(next, std::move(pool), parents, ours,
                     free ? std::numeric_limits<std::int64_t>::max() : dearest_pool_);
    if (free) dearest_pool_ = std::max(dearest_pool_, planning().planned - looked);
    ++pools_;
    if (!pool.empty()) propose_by_model(next, std::move(pool), model, incumbent);
  }
  if (first) return random_generation(std::move(next), true);
  next.fill_nearby(trials(), rank_by);
  return next.take();
}

std::vector<Trial> SurrogateSearch::finalists(int count) const {
  ModelTrials observed = observed_;
  observed.update();
  if (!kernel_ || observed.count() < kLeastModelTrials) return EngineBase::finalists(count);
  const RankBy rank_by = options().rank_by;
  const auto chosen = observed.chosen(kMostModelTrials);
  const Surrogate model(problem().space, chosen, rank_by, *kernel_);
  std::vector<Trial> ranked;
  for (const Believed& finalist : by_mean(chosen, model.trial_means())) {
    if (ranked.size() == static_cast<std::size_t>(count)) break;
    ranked.push_back(*finalist.trial);
  }
  return ranked;
}

}  // namespace tinynas
