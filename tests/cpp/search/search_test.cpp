// Whole searches: determinism, interruption, kills, what ends in the run directory.

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <map>
#include <set>

#include "base/files.h"
#include "base/json_io.h"
#include "catch.h"
#include "support.h"
#include "tinynas/error.h"

using namespace tinynas;
using namespace tinynas::testing;
using Catch::Matchers::Contains;
namespace fs = std::filesystem;

namespace {

const SearchProblem& tight() {
  static const SearchProblem problem = make_problem("fashion-mnist", 8192, 49152);
  return problem;
}

std::string description(const SearchOptions& options, const SearchProblem& problem) {
  return describe_run(options, std::span(&problem, 1), {{"supernet_hash", "1"}},
                      {{"threads", "1"}});
}

SearchResult run_in(const std::string& directory, const SearchOptions& options,
                    const SearchProblem& problem, FormulaEvaluator& evaluator,
                    const SearchCallbacks& callbacks = {}, RunStore::FaultFn fault = {}) {
  const auto store =
      RunStore::open(directory, Resume::kAuto, description(options, problem), std::move(fault));
  return run_search(options, problem, evaluator, store.get(), callbacks);
}

/// What an uninterrupted run leaves.
std::map<std::string, std::string> undisturbed(const SearchOptions& options,
                                               const SearchProblem& problem) {
  TemporaryFolder folder;
  FormulaEvaluator evaluator;
  run_in(folder.path(), options, problem, evaluator);
  return contents(folder.path());
}

}  // namespace

TEST_CASE("one, two and eight threads: the same run directory to the byte") {
  const SearchOptions options = small_options(4);
  const auto reference = undisturbed(options, tight());
  REQUIRE(reference.count("run.json") == 1);
  CHECK(reference.at("run.json").find("\"depthwise_rows\": \"int8\"") != std::string::npos);
  CHECK(reference.count("trials.jsonl") == 1);
  CHECK(reference.count("checkpoint.json") == 1);
  CHECK(reference.count("result.json") == 1);
  CHECK(reference.count("best/subnet.json") == 1);
  for (const int threads : {2, 8}) {
    TemporaryFolder folder;
    FormulaEvaluator evaluator(7, threads);
    run_in(folder.path(), options, tight(), evaluator);
    CHECK(contents(folder.path()) == reference);
  }
}

TEST_CASE("the winner is the finalist with the best validation accuracy") {
  const SearchOptions options = small_options(1);
  FormulaEvaluator evaluator;
  const SearchResult result = run_search(options, tight(), evaluator, nullptr, {});
  REQUIRE(result.status == SearchStatus::kFound);
  CHECK(result.trials.size() == 40);
  REQUIRE(result.finalists.size() == 6);
  CHECK(result.best->proposal.candidate.id == result.finalists.front().proposal.candidate.id);
  double kept_least = 1e9;
  std::set<std::string> finalists;
  for (const Trial& finalist : result.finalists) {
    finalists.insert(finalist.proposal.candidate.id);
    CHECK(finalist.measurement.accuracy <= result.best->measurement.accuracy);
    CHECK(finalist.measurement.images == 5000);
    const int trial = finalist.proposal.trial;
    kept_least =
        std::min(kept_least, result.trials[static_cast<std::size_t>(trial)].measurement.score);
  }
  for (const Trial& trial : result.trials) {
    if (finalists.count(trial.proposal.candidate.id) == 0) {
      CHECK(trial.measurement.score <= kept_least);
    }
  }
  REQUIRE(result.test);
  REQUIRE(result.largest_measurement);
  CHECK_FALSE(result.largest.violation.fits());
  // 40 trials, 6 finalists, the largest, the test: nothing is measured twice.
  CHECK(evaluator.calls == 48);
  CHECK_FALSE(result.pareto.empty());
}

TEST_CASE("the result document has the fields that other programs rely on") {
  FormulaEvaluator evaluator;
  const SearchOptions options = small_options(1);
  const SearchResult result = run_search(options, tight(), evaluator, nullptr, {});
  const Json document = parse_json(search_result_json(result, tight(), "runs/x"), "result");
  CHECK(document["schema_version"] == 1);
  CHECK(document["seed"] == 1);
  CHECK(document["run_dir"] == "runs/x");
  CHECK(document["mcu"]["sram_budget_bytes"] == 8192);
  CHECK(document["mcu"]["flash_budget_bytes"] == 49152);
  CHECK(document["measured"] == 40);
  CHECK(document["planned"] == result.planning.planned);
  const Json& best = document["best"];
  CHECK(best["id"] == result.best->proposal.candidate.id);
  CHECK(best["peak_sram_bytes"] <= 8192);
  CHECK(best["flash_bytes"] <= 49152);
  CHECK(best["macs"] > 0);
  CHECK(best["params"] > 0);
  CHECK(best["resolution"] > 0);
  CHECK(best["accuracy"]["validation"] == result.best->measurement.accuracy);
  CHECK(best["accuracy"]["test"] == result.test->accuracy);
  CHECK(best["accuracy"]["validation_int8"].is_null());
  CHECK(best["accuracy"]["test_int8"].is_null());
  CHECK(document["pareto"].size() == result.pareto.size());
  CHECK_FALSE(document.contains("smallest"));
  TemporaryFolder folder;
  write_file_atomic(folder.path() + "/subnet.json", best["subnet"].dump());
  CHECK(read_subnet_file(tight().space, folder.path() + "/subnet.json") ==
        result.best->proposal.candidate.genotype);
}

TEST_CASE("nothing fits: best is null, the nearest network says how far the budget is off") {
  const SearchProblem problem = make_problem("toy", 2000, 1 << 20);
  const SearchOptions options = small_options(0);
  TemporaryFolder folder;
  FormulaEvaluator evaluator;
  const SearchResult result = run_in(folder.path(), options, problem, evaluator);
  CHECK(result.status == SearchStatus::kNothingFits);
  CHECK(evaluator.calls == 0);
  const Json document = read_json_file(folder.path() + "/result.json");
  CHECK(document["best"].is_null());
  CHECK(document["measured"] == 0);
  const Json& smallest = document["smallest"];
  CHECK(smallest["id"] == problem.space.id(problem.space.smallest()));
  CHECK(smallest["excess"]["sram_bytes"] == smallest["peak_sram_bytes"].get<int>() - 2000);
  CHECK(smallest["excess"]["flash_bytes"] == 0);
  CHECK_FALSE(fs::exists(folder.path() + "/best"));
}

TEST_CASE("a stopped run resumes to the result of one that was not, wherever it was stopped") {
  const SearchOptions options = small_options(2);
  const auto reference = undisturbed(options, tight());
  for (int stop_at = 0; stop_at < 8; ++stop_at) {
    TemporaryFolder folder;
    FormulaEvaluator evaluator;
    int asked = 0;
    SearchCallbacks callbacks;
    callbacks.stop = [&] { return asked++ == stop_at; };
    const SearchResult result = run_in(folder.path(), options, tight(), evaluator, callbacks);
    REQUIRE(result.status == SearchStatus::kInterrupted);
    CHECK(result.best.has_value() == (stop_at > 0));
    CHECK_FALSE(fs::exists(folder.path() + "/result.json"));
    CHECK(read_json_file(folder.path() + "/checkpoint.json")["finished"] == false);
    const SearchResult resumed = run_in(folder.path(), options, tight(), evaluator);
    CHECK(resumed.status == SearchStatus::kFound);
    CHECK(contents(folder.path()) == reference);
    CHECK(evaluator.calls == 48);  // nothing was measured twice
  }
}

TEST_CASE("a finished run that is resumed measures nothing and changes nothing") {
  const SearchOptions options = small_options(2);
  TemporaryFolder folder;
  FormulaEvaluator evaluator;
  run_in(folder.path(), options, tight(), evaluator);
  const auto reference = contents(folder.path());
  FormulaEvaluator second;
  const SearchResult result = run_in(folder.path(), options, tight(), second);
  CHECK(second.calls == 0);
  CHECK(result.status == SearchStatus::kFound);
  CHECK(contents(folder.path()) == reference);
}

TEST_CASE("an error injected before every write, one after the other: resumed equals undisturbed") {
  const SearchOptions options = small_options(3);
  const auto reference = undisturbed(options, tight());
  int steps = 0;
  {
    TemporaryFolder folder;
    FormulaEvaluator evaluator;
    run_in(folder.path(), options, tight(), evaluator, {}, [&](const std::string&) { ++steps; });
  }
  REQUIRE(steps > 20);
  for (int broken = 0; broken < steps; ++broken) {
    TemporaryFolder folder;
    FormulaEvaluator evaluator;
    const auto fault = fault_before(broken);
    CHECK_THROWS_WITH(run_in(folder.path(), options, tight(), evaluator, {}, fault),
                      Contains("injected"));
    run_in(folder.path(), options, tight(), evaluator);
    REQUIRE(contents(folder.path()) == reference);
  }
}

TEST_CASE("an evaluator that fails leaves a run that resumes") {
  const SearchOptions options = small_options(3);
  const auto reference = undisturbed(options, tight());
  TemporaryFolder folder;
  for (const int after : {0, 1, 13, 20, 41}) {
    FormulaEvaluator evaluator;
    evaluator.fail_after = after;
    try {
      run_in(folder.path(), options, tight(), evaluator);
    } catch (const std::runtime_error& error) {
      CHECK_THAT(error.what(), Contains("evaluator failed"));
    }
  }
  FormulaEvaluator evaluator;
  run_in(folder.path(), options, tight(), evaluator);
  CHECK(contents(folder.path()) == reference);
}

TEST_CASE("trials.jsonl cut at any byte: resumed equals undisturbed") {
  SearchOptions options = small_options(5);
  options.engine.measurements = 16;
  options.engine.surrogate.design = 5;
  const SearchProblem problem = make_problem("toy", 9000, 33000);
  const auto reference = undisturbed(options, problem);
  const std::string& trials = reference.at("trials.jsonl");
  const std::size_t stride = std::max<std::size_t>(1, trials.size() / 120);
  for (std::size_t cut = 0; cut <= trials.size(); cut += stride) {
    TemporaryFolder folder;
    write_file_atomic(folder.path() + "/run.json", reference.at("run.json"));
    write_file_atomic(folder.path() + "/trials.jsonl", trials.substr(0, cut));
    FormulaEvaluator evaluator;
    run_in(folder.path(), options, problem, evaluator);
    REQUIRE(contents(folder.path()) == reference);
  }
}

TEST_CASE("SIGKILL at 100 random points: the end equals an undisturbed run") {
  const SearchOptions options = small_options(6);
  const auto reference = undisturbed(options, tight());
  int kills = 0;
  for (std::uint64_t round = 0; kills < 100; ++round) {
    REQUIRE(round < 100);
    TemporaryFolder folder;
    Rng rng(77, round);
    for (int life = 0; life < 200; ++life) {
      const pid_t child = ::fork();
      REQUIRE(child >= 0);
      if (child == 0) {
        FormulaEvaluator evaluator;
        evaluator.microseconds_a_subnet = 500;
        try {
          run_in(folder.path(), options, tight(), evaluator);
        } catch (...) {
          ::_exit(1);
        }
        ::_exit(0);
      }
      ::usleep(1000 + rng.below(life < 12 ? 30000 : 400000));
      ::kill(child, SIGKILL);
      int status = 0;
      REQUIRE(::waitpid(child, &status, 0) == child);
      if (WIFEXITED(status)) {
        REQUIRE(WEXITSTATUS(status) == 0);
        break;
      }
      ++kills;
    }
    // If every life was too short, this one finishes.
    FormulaEvaluator evaluator;
    run_in(folder.path(), options, tight(), evaluator);
    REQUIRE(contents(folder.path()) == reference);
  }
}

TEST_CASE("resuming with another seed, budget or space is refused") {
  const SearchOptions options = small_options(1);
  const SearchProblem problem = make_problem("toy", 9000, 33000);
  TemporaryFolder folder;
  FormulaEvaluator evaluator;
  run_in(folder.path(), options, problem, evaluator);
  CHECK_THROWS_WITH(run_in(folder.path(), small_options(2), problem, evaluator),
                    Contains("search.seed"));
  CHECK_THROWS_WITH(run_in(folder.path(), options, make_problem("toy", 9001, 33000), evaluator),
                    Contains("mcu.sram_budget_bytes"));
  CHECK_THROWS_WITH(
      run_in(folder.path(), options, make_problem("fashion-mnist", 9000, 33000), evaluator),
      Contains("space.name"));
}

TEST_CASE("a measurement that this build does not ask for stays, and what it lacks is measured") {
  const SearchOptions options = small_options(1);
  TemporaryFolder folder;
  FormulaEvaluator evaluator;
  const SearchResult before = run_in(folder.path(), options, tight(), evaluator);
  std::string trials = read_file(folder.path() + "/trials.jsonl");
  const std::size_t id = trials.find("\"id\":\"") + 6;
  const std::string first = trials.substr(id, 16);
  trials.replace(id, 16, "0000000000000000");
  write_file_atomic(folder.path() + "/trials.jsonl", trials);
  fs::remove(folder.path() + "/checkpoint.json");
  FormulaEvaluator again;
  const SearchResult after = run_in(folder.path(), options, tight(), again);
  CHECK(again.calls == 1);
  CHECK(trace(after.trials) == trace(before.trials));
  const std::string now = read_file(folder.path() + "/trials.jsonl");
  CHECK(now.starts_with(trials));
  CHECK_THAT(now.substr(trials.size()), Contains(first));
}
