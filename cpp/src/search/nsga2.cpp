#include <array>
#include <limits>
#include <numeric>

#include "search/engine_classes.h"

namespace tinynas {
namespace {

/// All to be minimised.
using Objectives = std::array<double, 4>;

Objectives objectives_of(const Trial& trial, RankBy rank_by) {
  const Footprint& footprint = trial.proposal.candidate.footprint;
  return {-rank_value(trial.measurement, rank_by), static_cast<double>(footprint.peak_sram_bytes),
          static_cast<double>(footprint.flash_bytes), footprint.latency_ms};
}

bool dominates(const Objectives& a, const Objectives& b) {
  bool better = false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i] > b[i]) return false;
    better = better || a[i] < b[i];
  }
  return better;
}

/// Where a member stands: front (0 is the best) and crowding distance.
struct Standing {
  int front = 0;
  double crowding = 0;
  bool operator<(const Standing& other) const {  // better first
    return front != other.front ? front < other.front : crowding > other.crowding;
  }
};

/// Distance of neighbours along each objective, within one front.
void add_crowding(const std::vector<Objectives>& values, const std::vector<std::size_t>& front,
                  std::vector<Standing>& standings) {
  constexpr double kEnd = std::numeric_limits<double>::infinity();
  for (std::size_t objective = 0; objective < std::tuple_size_v<Objectives>; ++objective) {
    std::vector<std::size_t> order = front;
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      return values[a][objective] < values[b][objective];
    });
    const double span = values[order.back()][objective] - values[order.front()][objective];
    standings[order.front()].crowding = standings[order.back()].crowding = kEnd;
    for (std::size_t i = 1; span > 0 && i + 1 < order.size(); ++i) {
      standings[order[i]].crowding +=
          (values[order[i + 1]][objective] - values[order[i - 1]][objective]) / span;
    }
  }
}

std::vector<Standing> standings_of(const std::vector<Objectives>& values) {
  std::vector<Standing> standings(values.size());
  std::vector<std::size_t> left(values.size());
  std::iota(left.begin(), left.end(), std::size_t{0});
  for (int front = 0; !left.empty(); ++front) {
    std::vector<std::size_t> best, rest;
    for (const std::size_t i : left) {
      const bool beaten = std::any_of(
          left.begin(), left.end(), [&](std::size_t j) { return dominates(values[j], values[i]); });
      (beaten ? rest : best).push_back(i);
    }
    for (const std::size_t i : best) standings[i].front = front;
    add_crowding(values, best, standings);
    left = std::move(rest);
  }
  return standings;
}

}  // namespace

std::vector<Proposal> Nsga2Search::next_generation(int generation, int first_trial, int most) {
  const Nsga2Options& nsga2 = options().nsga2;
  if (const int unknown = unknown_of(nsga2.population); generation == 0 && unknown > 0) {
    return random_generation(start(generation, first_trial, unknown, most), true);
  }
  // Parents and children compete for the seats of the next population.
  for (; seen_ < trials().size(); ++seen_) population_.push_back(seen_);
  std::vector<Objectives> values;
  for (const std::size_t trial : population_) {
    values.push_back(objectives_of(trials()[trial], options().rank_by));
  }
  const std::vector<Standing> standings = standings_of(values);
  std::vector<std::size_t> order(population_.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return standings[a] < standings[b]; });
  order.resize(std::min(order.size(), static_cast<std::size_t>(nsga2.population)));
  std::vector<std::size_t> survivors;
  for (const std::size_t i : order) survivors.push_back(population_[i]);
  population_ = std::move(survivors);

  // Better members stand before worse ones, so the lower of two drawn places wins a tournament.
  const auto members = static_cast<std::uint32_t>(population_.size());
  const auto genotype = [&](std::size_t place) -> const Genotype& {
    return trials()[population_[place]].proposal.candidate.genotype;
  };
  const auto winner = [&](Rng& rng) -> const Genotype& {
    const std::uint32_t a = rng.below(members);
    return genotype(std::min(a, rng.below(members)));
  };
  Generation next = start(generation, first_trial, nsga2.population, most);
  const auto breed_one = [&](Rng& rng, int, std::size_t) -> std::pair<Genotype, Origin> {
    const Genotype& a = winner(rng);
    const Genotype crossed = next.space().crossover(a, winner(rng), rng);
    return {next.space().mutate(crossed, nsga2.mutation_probability, rng), Origin::kCrossover};
  };
  next.fill_with_children(breed_one, trials(), options().rank_by);
  return next.take();
}

}  // namespace tinynas
