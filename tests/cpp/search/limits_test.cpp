// Which limit stops a network from growing, against the budgets themselves.

#include "tinynas/limits.h"

#include "catch.h"
#include "search/candidate.h"
#include "support.h"

using namespace tinynas;
using namespace tinynas::testing;

namespace {

/// A network that fits and that a search would end with: most MACs of many that fit.
Candidate large_fitting(const SearchProblem& problem) {
  CandidateChecker checker(problem);
  Candidate best = checker.check(problem.space.smallest());
  Rng rng(9, 0);
  for (int i = 0; i < 400; ++i) {
    Candidate drawn = checker.check(problem.space.sample(rng));
    if (drawn.violation.fits() && drawn.footprint.macs > best.footprint.macs) {
      best = std::move(drawn);
    }
  }
  return best;
}

const LimitUse& use_of(const GrowthLimits& growth, Limit limit) {
  for (const LimitUse& use : growth.uses) {
    if (use.limit == limit) return use;
  }
  throw std::logic_error("no such limit");
}

}  // namespace

TEST_CASE("growth is counted as planning each neighbour says") {
  SearchProblem problem = make_problem("fashion-mnist", 8192, 49152);
  problem.budget.macs = 2'000'000;
  const Candidate winner = large_fitting(problem);
  REQUIRE(winner.violation.fits());
  const GrowthLimits growth = growth_limits(problem, winner);
  REQUIRE(growth.uses.size() == 3);
  int grown = 0, fitting = 0, sram = 0, flash = 0, macs = 0, flash_alone = 0;
  for (const Genotype& genotype : problem.space.neighbours(winner.genotype)) {
    const Graph graph = lower(problem.space.decode(genotype));
    const Footprint need = plan_memory(graph, problem.runtime, problem.plan_options()).footprint();
    if (graph_params(graph) <= winner.params && need.macs <= winner.footprint.macs) continue;
    ++grown;
    const bool much_sram = need.peak_sram_bytes > problem.budget.sram_bytes;
    const bool much_flash = need.flash_bytes > problem.budget.flash_bytes;
    const bool much_macs = need.macs > *problem.budget.macs;
    sram += much_sram;
    flash += much_flash;
    macs += much_macs;
    flash_alone += much_flash && !much_sram && !much_macs;
    fitting += !much_sram && !much_flash && !much_macs;
  }
  CHECK(growth.grown == grown);
  CHECK(growth.fitting == fitting);
  CHECK(use_of(growth, Limit::kSram).exceeded == sram);
  CHECK(use_of(growth, Limit::kFlash).exceeded == flash);
  CHECK(use_of(growth, Limit::kMacs).exceeded == macs);
  CHECK(use_of(growth, Limit::kFlash).exceeded_alone == flash_alone);
  REQUIRE(growth.binding() != nullptr);
  CHECK(growth.binding()->exceeded == std::max({sram, flash, macs}));
}

TEST_CASE("the operator named is the one that needs the most") {
  const SearchProblem problem = make_problem("fashion-mnist", 8192, 49152);
  const Candidate winner = large_fitting(problem);
  const GrowthLimits growth = growth_limits(problem, winner);
  const Graph graph = lower(problem.space.decode(winner.genotype));
  const MemoryPlan plan = plan_memory(graph, problem.runtime, problem.plan_options());
  const LimitUse& sram = use_of(growth, Limit::kSram);
  CHECK(sram.need == static_cast<double>(plan.peak_sram_bytes));
  std::int64_t live = 0, weights = 0;
  for (const OpPlan& op : plan.per_op) {
    live = std::max(live, op.live_bytes + op.scratch_bytes);
    weights = std::max(weights, op.weight_bytes);
  }
  CHECK(sram.need_there == static_cast<double>(live));
  CHECK(use_of(growth, Limit::kFlash).need_there == static_cast<double>(weights));
  CHECK_FALSE(sram.where.empty());
}

TEST_CASE("where everything fits nothing binds") {
  const SearchProblem problem = make_problem("fashion-mnist", 1 << 20, 8 << 20);
  const GrowthLimits growth = growth_limits(problem, large_fitting(problem));
  CHECK(growth.grown > 0);
  CHECK(growth.fitting == growth.grown);
  CHECK(growth.binding() == nullptr);
  const GrowthLimits largest =
      growth_limits(problem, CandidateChecker(problem).check(problem.space.largest()));
  CHECK(largest.fitting == largest.grown);
}

TEST_CASE("a relaxed problem has one limit raised") {
  SearchProblem problem = make_problem("fashion-mnist", 8192, 49152);
  problem.budget.name = "board";
  problem.budget.macs = 1000;
  problem.budget.latency_ms = 20;
  const SearchProblem sram = relaxed(problem, Limit::kSram, 0.1);
  CHECK(sram.budget.sram_bytes == 9011);
  CHECK(sram.budget.flash_bytes == 49152);
  CHECK(sram.budget.name == "board+10% SRAM");
  CHECK(relaxed(problem, Limit::kFlash, 0.5).budget.flash_bytes == 73728);
  CHECK(*relaxed(problem, Limit::kMacs, 0.1).budget.macs == 1100);
  CHECK(*relaxed(problem, Limit::kLatency, 0.1).budget.latency_ms == Approx(22));
}
