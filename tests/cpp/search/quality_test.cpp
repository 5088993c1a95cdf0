// How well measurements are spent: against the best network there is, and against random choice.

#include <algorithm>

#include "catch.h"
#include "support.h"

using namespace tinynas;
using namespace tinynas::testing;

namespace {

/// True accuracy of the network that scored best, and the best that was measured (scores are
/// noisy).
struct Outcome {
  double chosen = 0, measured = 0;
};

Outcome outcome(SearchAlgorithm& algorithm, FormulaEvaluator& evaluator) {
  drive(algorithm, evaluator);
  const auto best = std::max_element(
      algorithm.trials().begin(), algorithm.trials().end(),
      [](const Trial& a, const Trial& b) { return a.measurement.score < b.measurement.score; });
  const auto truth = [&](const Trial& trial) {
    return evaluator.true_accuracy(
        algorithm.problem().space.decode(trial.proposal.candidate.genotype));
  };
  Outcome result{truth(*best), 0};
  for (const Trial& trial : algorithm.trials()) {
    result.measured = std::max(result.measured, truth(trial));
  }
  return result;
}

Outcome found_by(SearchEngine engine, const SearchProblem& problem, std::uint64_t seed,
                 int measurements, FormulaEvaluator& evaluator) {
  EngineOptions options;
  options.engine = engine;
  options.seed = seed;
  options.measurements = measurements;
  return outcome(*make_search(problem, options), evaluator);
}

}  // namespace

TEST_CASE("toy space: regret against the best of all networks, 20 seeds") {
  struct Budget {
    std::int64_t sram, flash;
  };
  for (const Budget& budget :
       {Budget{6000, 1 << 20}, Budget{9000, 33000}, Budget{1 << 20, 31000}}) {
    const SearchProblem problem = make_problem("toy", budget.sram, budget.flash);
    double our_regret = 0, random_regret = 0;
    int optimal = 0;
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
      FormulaEvaluator evaluator(seed % 5);
      double best = 0;
      problem.space.enumerate([&](const Genotype& genotype) {
        const Subnet subnet = problem.space.decode(genotype);
        const Footprint need = plan_memory(lower(subnet), problem.runtime).footprint();
        if (violation(need, problem.budget).fits()) {
          best = std::max(best, evaluator.true_accuracy(subnet));
        }
      });
      const Outcome ours = found_by(SearchEngine::kTinynas, problem, seed, 60, evaluator);
      const Outcome random = found_by(SearchEngine::kRandom, problem, seed, 60, evaluator);
      REQUIRE(ours.measured <= best + 1e-12);
      REQUIRE(random.measured <= best + 1e-12);
      optimal += ours.measured >= best - 1e-12;
      our_regret += (best - ours.chosen) / 20;
      random_regret += (best - random.chosen) / 20;
    }
    INFO("SRAM " << budget.sram << ", flash " << budget.flash << ": regret " << our_regret
                 << " against " << random_regret << " of random choice; optimum measured "
                 << optimal << " times of 20");
    CHECK(our_regret < 0.5 * random_regret);
    CHECK(our_regret < 0.005);
    CHECK(optimal >= 18);
  }
}

TEST_CASE("fashion-mnist space, tight budgets: beats random choice at equal measurements") {
  struct Budget {
    std::int64_t sram, flash;
  };
  for (const Budget& budget :
       {Budget{8192, 65536}, Budget{16384, 40960}, Budget{1 << 20, 1 << 20}}) {
    const SearchProblem problem = make_problem("fashion-mnist", budget.sram, budget.flash);
    int wins = 0;
    double gain = 0;
    for (std::uint64_t seed = 0; seed < 10; ++seed) {
      FormulaEvaluator evaluator(100 + seed);
      const double ours = found_by(SearchEngine::kTinynas, problem, seed, 80, evaluator).chosen;
      const double random = found_by(SearchEngine::kRandom, problem, seed, 80, evaluator).chosen;
      wins += ours > random;
      gain += (ours - random) / 10;
    }
    INFO("SRAM " << budget.sram << ", flash " << budget.flash << ": " << wins
                 << " wins of 10, mean gain " << gain);
    CHECK(wins >= 8);
    CHECK(gain > 0.01);
  }
}

TEST_CASE("the largest network is tried first where it fits") {
  const SearchProblem problem = make_problem("fashion-mnist", 1 << 20, 1 << 20);
  const Proposal first = make_search(problem, {})->ask(1).front();
  CHECK(first.origin == Origin::kLargest);
  CHECK(first.candidate.genotype == problem.space.largest());
}
