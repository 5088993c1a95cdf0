#include "tinynas/search.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <iomanip>
#include <set>
#include <sstream>

#include "search/candidate.h"
#include "search/measurement_archive.h"
#include "search/screening.h"
#include "tinynas/bytes.h"
#include "tinynas/error.h"
#include "tinynas/pareto.h"

namespace tinynas {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// What all boards of a run share.
struct RunParts {
  const SearchOptions& options;
  RunStore* store;
  const SearchCallbacks& callbacks;
  MeasurementArchive& archive;
  bool several = false;  ///< boards
};

/// One board from its first proposal to its result.
class BoardSearch {
 public:
  /// `measurements`: of this board; `deadline`: seconds of measuring in the whole run after which
  /// it ends, 0: none.
  BoardSearch(const RunParts& run, const SearchProblem& problem, int measurements, double deadline)
      : run_(run), problem_(problem), deadline_(deadline) {
    EngineOptions engine = run.options.engine;
    engine.measurements = measurements_ = measurements;
    algorithm_ = make_search(problem, engine);
    result_.options = run.options;
    // Not the algorithm's checker: what is only shown is not counted as planned.
    result_.largest = CandidateChecker(problem).check(problem.space.largest());
  }

  /// Networks that were measured for another board.
  void know(const std::vector<KnownNetwork>& networks);
  /// False when stopped.
  bool measure_trials();
  /// What this board measured.
  std::vector<KnownNetwork> found() const;
  /// The best trials and the largest subnet on all validation images, then the winner on the test
  /// images. False when stopped. Nothing happens where nothing fits.
  bool measure_finalists();
  SearchResult finish(bool interrupted);
  void checkpoint();
  /// Files of the result; `place` is the board's among those of the run.
  void write(std::size_t place, const SearchResult& result);

 private:
  bool stopped() const { return run_.callbacks.stop && run_.callbacks.stop(); }
  bool converged() const;
  std::vector<Measurement> measure(const std::vector<Wanted>& wanted);
  std::vector<Measurement> measure(const std::vector<Proposal>& proposals, RecordKind kind,
                                   const Fidelity& fidelity);
  std::vector<Measurement> screen(const std::vector<Proposal>& proposals);
  void keep_best_trial();
  void report(Clock::time_point start, std::size_t measured_before) const;
  void say(const std::string& line) const {
    if (!run_.callbacks.progress) return;
    run_.callbacks.progress(run_.several ? problem_.budget.name + ": " + line : line);
  }

  const RunParts& run_;
  const SearchProblem& problem_;
  int measurements_ = 0;
  double deadline_ = 0;
  std::unique_ptr<SearchAlgorithm> algorithm_;
  std::vector<MeasurementRecord> records_;  ///< all that this board rests on
  Screening screening_;
  int since_better_ = 0;  ///< measurements after the best trial's
  SearchResult result_;
};

void BoardSearch::know(const std::vector<KnownNetwork>& networks) {
  const std::size_t before = algorithm_->trials().size();
  algorithm_->know(networks);
  for (std::size_t i = before; i < algorithm_->trials().size(); ++i) {
    const Trial& trial = algorithm_->trials()[i];
    records_.push_back({RecordKind::kTrial, problem_.budget.name, trial.proposal,
                        run_.options.ranking, trial.measurement});
  }
  result_.trials = algorithm_->trials();
  keep_best_trial();
}

std::vector<KnownNetwork> BoardSearch::found() const {
  std::vector<KnownNetwork> networks;
  for (const Trial& trial : result_.trials) {
    if (trial.proposal.origin == Origin::kKnown) continue;
    networks.push_back({trial.proposal.candidate.genotype, trial.measurement});
  }
  return networks;
}

std::vector<Measurement> BoardSearch::measure(const std::vector<Wanted>& wanted) {
  std::vector<Measurement> measurements = run_.archive.measure(wanted, problem_.budget.name);
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    records_.push_back({wanted[i].kind, problem_.budget.name, wanted[i].proposal,
                        wanted[i].fidelity, measurements[i]});
  }
  return measurements;
}

/// For ranking: counted.
std::vector<Measurement> BoardSearch::measure(const std::vector<Proposal>& proposals,
                                              RecordKind kind, const Fidelity& fidelity) {
  std::vector<Wanted> wanted;
  for (const Proposal& proposal : proposals) wanted.push_back({kind, proposal, fidelity});
  std::vector<Measurement> measurements = measure(wanted);
  for (const Measurement& measurement : measurements) {
    result_.images += fidelity.recalibration_images + measurement.images;
  }
  return measurements;
}

/// On few images, then on more where that may still give the best.
std::vector<Measurement> BoardSearch::screen(const std::vector<Proposal>& proposals) {
  const RankBy rank_by = run_.options.engine.rank_by;
  std::vector<Measurement> measurements =
      measure(proposals, RecordKind::kScreening, *run_.options.screening);
  std::vector<Proposal> promoted;
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < proposals.size(); ++i) {
    const double few = rank_value(measurements[i], rank_by);
    if (!result_.best ||
        screening_.promising(few, rank_value(result_.best->measurement, rank_by))) {
      promoted.push_back(proposals[i]);
      places.push_back(i);
    } else {
      measurements[i].score = screening_.expected(few);
      ++result_.screened_out;
    }
  }
  if (promoted.empty()) return measurements;
  const auto careful = measure(promoted, RecordKind::kTrial, run_.options.ranking);
  for (std::size_t k = 0; k < careful.size(); ++k) {
    Measurement& measurement = measurements[places[k]];
    screening_.learn(rank_value(measurement, rank_by), rank_value(careful[k], rank_by));
    measurement = careful[k];
  }
  return measurements;
}

void BoardSearch::checkpoint() {
  if (run_.store == nullptr) return;
  run_.store->checkpoint({algorithm_->planning().planned, result_.measured,
                          result_.best ? result_.best->proposal.candidate.id : "", false});
}

void BoardSearch::keep_best_trial() {
  for (const Trial& trial : result_.trials) {
    if (result_.best && !better_trial(trial, *result_.best, run_.options.engine.rank_by)) continue;
    result_.best = trial;
    since_better_ = 0;
  }
}

/// Asked between batches.
bool BoardSearch::converged() const {
  if (deadline_ > 0 && run_.archive.seconds() >= deadline_) return true;
  return run_.options.patience > 0 && since_better_ >= run_.options.patience;
}

void BoardSearch::report(Clock::time_point start, std::size_t measured_before) const {
  std::ostringstream line;
  line << "planned " << format_count(algorithm_->planning().planned) << ", measured "
       << result_.measured << " of " << measurements_ << ", best so far " << std::fixed
       << std::setprecision(1) << 100 * result_.best->measurement.accuracy << " %";
  const auto made = static_cast<double>(run_.archive.made() - measured_before);
  if (made > 0 && result_.measured < measurements_) {
    const double each = seconds_since(start) / made;
    line << ", about " << std::setprecision(0)
         << std::ceil(each * (measurements_ - result_.measured)) << " s left";
  }
  say(line.str());
}

bool BoardSearch::measure_trials() {
  const Clock::time_point start = Clock::now();
  const std::size_t made_before = run_.archive.made();
  while (!algorithm_->done() && !converged()) {
    if (stopped()) return false;
    const std::vector<Proposal> proposals = algorithm_->ask(run_.options.batch);
    if (proposals.empty()) break;
    const std::size_t made = run_.archive.made();
    const std::vector<Measurement> measurements =
        run_.options.screening ? screen(proposals)
                               : measure(proposals, RecordKind::kTrial, run_.options.ranking);
    std::vector<TrialResult> told;
    for (std::size_t i = 0; i < proposals.size(); ++i) {
      told.push_back({proposals[i].trial, measurements[i]});
      result_.trials.push_back({proposals[i], measurements[i], {}});
    }
    result_.measured += static_cast<int>(proposals.size());
    since_better_ += static_cast<int>(proposals.size());
    algorithm_->tell(told);
    keep_best_trial();
    if (run_.archive.made() == made) continue;
    checkpoint();
    report(start, made_before);
  }
  algorithm_->end();
  return true;
}

bool BoardSearch::measure_finalists() {
  const SearchOptions& options = run_.options;
  if (result_.trials.empty()) return true;
  if (stopped()) return false;
  const std::vector<Trial> ranked = algorithm_->finalists(options.finalists);
  std::vector<Wanted> wanted;
  for (const Trial& trial : ranked) {
    wanted.push_back({RecordKind::kFinalist, trial.proposal, options.final});
  }
  const auto same_as_largest = [&](const Trial& trial) {
    return trial.proposal.candidate.id == result_.largest.id;
  };
  const auto largest = std::find_if(ranked.begin(), ranked.end(), same_as_largest);
  if (options.measure_largest && largest == ranked.end()) {
    wanted.push_back(
        {RecordKind::kReference, {-1, 0, Origin::kLargest, result_.largest}, options.final});
  }
  say("measuring " + std::to_string(ranked.size()) + " finalists on all validation images");
  const std::vector<Measurement> measurements = measure(wanted);
  std::vector<Measurement> int8;
  if (options.int8) {
    if (stopped()) return false;
    wanted.resize(ranked.size());
    for (Wanted& one : wanted) one.fidelity.int8 = true;
    say("measuring them as int8 networks");
    int8 = measure(wanted);
  }
  for (std::size_t i = 0; i < ranked.size(); ++i) {
    Trial& finalist = result_.finalists.emplace_back(ranked[i]);
    finalist.measurement = measurements[i];
    if (options.int8) finalist.int8 = int8[i];
    if (same_as_largest(ranked[i])) result_.largest_measurement = measurements[i];
  }
  if (measurements.size() > ranked.size()) result_.largest_measurement = measurements.back();
  std::sort(result_.finalists.begin(), result_.finalists.end(), [](const Trial& a, const Trial& b) {
    if (a.int8 && b.int8 && a.int8->accuracy != b.int8->accuracy) {
      return a.int8->accuracy > b.int8->accuracy;
    }
    if (a.measurement.accuracy != b.measurement.accuracy) {
      return a.measurement.accuracy > b.measurement.accuracy;
    }
    return better_trial(a, b, RankBy::kScore);
  });
  result_.best = result_.finalists.front();
  checkpoint();
  if (!options.measure_test) return true;
  if (stopped()) return false;
  say("measuring the winner on the test images");
  Fidelity test = options.final;
  test.split = Split::kTest;
  test.images = 0;
  result_.test = measure({{RecordKind::kTest, result_.best->proposal, test}}).front();
  if (!options.int8) return true;
  if (stopped()) return false;
  test.int8 = true;
  result_.test_int8 = measure({{RecordKind::kTest, result_.best->proposal, test}}).front();
  return true;
}

SearchResult BoardSearch::finish(bool interrupted) {
  result_.status = interrupted              ? SearchStatus::kInterrupted
                   : result_.trials.empty() ? SearchStatus::kNothingFits
                                            : SearchStatus::kFound;
  result_.planning = algorithm_->planning();
  result_.pareto = pareto_front(result_.trials, run_.options.engine.rank_by);
  if (result_.status == SearchStatus::kFound && run_.options.int8 && run_.callbacks.quantisation) {
    const Genotype& winner = result_.best->proposal.candidate.genotype;
    result_.quantisation = run_.callbacks.quantisation(problem_.space.decode(winner));
  }
  return std::move(result_);
}

void BoardSearch::write(std::size_t place, const SearchResult& result) {
  RunStore& store = *run_.store;
  const std::string& mcu = problem_.budget.name;
  const std::string folder = run_.several ? RunStore::board_folder(mcu) : "";
  if (result.best) {
    const Candidate& best = result.best->proposal.candidate;
    const auto of_best = [&](const auto& write) -> std::function<void(const std::string&)> {
      if (!write) return {};
      return [&](const std::string& path) { write(problem_.space.decode(best.genotype), path); };
    };
    store.write_best(problem_, best, of_best(run_.callbacks.write_weights),
                     of_best(run_.callbacks.write_model), folder);
  }
  store.write_result(search_result_json(result, problem_, ""), folder);
  if (!run_.several) return;
  const std::string best_id = result.best ? result.best->proposal.candidate.id : "";
  store.write_board(place, mcu, records_,
                    {result.planning.planned, result.measured, best_id, true});
}

void check_options(const SearchOptions& options, std::span<const SearchProblem> problems) {
  if (options.batch < 1) throw BadInput("search: batch must be 1 or more");
  if (options.finalists < 1) throw BadInput("search: finalists must be 1 or more");
  if (options.further_measurements < 0) {
    throw BadInput("search: further_measurements must be 0 or more");
  }
  if (options.patience < 0) throw BadInput("search: patience must be 0 or more");
  if (options.screening && options.engine.rank_by != RankBy::kScore) {
    throw BadInput("search: few images first needs ranking by score");
  }
  // What few images say of a network for one board would pass for more with the next.
  if (options.screening && problems.size() > 1) {
    throw BadInput("search: few images first (--screen-images) is for one board at a time");
  }
  if (!(options.minutes >= 0)) throw BadInput("search: minutes must be 0 or more");
  if (problems.empty()) throw BadInput("search: no board is given");
  std::set<std::string> names;
  for (const SearchProblem& problem : problems) {
    if (names.insert(problem.budget.name).second) continue;
    throw BadInput("search: board '" + problem.budget.name + "' is named twice");
  }
}

}  // namespace

SearchOptions SearchOptions::preset_default(std::uint64_t seed) {
  SearchOptions options;
  options.engine.seed = seed;
  return options;
}

SearchOptions SearchOptions::preset_published(std::uint64_t seed) {
  SearchOptions options;
  options.engine = EngineOptions::published(seed);
  options.ranking = options.final;
  return options;
}

std::vector<SearchResult> search_boards(const SearchOptions& options,
                                        std::span<const SearchProblem> problems,
                                        Evaluator& evaluator, RunStore* store,
                                        const SearchCallbacks& callbacks) {
  check_options(options, problems);
  MeasurementArchive archive(problems.front().space, evaluator, store);
  const RunParts run{options, store, callbacks, archive, problems.size() > 1};
  const int first = options.engine.measurements;
  const int further =
      options.further_measurements > 0 ? options.further_measurements : std::max(8, first / 4);
  const double all = first + further * static_cast<double>(problems.size() - 1);

  std::vector<std::unique_ptr<BoardSearch>> boards;
  std::vector<std::vector<KnownNetwork>> found;  ///< of each board, by itself
  for (std::size_t i = 0; i < problems.size(); ++i) {
    const double share = (first + further * static_cast<double>(i)) / all;
    boards.push_back(std::make_unique<BoardSearch>(run, problems[i], i == 0 ? first : further,
                                                   60 * options.minutes * share));
  }
  const auto run_all = [&] {  // the board where it was interrupted, or none
    for (const auto& board : boards) {
      board->know(options.known);
      for (const auto& networks : found) board->know(networks);
      if (!board->measure_trials()) return board.get();
      found.push_back(board->found());
    }
    for (std::size_t i = 0; i < boards.size(); ++i) {
      for (std::size_t later = i + 1; later < found.size(); ++later) boards[i]->know(found[later]);
      if (!boards[i]->measure_finalists()) return boards[i].get();
    }
    return static_cast<BoardSearch*>(nullptr);
  };
  BoardSearch* interrupted = run_all();
  if (interrupted != nullptr) interrupted->checkpoint();
  std::vector<SearchResult> results;
  for (const auto& board : boards) results.push_back(board->finish(interrupted != nullptr));
  if (interrupted != nullptr || store == nullptr) return results;
  for (std::size_t i = 0; i < boards.size(); ++i) boards[i]->write(i, results[i]);
  if (run.several) store->write_result(boards_result_json(results, problems, ""));
  std::int64_t planned = 0, measured = 0;
  for (const SearchResult& result : results) {
    planned += result.planning.planned;
    measured += result.measured;
  }
  const auto& best = results.front().best;
  store->checkpoint({planned, measured, best ? best->proposal.candidate.id : "", true});
  return results;
}

SearchResult run_search(const SearchOptions& options, const SearchProblem& problem,
                        Evaluator& evaluator, RunStore* store, const SearchCallbacks& callbacks) {
  return std::move(
      search_boards(options, std::span(&problem, 1), evaluator, store, callbacks).front());
}

}  // namespace tinynas
