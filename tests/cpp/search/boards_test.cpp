// One search, several boards: what is measured for one is known to all.

#include <filesystem>
#include <map>
#include <set>
#include <stdexcept>

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

SearchProblem board(const std::string& name, std::int64_t sram_bytes, std::int64_t flash_bytes) {
  SearchProblem problem = make_problem("fashion-mnist", sram_bytes, flash_bytes);
  problem.budget.name = name;
  return problem;
}

std::vector<SearchProblem> boards(std::size_t count) {
  std::vector<SearchProblem> all = {board("middle", 8192, 49152), board("large", 16384, 98304),
                                    board("small", 5000, 40000)};
  all.resize(count, all.front());
  return all;
}

std::vector<SearchResult> run_in(const std::string& directory, const SearchOptions& options,
                                 const std::vector<SearchProblem>& problems,
                                 FormulaEvaluator& evaluator, Resume resume = Resume::kAuto,
                                 RunStore::FaultFn fault = {}) {
  const auto store =
      RunStore::open(directory, resume, describe_run(options, problems, {}, {}), std::move(fault));
  return search_boards(options, problems, evaluator, store.get(), {});
}

SearchOptions options_for(std::uint64_t seed) {
  SearchOptions options = small_options(seed);
  options.further_measurements = 8;
  return options;
}

}  // namespace

TEST_CASE("what is known costs no measurement, is never proposed, and counts as a trial") {
  const SearchProblem problem = board("middle", 8192, 49152);
  FormulaEvaluator evaluator;
  for (const std::string& name : engine_names()) {
    EngineOptions options = small_options(3).engine;
    options.engine = parse_engine(name, "engine");
    options.measurements = 24;
    std::vector<KnownNetwork> known;
    Rng rng(5, 0);
    for (int i = 0; i < 60; ++i) {
      const Genotype genotype = problem.space.sample(rng);
      const std::vector<Subnet> subnets = {problem.space.decode(genotype)};
      known.push_back({genotype, evaluator.evaluate(subnets, {}).front()});
    }
    const auto search = make_search(problem, options);
    search->know(known);
    const std::size_t fitting = search->trials().size();
    CHECK(fitting > 0);
    CHECK(fitting < known.size());
    CHECK(search->measured() == 0);
    for (const Trial& trial : search->trials()) {
      CHECK(trial.proposal.origin == Origin::kKnown);
      CHECK(trial.proposal.candidate.violation.fits());
    }
    drive(*search, evaluator);
    INFO(name);
    CHECK(search->measured() == 24);
    CHECK(search->trials().size() == fitting + 24);
    std::set<std::string> ids;
    for (std::size_t i = 0; i < search->trials().size(); ++i) {
      CHECK(search->trials()[i].proposal.trial == static_cast<int>(i));
      CHECK(ids.insert(search->trials()[i].proposal.candidate.id).second);
    }
    for (const KnownNetwork& network : known) ids.erase(problem.space.id(network.genotype));
    CHECK(ids.size() == 24);
  }
}

TEST_CASE("a search that knows only networks beyond its budget still finds what fits") {
  const SearchProblem large = board("large", 16384, 98304), tiny = board("tiny", 5000, 36000);
  FormulaEvaluator evaluator;
  const auto first = make_search(large, small_options(1).engine);
  drive(*first, evaluator);
  std::vector<KnownNetwork> known;
  for (const Trial& trial : first->trials()) {
    const Candidate& candidate = trial.proposal.candidate;
    if (violation(candidate.footprint, tiny.budget).fits()) continue;
    known.push_back({candidate.genotype, trial.measurement});
  }
  REQUIRE(known.size() >= 30);
  EngineOptions options = small_options(1).engine;
  options.measurements = 16;
  const auto second = make_search(tiny, options);
  second->know(known);
  REQUIRE(second->trials().empty());
  drive(*second, evaluator);
  CHECK(second->measured() == 16);
  for (const Trial& trial : second->trials()) CHECK(trial.proposal.candidate.violation.fits());
}

TEST_CASE("knowing and ending are refused while results are awaited") {
  const auto search = make_search(board("middle", 8192, 49152), small_options(1).engine);
  const auto proposals = search->ask(3);
  CHECK_THROWS_WITH(search->know({}), Contains("under way"));
  CHECK_THROWS_WITH(search->end(), Contains("awaited"));
  std::vector<TrialResult> results;
  for (const Proposal& proposal : proposals) results.push_back({proposal.trial, {0.5, 0.5}});
  search->tell(results);
  search->end();
  CHECK(search->done());
  CHECK(search->trials().size() == 3);
  CHECK(search->ask(3).empty());
}

TEST_CASE("several boards: each has the best that fits it of all that was measured") {
  const SearchOptions options = options_for(2);
  const std::vector<SearchProblem> problems = boards(3);
  FormulaEvaluator evaluator;
  const auto results = search_boards(options, problems, evaluator, nullptr, {});
  REQUIRE(results.size() == 3);
  std::map<std::string, Measurement> measured;
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(results[i].status == SearchStatus::kFound);
    CHECK(results[i].measured == (i == 0 ? options.engine.measurements : 8));
    CHECK(results[i].best->proposal.candidate.violation.fits());
    for (const Trial& trial : results[i].trials) {
      measured[trial.proposal.candidate.id] = trial.measurement;
    }
  }
  CHECK(measured.size() == static_cast<std::size_t>(options.engine.measurements) + 16);
  for (std::size_t i = 0; i < 3; ++i) {
    std::size_t fitting = 0;
    std::set<std::string> ids;
    for (const auto& other : results) {
      for (const Trial& trial : other.trials) {
        const Candidate& candidate = trial.proposal.candidate;
        if (ids.insert(candidate.id).second) {
          fitting += violation(candidate.footprint, problems[i].budget).fits();
        }
      }
    }
    CHECK(results[i].trials.size() == fitting);
  }
  // Trials, at most six finalists a board and their references, and the tests: no network twice.
  CHECK(evaluator.calls <= options.engine.measurements + 16 + 3 * (6 + 1 + 1));
}

TEST_CASE("several boards: an error before every write, one after the other, and again") {
  const SearchOptions options = options_for(3);
  const std::vector<SearchProblem> problems = boards(2);
  std::map<std::string, std::string> reference;
  int steps = 0;
  {
    TemporaryFolder folder;
    FormulaEvaluator evaluator;
    run_in(folder.path(), options, problems, evaluator, Resume::kAuto,
           [&](const std::string&) { ++steps; });
    reference = contents(folder.path());
  }
  for (const char* file : {"result.json", "boards/middle/best/plan.json", "boards/large/run.json",
                           "boards/large/result.json", "boards/large/trials.jsonl"}) {
    CHECK(reference.contains(file));
  }
  CHECK_FALSE(reference.contains("best/plan.json"));
  for (int broken = 0; broken < steps; ++broken) {
    TemporaryFolder folder;
    FormulaEvaluator evaluator;
    const auto fault = fault_before(broken);
    CHECK_THROWS_WITH(run_in(folder.path(), options, problems, evaluator, Resume::kAuto, fault),
                      Contains("injected"));
    run_in(folder.path(), options, problems, evaluator);
    REQUIRE(contents(folder.path()) == reference);
  }
}

TEST_CASE("a board's folder is a run directory of its own") {
  TemporaryFolder folder;
  FormulaEvaluator evaluator;
  const SearchOptions options = options_for(4);
  const std::vector<SearchProblem> problems = boards(3);
  const auto results = run_in(folder.path(), options, problems, evaluator);
  CHECK_THROWS_WITH(read_run_trials(folder.path()), Contains("several boards"));
  for (std::size_t i = 0; i < 3; ++i) {
    const std::string own = folder.path() + "/" + RunStore::board_folder(problems[i].budget.name);
    const RunTrials run = read_run_trials(own);
    CHECK(run.budget.sram_bytes == problems[i].budget.sram_bytes);
    REQUIRE(run.trials.size() == results[i].trials.size());
    for (std::size_t k = 0; k < run.trials.size(); ++k) {
      const Candidate& there = run.trials[k].proposal.candidate;
      CHECK(there.id == results[i].trials[k].proposal.candidate.id);
      CHECK(violation(there.footprint, problems[i].budget).fits());
    }
    // The search of this board alone goes on from what is there.
    FormulaEvaluator alone;
    const auto store = RunStore::open(own, Resume::kMust,
                                      describe_run(options, std::span(&problems[i], 1), {}, {}));
    CHECK(store->recorded().size() >= run.trials.size());
  }
}

TEST_CASE("boards added to a finished run: few measurements, and any error is made good") {
  const SearchOptions options = options_for(5);
  TemporaryFolder finished;
  FormulaEvaluator evaluator;
  run_in(finished.path(), options, boards(1), evaluator);
  const auto before = contents(finished.path());
  const auto start = [&](const std::string& directory) {
    fs::copy(finished.path(), directory,
             fs::copy_options::recursive | fs::copy_options::overwrite_existing);
  };

  TemporaryFolder extended;
  start(extended.path());
  CHECK_THROWS_WITH(run_in(extended.path(), options, boards(3), evaluator),
                    Contains("cannot be resumed"));
  evaluator.calls = 0;
  int steps = 0;
  const auto results = run_in(extended.path(), options, boards(3), evaluator, Resume::kExtend,
                              [&](const std::string&) { ++steps; });
  CHECK(evaluator.calls <= 2 * (8 + 6 + 1));
  const auto reference = contents(extended.path());
  CHECK_FALSE(reference.contains("best/plan.json"));
  CHECK(reference.at("trials.jsonl").starts_with(before.at("trials.jsonl")));

  // As if all boards had been named at once.
  TemporaryFolder together;
  const auto at_once = run_in(together.path(), options, boards(3), evaluator);
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(at_once[i].best->proposal.candidate.id == results[i].best->proposal.candidate.id);
  }

  for (int broken = 0; broken < steps; ++broken) {
    TemporaryFolder folder;
    start(folder.path());
    FormulaEvaluator again;
    const auto fault = fault_before(broken);
    CHECK_THROWS_WITH(run_in(folder.path(), options, boards(3), again, Resume::kExtend, fault),
                      Contains("injected"));
    run_in(folder.path(), options, boards(3), again, Resume::kExtend);
    REQUIRE(contents(folder.path()) == reference);
  }
}

TEST_CASE("a run is extended with boards behind its own only") {
  const SearchOptions options = options_for(5);
  TemporaryFolder folder;
  FormulaEvaluator evaluator;
  run_in(folder.path(), options, boards(2), evaluator);
  std::vector<SearchProblem> other = boards(3);
  other.front().budget.sram_bytes -= 100;
  CHECK_THROWS_WITH(run_in(folder.path(), options, other, evaluator, Resume::kExtend),
                    Contains("sram_budget_bytes"));
  SearchOptions more = options;
  more.engine.measurements += 1;
  CHECK_THROWS_WITH(run_in(folder.path(), more, boards(3), evaluator, Resume::kExtend),
                    Contains("measurements"));
  CHECK_THROWS_WITH(run_in(folder.path(), options, boards(1), evaluator, Resume::kExtend),
                    Contains("cannot be resumed"));
  std::vector<SearchProblem> twice = boards(2);
  twice.push_back(twice.front());
  CHECK_THROWS_WITH(search_boards(options, twice, evaluator, nullptr, {}), Contains("named twice"));
  SearchOptions screened = options;
  screened.screening = Fidelity{100, 100, Split::kValidation};
  CHECK_THROWS_WITH(search_boards(screened, boards(2), evaluator, nullptr, {}),
                    Contains("one board at a time"));
}

TEST_CASE("patience ends a search that finds nothing better") {
  SearchOptions options = small_options(2);
  options.patience = 1;
  options.engine.measurements = 120;
  FormulaEvaluator evaluator;
  const SearchResult result =
      run_search(options, board("middle", 8192, 49152), evaluator, nullptr, {});
  CHECK(result.status == SearchStatus::kFound);
  CHECK(result.measured < options.engine.measurements);
  CHECK(result.measured >= 8);
  options.patience = 1000;
  CHECK(run_search(options, board("middle", 8192, 49152), evaluator, nullptr, {}).measured ==
        options.engine.measurements);
}

TEST_CASE("a limit of minutes ends measuring; a run resumed later ends where it did") {
  SearchOptions options = small_options(2);
  options.minutes = 0.02 / 60;  // 20 ms
  const std::vector<SearchProblem> problems = {board("middle", 8192, 49152)};
  TemporaryFolder folder;
  FormulaEvaluator slow;
  slow.microseconds_a_subnet = 1000;
  const auto results = run_in(folder.path(), options, problems, slow);
  CHECK(results.front().status == SearchStatus::kFound);
  CHECK(results.front().measured < options.engine.measurements);
  const auto reference = contents(folder.path());
  FormulaEvaluator fast;
  run_in(folder.path(), options, problems, fast);
  CHECK(fast.calls == 0);
  CHECK(contents(folder.path()) == reference);
}
