#include "cli/search_report.h"

#include "base/json_io.h"
#include "catch.h"
#include "cli/search_job.h"
#include "errors.h"
#include "run_cli.h"
#include "tinynas/bytes.h"
#include "tinynas/error.h"
#include "tinynas/version.h"

using namespace tinynas;
using testing::CliResult;
using testing::contains;
using testing::run_cli;

namespace {

/// More MACs are better.
class MacsEvaluator : public Evaluator {
 public:
  std::vector<Measurement> evaluate(std::span<const Subnet> subnets,
                                    const Fidelity& fidelity) override {
    std::vector<Measurement> results;
    for (const Subnet& subnet : subnets) {
      const double macs = static_cast<double>(graph_macs(lower(subnet)));
      const double accuracy = macs / (macs + 1e5);
      const int all = fidelity.split == Split::kTest ? 10000 : 5000;
      results.push_back({accuracy, accuracy, fidelity.images == 0 ? all : fidelity.images, 0.01});
    }
    return results;
  }
};

struct Found {
  McuTarget target;
  SearchProblem problem;
  SearchResult result;
  std::string report;
};

Found search_for(const McuOptions& mcu) {
  const RuntimeModel runtime = find_runtime("tinyengine");
  McuTarget target = resolve_mcu(mcu, runtime);
  SearchProblem problem{SearchSpace::find("fashion-mnist"), target.budget, runtime};
  SearchOptions options = SearchOptions::preset_default(0);
  options.engine.measurements = 24;
  MacsEvaluator evaluator;
  SearchResult result = run_search(options, problem, evaluator, nullptr, {});
  std::string report = search_report(result, problem, target, "runs/x", 12.34);
  return {std::move(target), std::move(problem), std::move(result), std::move(report)};
}

}  // namespace

TEST_CASE("a budget that binds: winner, breakdown, what was given up, runners-up") {
  const Found found = search_for({.mcu = "stm32f030r8"});
  REQUIRE(found.result.status == SearchStatus::kFound);
  const Candidate& best = found.result.best->proposal.candidate;
  const std::string& report = found.report;
  INFO(report);
  CHECK(contains(report, "Budget of stm32f030r8"));
  CHECK(contains(report, format_bytes(found.problem.budget.sram_bytes)));
  CHECK(contains(report, "measured 24, in 12.3 s"));
  CHECK(contains(report, "Winner " + best.id));
  CHECK(contains(report, "5,000 validation images"));
  CHECK(contains(report, "10,000 test images (float, supernet weights)"));
  CHECK(contains(report, format_bytes(best.footprint.peak_sram_bytes) + " of "));
  CHECK(contains(report, "(estimate)"));
  CHECK(contains(report, format_count(best.footprint.macs)));
  CHECK(contains(report, describe(found.problem.space.decode(best.genotype))));
  CHECK(contains(report, "Given up to fit, against the largest network"));
  CHECK(contains(report, " over; the winner needs "));
  CHECK(contains(report, "Run directory: runs/x"));
  for (const Trial& trial : found.result.pareto) {
    if (found.result.pareto.size() > 8) break;
    CHECK(contains(report, trial.proposal.candidate.id));
  }
}

TEST_CASE("a budget that does not bind, and one that nothing fits") {
  const Found roomy = search_for({.mcu = "stm32f746"});
  INFO(roomy.report);
  CHECK(contains(roomy.report, "nothing, the winner is the largest network of the space"));
  const Found hopeless = search_for({.mcu = "stm32f746", .sram = "36KiB", .flash = "28KiB"});
  REQUIRE(hopeless.result.status == SearchStatus::kNothingFits);
  INFO(hopeless.report);
  CHECK(contains(hopeless.report, "Nothing of space 'fashion-mnist' fits stm32f746"));
  CHECK(contains(hopeless.report, hopeless.result.planning.nearest->id));
  CHECK(contains(hopeless.report, " over"));
  CHECK(contains(hopeless.report, "least SRAM"));
}

TEST_CASE("names and numbers of a request") {
  SearchRequest request;
  request.seed = 5;
  CHECK(search_options(request).engine.seed == 5);
  CHECK(search_options(request).engine.measurements == 120);
  request.preset = "published";
  CHECK(search_options(request).engine.measurements == 3100);
  CHECK(search_options(request).ranking.images == 0);
  request.measurements = 7;
  request.engine = "random";
  CHECK(search_options(request).engine.measurements == 7);
  CHECK(search_options(request).engine.engine == SearchEngine::kRandom);
  request.engine = "evolutoin";
  CHECK_THROWS_WITH(search_options(request), Catch::Contains("did you mean 'evolution'"));
  request.engine = "random";
  request.preset = "fast";
  CHECK_THROWS_WITH(search_options(request), Catch::Contains("default, published"));
}

TEST_CASE("search is there in every build; without torch it says how to get it") {
  CHECK(contains(run_cli({"--help"}).out, "\n  search "));
  for (const char* flag :
       {"--mcu", "--space", "--supernet", "--data", "--seed", "--measurements", "--preset",
        "--run-dir", "--resume", "--device", "--threads", "--json"}) {
    CHECK(contains(run_cli({"search", "--help"}).out, flag));
  }
  if (!contains(version_details(), "torch: not built in")) return;
  const std::vector<std::vector<std::string>> calls = {
      {"search"}, {"search", "--mcu", "stm32f746"}, {"search", "-x", "word"}};
  for (const auto& call : calls) {
    const CliResult result = run_cli(call);
    CHECK(result.code == 2);
    CHECK(result.out.empty());
    CHECK(contains(result.err, "needs torch"));
    CHECK(testing::is_one_line(result.err));
  }
}
