// The contract of SearchAlgorithm, which every implementation keeps.

#include <algorithm>
#include <functional>
#include <limits>
#include <memory>
#include <set>

#include "catch.h"
#include "support.h"
#include "tinynas/error.h"

using namespace tinynas;
using namespace tinynas::testing;

namespace {

struct Engine {
  std::string name;
  EngineOptions options;

  std::unique_ptr<SearchAlgorithm> make(const SearchProblem& problem, std::uint64_t seed,
                                        int measurements) const {
    EngineOptions mine = options;
    mine.seed = seed;
    mine.measurements = measurements;
    return make_search(problem, mine);
  }
};

/// All, with generations small enough that a test sees a few of them.
std::vector<Engine> engines() {
  EngineOptions small;
  small.evolution.population = small.evolution.generation = 10;
  small.regularized.population = small.nsga2.population = 10;
  std::vector<Engine> all;
  for (const std::string& name : engine_names()) {
    all.push_back({name, small});
    all.back().options.engine = parse_engine(name, "engine");
  }
  return all;
}

std::vector<TrialResult> measured(const SearchAlgorithm& algorithm, Evaluator& evaluator,
                                  const std::vector<Proposal>& proposals) {
  std::vector<TrialResult> results;
  for (const Proposal& proposal : proposals) {
    const Subnet subnet = algorithm.problem().space.decode(proposal.candidate.genotype);
    results.push_back(
        {proposal.trial, evaluator.evaluate(std::span(&subnet, 1), Fidelity{}).front()});
  }
  return results;
}

}  // namespace

TEST_CASE("all that is proposed fits, is new, is numbered, and is planned truthfully") {
  const SearchProblem problem = make_problem("fashion-mnist", 9000, 48000);
  for (const Engine& engine : engines()) {
    INFO(engine.name);
    for (std::uint64_t seed = 0; seed < 3; ++seed) {
      FormulaEvaluator evaluator;
      const auto algorithm = engine.make(problem, seed, 60);
      drive(*algorithm, evaluator);
      REQUIRE(algorithm->done());
      REQUIRE(algorithm->trials().size() == 60);
      std::set<std::string> ids;
      int next = 0, generation = 0;
      for (const Trial& trial : algorithm->trials()) {
        const Candidate& candidate = trial.proposal.candidate;
        REQUIRE(trial.proposal.trial == next++);
        REQUIRE(trial.proposal.generation >= generation);
        generation = trial.proposal.generation;
        REQUIRE(ids.insert(candidate.id).second);
        REQUIRE(candidate.id == problem.space.id(candidate.genotype));
        REQUIRE(problem.space.canonical(candidate.genotype) == candidate.genotype);
        const Graph graph = lower(problem.space.decode(candidate.genotype));
        const Footprint footprint = plan_memory(graph, problem.runtime).footprint();
        REQUIRE(footprint.peak_sram_bytes == candidate.footprint.peak_sram_bytes);
        REQUIRE(footprint.flash_bytes == candidate.footprint.flash_bytes);
        REQUIRE(footprint.macs == candidate.footprint.macs);
        REQUIRE(footprint.peak_sram_bytes <= 9000);
        REQUIRE(footprint.flash_bytes <= 48000);
      }
      CHECK(algorithm->planning().planned >= 60);
      CHECK(algorithm->planning().feasible >= 60);
      CHECK(algorithm->planning().nearest->violation.fits());
    }
  }
}

TEST_CASE("a long search looks at no more networks for a generation than a short one") {
  const SearchProblem problem = make_problem("fashion-mnist", 9000, 40000);
  EngineOptions options;
  options.measurements = 4000;
  options.surrogate.parents = 1;
  options.surrogate.children = 48;
  options.surrogate.generation = 24;  // exhausts the surroundings of the best
  const auto search = make_search(problem, options);
  FormulaEvaluator evaluator;
  std::vector<std::int64_t> looks;
  while (!search->done()) {
    const std::int64_t before = search->planning().planned;
    const std::vector<Proposal> proposals = search->ask(options.measurements);
    looks.push_back(search->planning().planned - before);
    search->tell(measured(*search, evaluator, proposals));
  }
  REQUIRE(looks.size() > 100);
  const auto late = looks.begin() + 41;  // after the design and 40 generations
  const std::int64_t early_most = *std::max_element(looks.begin() + 1, late);
  // The last child, and neighbours of the best, come on top; without a limit it is 1.39 times.
  CHECK(*std::max_element(late, looks.end()) <= early_most * 11 / 10);
}

TEST_CASE("neither the cut of asks nor the order of telling changes the trace; the seed does") {
  const SearchProblem problem = make_problem("fashion-mnist", 12000, 64000);
  for (const Engine& engine : engines()) {
    INFO(engine.name);
    FormulaEvaluator evaluator;
    const auto reference = engine.make(problem, 1, 50);
    drive(*reference, evaluator, 8);
    for (const int step : {1, 3, 1000}) {
      const auto other = engine.make(problem, 1, 50);
      drive(*other, evaluator, step);
      CHECK(trace(other->trials()) == trace(reference->trials()));
    }
    const auto shuffled = engine.make(problem, 1, 50);
    Rng rng(5);
    std::vector<TrialResult> held;
    while (!shuffled->done()) {
      const auto proposals = shuffled->ask(3);
      const auto results = measured(*shuffled, evaluator, proposals);
      held.insert(held.end(), results.begin(), results.end());
      if (!proposals.empty() && rng.chance(0.5)) continue;
      rng.shuffle(held);
      for (const TrialResult& result : held) shuffled->tell(std::span(&result, 1));
      held.clear();
    }
    CHECK(trace(shuffled->trials()) == trace(reference->trials()));
    const auto seeded = engine.make(problem, 2, 50);
    drive(*seeded, evaluator);
    CHECK(trace(seeded->trials()) != trace(reference->trials()));
  }
}

TEST_CASE("a generation waits for its results") {
  const SearchProblem problem = make_problem("fashion-mnist", 12000, 64000);
  for (const Engine& engine : engines()) {
    INFO(engine.name);
    FormulaEvaluator evaluator;
    const auto algorithm = engine.make(problem, 3, 40);
    const std::vector<Proposal> first = algorithm->ask(1000);
    REQUIRE(first.size() > 1);
    CHECK(algorithm->ask(8).empty());
    CHECK_FALSE(algorithm->done());
    std::vector<TrialResult> results = measured(*algorithm, evaluator, first);
    const TrialResult last = results.back();
    results.pop_back();
    algorithm->tell(results);
    CHECK(algorithm->ask(8).empty());
    CHECK(algorithm->trials().empty());
    algorithm->tell(std::span(&last, 1));
    CHECK(algorithm->trials().size() == first.size());
    const std::vector<Proposal> second = algorithm->ask(8);
    REQUIRE_FALSE(second.empty());
    CHECK(second.front().generation == 1);
  }
}

TEST_CASE("tell refuses what was not asked and what is no number") {
  const SearchProblem problem = make_problem("toy", 9000, 40000);
  for (const Engine& engine : engines()) {
    INFO(engine.name);
    const auto algorithm = engine.make(problem, 0, 20);
    const auto tell = [&](int trial, double score) {
      const TrialResult result{trial, {score, 0.5, 100, 0.01}};
      algorithm->tell(std::span(&result, 1));
    };
    CHECK_THROWS_AS(tell(0, 1), std::invalid_argument);
    algorithm->ask(2);
    CHECK_THROWS_AS(tell(2, 1), std::invalid_argument);
    CHECK_THROWS_AS(tell(-1, 1), std::invalid_argument);
    CHECK_THROWS_AS(tell(0, std::numeric_limits<double>::quiet_NaN()), std::invalid_argument);
    CHECK_THROWS_AS(tell(0, std::numeric_limits<double>::infinity()), std::invalid_argument);
    tell(0, 1);
    CHECK_THROWS_AS(tell(0, 1), std::invalid_argument);
    const std::vector<TrialResult> twice(2, TrialResult{1, {1, 0.5, 100, 0.01}});
    CHECK_THROWS_AS(algorithm->tell(twice), std::invalid_argument);
    tell(1, 1);  // a call that was refused told nothing
    CHECK_THROWS_AS(algorithm->ask(0), std::invalid_argument);
  }
}

TEST_CASE("nothing fits: every engine ends and knows the smallest that it reached") {
  const SearchSpace space = SearchSpace::find("toy");
  std::int64_t least_sram = 1 << 30, least_flash = 1 << 30;
  const RuntimeModel runtime = find_runtime("tinyengine");
  space.enumerate([&](const Genotype& genotype) {
    const Footprint need = plan_memory(lower(space.decode(genotype)), runtime).footprint();
    least_sram = std::min(least_sram, need.peak_sram_bytes);
    least_flash = std::min(least_flash, need.flash_bytes);
  });
  for (const auto& [sram, flash] : {std::pair{least_sram - 1, std::int64_t{1 << 20}},
                                    std::pair{std::int64_t{1 << 20}, least_flash - 1},
                                    std::pair{std::int64_t{10}, std::int64_t{10}}}) {
    const SearchProblem problem = make_problem("toy", sram, flash);
    for (const Engine& engine : engines()) {
      INFO(engine.name);
      const auto algorithm = engine.make(problem, 0, 40);
      CHECK(algorithm->ask(8).empty());
      CHECK(algorithm->done());
      const PlanningRecord& record = algorithm->planning();
      CHECK(record.feasible == 0);
      REQUIRE(record.nearest);
      CHECK_FALSE(record.nearest->violation.fits());
      CHECK(record.lowest_sram->footprint.peak_sram_bytes == least_sram);
      CHECK(record.lowest_flash->footprint.flash_bytes == least_flash);
    }
  }
}

TEST_CASE("a budget that only a few networks fit: all are found, and the search ends") {
  const SearchSpace space = SearchSpace::find("toy");
  const RuntimeModel runtime = find_runtime("tinyengine");
  const Footprint least = plan_memory(lower(space.decode(space.smallest())), runtime).footprint();
  for (const double slack : {1.0, 1.03, 1.1}) {
    const auto sram = static_cast<std::int64_t>(slack * static_cast<double>(least.peak_sram_bytes));
    const auto flash = least.flash_bytes + 400;
    const SearchProblem problem = make_problem("toy", sram, flash);
    std::size_t fitting = 0;
    space.enumerate([&](const Genotype& genotype) {
      const Footprint need = plan_memory(lower(space.decode(genotype)), runtime).footprint();
      fitting += violation(need, problem.budget).fits();
    });
    REQUIRE(fitting >= 1);
    REQUIRE(fitting < 40);
    FormulaEvaluator evaluator;
    for (const Engine& engine : engines()) {
      const auto search = engine.make(problem, 0, 100);
      drive(*search, evaluator);
      INFO(engine.name << ", slack " << slack << ", " << fitting << " networks fit");
      CHECK(search->done());
      CHECK(search->trials().size() == fitting);
    }
  }
}

TEST_CASE("the published preset is the published loop") {
  EngineOptions options = EngineOptions::published(1);
  CHECK(options.measurements == 3100);
  CHECK(options.rank_by == RankBy::kAccuracy);
  const SearchProblem problem = make_problem("fashion-mnist", 12000, 64000);
  FormulaEvaluator evaluator;
  options.measurements = 300;
  const auto search = make_search(problem, options);
  drive(*search, evaluator, 50);
  REQUIRE(search->trials().size() == 300);
  for (int generation = 1; generation < 3; ++generation) {
    int mutations = 0, crossovers = 0;
    for (const Trial& trial : search->trials()) {
      if (trial.proposal.generation != generation) continue;
      mutations += trial.proposal.origin == Origin::kMutation;
      crossovers += trial.proposal.origin == Origin::kCrossover;
    }
    CHECK(mutations == 50);
    CHECK(crossovers == 50);
  }
}

TEST_CASE("options out of range are refused") {
  const SearchProblem problem = make_problem("toy", 9000, 40000);
  const auto refuse = [&](auto change) {
    EngineOptions options;
    change(options);
    CHECK_THROWS_AS(make_search(problem, options), BadInput);
  };
  refuse([](auto& o) { o.measurements = 0; });
  refuse([](auto& o) { o.attempts = 0; });
  refuse([](auto& o) { o.surrogate.design = 0; });
  refuse([](auto& o) { o.surrogate.children = 0; });
  refuse([](auto& o) { o.surrogate.mutation_probability = 1.5; });
  refuse([](auto& o) { o.evolution.population = 0; });
  refuse([](auto& o) { o.evolution.parents = 0; });
  refuse([](auto& o) { o.evolution.mutation_share = -0.1; });
  refuse([](auto& o) { o.regularized.sample = 0; });
  refuse([](auto& o) { o.nsga2.population = 1; });
  refuse([](auto& o) { o.random.generation = 0; });
}
