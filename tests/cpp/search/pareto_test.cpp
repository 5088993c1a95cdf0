#include "tinynas/pareto.h"

#include <set>

#include "catch.h"
#include "tinynas/rng.h"

using namespace tinynas;

TEST_CASE("Pareto front against brute force") {
  Rng rng(21);
  for (int round = 0; round < 200; ++round) {
    const bool with_latency = round % 2 == 1;
    std::vector<Trial> trials(1 + rng.below(40));
    for (std::size_t i = 0; i < trials.size(); ++i) {
      Trial& trial = trials[i];
      trial.proposal.trial = static_cast<int>(i);
      trial.proposal.candidate.id = std::to_string(1000 + i);
      trial.proposal.candidate.footprint = {rng.below(6), rng.below(6), 0,
                                            with_latency ? 1.0 + rng.below(3) : 0.0};
      trial.measurement.score = trial.measurement.accuracy = rng.below(6);
    }
    const auto beats = [](const Trial& a, const Trial& b) {
      const Footprint &x = a.proposal.candidate.footprint, &y = b.proposal.candidate.footprint;
      const bool no_worse = a.measurement.score >= b.measurement.score &&
                            x.peak_sram_bytes <= y.peak_sram_bytes &&
                            x.flash_bytes <= y.flash_bytes && x.latency_ms <= y.latency_ms;
      const bool equal = a.measurement.score == b.measurement.score &&
                         x.peak_sram_bytes == y.peak_sram_bytes && x.flash_bytes == y.flash_bytes &&
                         x.latency_ms == y.latency_ms;
      return no_worse && (!equal || a.proposal.trial < b.proposal.trial);
    };
    std::set<int> expected, found;
    for (const Trial& trial : trials) {
      bool beaten = false;
      for (const Trial& other : trials) beaten |= &other != &trial && beats(other, trial);
      if (!beaten) expected.insert(trial.proposal.trial);
    }
    for (const Trial& trial : pareto_front(trials, RankBy::kScore)) {
      found.insert(trial.proposal.trial);
    }
    REQUIRE(found == expected);
  }
}

namespace {

Trial trial_of(double accuracy, std::int64_t sram, std::int64_t flash, double latency = 0) {
  Trial trial;
  trial.proposal.candidate.id = std::to_string(sram) + "-" + std::to_string(flash);
  trial.proposal.candidate.footprint = {sram, flash, 0, latency};
  trial.measurement.score = trial.measurement.accuracy = accuracy;
  return trial;
}

McuBudget budget_of(std::int64_t sram, std::int64_t flash) {
  McuBudget budget;
  budget.sram_bytes = sram;
  budget.flash_bytes = flash;
  return budget;
}

}  // namespace

TEST_CASE("hypervolume of few networks is what paper and pencil give") {
  const McuBudget budget = budget_of(100, 200);
  CHECK(hypervolume({}, budget) == 0);
  const std::vector<Trial> one{trial_of(0.8, 50, 50)};
  CHECK(hypervolume(one, budget) == Approx(0.8 * 0.5 * 0.75));
  const std::vector<Trial> two{trial_of(0.8, 50, 50), trial_of(0.5, 25, 50)};
  CHECK(hypervolume(two, budget) == Approx(0.75 * (0.8 * 0.5 + 0.5 * 0.25)));
  const std::vector<Trial> beyond{trial_of(0.9, 100, 50), trial_of(0.9, 20, 300)};
  CHECK(hypervolume(beyond, budget) == 0);
  McuBudget limited = budget;
  limited.latency_ms = 10;
  const std::vector<Trial> timed{trial_of(0.8, 50, 50, 4)};
  CHECK(hypervolume(timed, limited) == Approx(0.8 * 0.5 * 0.75 * 0.6));
}

TEST_CASE("hypervolume against counting cells, and it never falls with more networks") {
  constexpr int kCells = 8;
  Rng rng(5);
  for (int round = 0; round < 60; ++round) {
    McuBudget budget = budget_of(kCells, kCells);
    const bool timed = round % 2 == 1;
    if (timed) budget.latency_ms = kCells;
    std::vector<Trial> trials;
    double before = 0;
    for (int i = 0; i < 12; ++i) {
      trials.push_back(trial_of(rng.below(kCells + 1) / static_cast<double>(kCells),
                                1 + rng.below(kCells), 1 + rng.below(kCells),
                                timed ? 1 + rng.below(kCells) : 0));
      // A cell counts when a trial is no worse in its best corner.
      int reached = 0, cells = 0;
      for (int a = 0; a < kCells; ++a) {
        for (int s = 0; s < kCells; ++s) {
          for (int f = 0; f < kCells; ++f) {
            for (int l = 0; l < (timed ? kCells : 1); ++l) {
              ++cells;
              reached += std::any_of(trials.begin(), trials.end(), [&](const Trial& t) {
                const Footprint& need = t.proposal.candidate.footprint;
                return t.measurement.accuracy * kCells >= a + 1 && need.peak_sram_bytes <= s &&
                       need.flash_bytes <= f && (!timed || need.latency_ms <= l);
              });
            }
          }
        }
      }
      const double volume = hypervolume(trials, budget);
      REQUIRE(volume == Approx(static_cast<double>(reached) / cells).margin(1e-12));
      REQUIRE(volume >= before - 1e-12);
      before = volume;
    }
  }
}
