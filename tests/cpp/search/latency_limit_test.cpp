// --latency-ms: the upper end of the predicted interval is a limit as bytes are.

#include <algorithm>

#include "base/json_io.h"
#include "catch.h"
#include "support.h"

using namespace tinynas;
using namespace tinynas::testing;
using Catch::Matchers::Contains;

namespace {

SearchProblem problem_with(std::optional<double> latency_ms) {
  SearchProblem problem = make_problem("fashion-mnist", 64 * 1024, 256 * 1024);
  problem.runtime = find_runtime("tinynas", "Cortex-M4");
  problem.runtime.latency = find_latency_model(find_mcu("stm32f405"));
  problem.budget.latency_ms = latency_ms;
  return problem;
}

double latency_of(const SearchProblem& problem, const Candidate& candidate) {
  PlanOptions options = problem.plan_options();
  options.predict_instructions = true;
  return plan_memory(lower(problem.space.decode(candidate.genotype)), problem.runtime, options)
      .footprint()
      .latency_ms;
}

}  // namespace

TEST_CASE("a search keeps below a latency that binds") {
  FormulaEvaluator evaluator;
  const SearchProblem free = problem_with({});
  const SearchResult without = run_search(small_options(1), free, evaluator, nullptr, {});
  REQUIRE(without.best);
  CHECK(without.best->proposal.candidate.footprint.latency_ms == 0);
  const double unlimited = latency_of(free, without.best->proposal.candidate);

  const SearchProblem limited = problem_with(unlimited / 3);
  const SearchResult with = run_search(small_options(1), limited, evaluator, nullptr, {});
  REQUIRE(with.best);
  for (const Trial& trial : with.trials) {
    const Candidate& candidate = trial.proposal.candidate;
    CHECK(candidate.footprint.latency_ms > 0);
    CHECK(candidate.footprint.latency_ms <= unlimited / 3);
    CHECK(candidate.footprint.latency_ms == Approx(latency_of(limited, candidate)));
  }
  CHECK(with.best->proposal.candidate.id != without.best->proposal.candidate.id);
  CHECK(with.largest.violation.latency_ms > 0);
  const Json document = Json::parse(search_result_json(with, limited, ""));
  CHECK(document["mcu"]["latency_budget_ms"] == unlimited / 3);
  CHECK(document["best"]["latency_high_ms"].get<double>() <= unlimited / 3);
  CHECK_THAT(document["latency_source"].get<std::string>(), Contains("CMSIS-NN"));
}

TEST_CASE("what is nearest to a latency that nothing keeps is told") {
  FormulaEvaluator evaluator;
  const SearchProblem problem = problem_with(1e-3);
  const SearchResult result = run_search(small_options(2), problem, evaluator, nullptr, {});
  CHECK(result.status == SearchStatus::kNothingFits);
  REQUIRE(result.planning.nearest);
  CHECK(result.planning.nearest->violation.latency_ms > 0);
  CHECK(result.planning.nearest->violation.sram_bytes == 0);
  CHECK(evaluator.calls == 0);
}

TEST_CASE("a run with a latency limit is another run") {
  const auto text = [](std::optional<double> limit) {
    const SearchProblem problem = problem_with(limit);
    return describe_run(small_options(1), std::span(&problem, 1), {}, {});
  };
  CHECK(text({}) != text(5.0));
  CHECK(text(5.0) != text(6.0));
  CHECK(text(5.0) == text(5.0));
}
