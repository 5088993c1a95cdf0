#ifdef TINYNAS_WITH_TORCH

#include "cli/explain_job.h"

#include <algorithm>
#include <tuple>

#include "search/candidate.h"
#include "tinynas/error.h"
#include "tinynas/run_store.h"

namespace tinynas {
namespace {

/// The winner's finalist record: as an int8 network, on all validation images.
MeasurementRecord winner_record(const std::string& run_dir, const std::string& id) {
  const std::string path = run_dir + "/trials.jsonl";
  for (MeasurementRecord& record : read_trials_file(path)) {
    if (record.proposal.candidate.id == id && record.fidelity.int8 &&
        record.fidelity.split == Split::kValidation) {
      return std::move(record);
    }
  }
  throw BadInput(path + ": holds no int8 measurement of the winner " + id +
                 "; the run is damaged, search again in another --run-dir");
}

std::vector<KnownNetwork> known_networks(const std::vector<Trial>& trials) {
  std::vector<KnownNetwork> known;
  for (const Trial& trial : trials) {
    known.push_back({trial.proposal.candidate.genotype, trial.measurement});
  }
  return known;
}

/// Room, flash first: what boards are ordered by.
std::tuple<std::int64_t, std::int64_t, std::string> room_of(const McuBudget& budget) {
  return {budget.flash_bytes, budget.sram_bytes, budget.name};
}

/// Networks of each larger budget that are measured as the winner was.
constexpr int kFinalists = 3;

/// A search for what the larger budgets give, on top of all that the run measured.
SearchOptions relief_options(const SearchOptions& of_run, const std::vector<Trial>& trials,
                             int measurements) {
  SearchOptions options = of_run;
  options.engine.measurements = options.further_measurements = measurements;
  options.engine.include.clear();
  options.finalists = kFinalists;
  options.patience = 0;
  options.minutes = 0;
  options.known = known_networks(trials);
  options.measure_largest = options.measure_test = false;
  return options;
}

}  // namespace

std::optional<Board> next_board(const SearchRequest& request, const McuBudget& here,
                                const McuOptions& board) {
  std::optional<Board> next;
  for (const Mcu& mcu : list_mcus()) {
    McuOptions options = board;
    options.mcu = mcu.name;
    options.sram = options.flash = "";
    std::optional<Board> found;
    try {
      found = find_board(request, options);
    } catch (const BadInput&) {
      continue;  // without flash of its own, or nobody timed its core
    }
    const McuBudget& budget = found->target.budget;
    const bool holds =
        budget.sram_bytes >= here.sram_bytes && budget.flash_bytes >= here.flash_bytes;
    const bool larger =
        budget.sram_bytes > here.sram_bytes || budget.flash_bytes > here.flash_bytes;
    if (!holds || !larger || (next && room_of(next->target.budget) <= room_of(budget))) continue;
    next = std::move(found);
  }
  return next;
}

Explanation run_explain_job(const ExplainRequest& request, const ProgressFn& progress,
                            const StopFn& stop) {
  const FinishedRun run = read_finished_run(request.run_dir);
  SearchRequest asked = read_request(request.run_dir);
  asked.threads = request.threads;
  const MeasurementRecord record = winner_record(request.run_dir, run.winner_id);
  const SearchSetup setup = set_up_search(asked, progress);
  if (setup.supernet.file_hash != run.supernet_hash) {
    throw BadInput(setup.supernet.path + ": is not the supernet that " + request.run_dir +
                   " was searched with; search again");
  }
  Explanation explanation{
      setup.problems.front(), record.proposal.candidate, record.measurement, {}, {}};
  const SearchProblem& problem = explanation.problem;
  explanation.growth = growth_limits(problem, explanation.winner);
  // The same budget first: what searching on finds is not what more memory buys.
  std::vector<SearchProblem> problems = {problem};
  for (const LimitUse& use : explanation.growth.uses) {
    problems.push_back(relaxed(problem, use.limit, request.share));
  }
  if (const auto next = next_board(asked, problem.budget, asked.boards.front())) {
    problems.push_back(next->problem(problem.space));
  }
  SearchCallbacks callbacks;
  callbacks.progress = progress;
  callbacks.stop = stop;
  const std::vector<SearchResult> results = search_boards(
      relief_options(setup.options, read_run_trials(request.run_dir).trials, request.measurements),
      problems, *setup.evaluator, nullptr, callbacks);
  CandidateChecker checker(problem);
  double best_here = explanation.accuracy.accuracy;
  for (std::size_t i = 0; i < results.size(); ++i) {
    const SearchResult& result = results[i];
    if (result.status == SearchStatus::kInterrupted) {
      throw Interrupted("stopped; nothing was written");
    }
    Relief& relief = explanation.reliefs.emplace_back(Relief{problems[i].budget, {}, 0});
    relief.measured = result.measured;
    for (const Trial& trial : result.finalists) {  // the best first
      if (relief.better || trial.int8->accuracy <= best_here) break;
      const Candidate here = checker.check(trial.proposal.candidate.genotype);
      if (i == 0 || !here.violation.fits()) relief.better = trial;
    }
    if (i == 0 && relief.better) best_here = relief.better->int8->accuracy;
  }
  return explanation;
}

}  // namespace tinynas

#endif
