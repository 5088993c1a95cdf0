#include "tinynas/search.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <iomanip>
#include <sstream>
#include <tuple>

#include "search/candidate.h"
#include "tinynas/bytes.h"
#include "tinynas/error.h"
#include "tinynas/pareto.h"

namespace tinynas {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

struct Wanted {
  RecordKind kind = RecordKind::kTrial;
  Proposal proposal;
  Fidelity fidelity;
};

/// Measures in an order that depends on the run alone, and takes from the store what an earlier
/// process measured already.
class MeasurementLog {
 public:
  MeasurementLog(const SearchProblem& problem, Evaluator& evaluator, RunStore* store)
      : problem_(problem), evaluator_(evaluator), store_(store) {}

  /// All of one fidelity.
  std::vector<Measurement> measure(const std::vector<Wanted>& wanted) {
    std::vector<Measurement> measurements;
    while (measurements.size() < wanted.size() && store_ != nullptr &&
           place_ < store_->recorded().size()) {
      measurements.push_back(replay(wanted[measurements.size()]));
    }
    if (measurements.size() == wanted.size()) return measurements;
    const auto first = wanted.begin() + static_cast<std::ptrdiff_t>(measurements.size());
    for (const Measurement& measurement : evaluate({first, wanted.end()})) {
      measurements.push_back(measurement);
    }
    return measurements;
  }

 private:
  Measurement replay(const Wanted& wanted) {
    const MeasurementRecord& record = store_->recorded()[place_++];
    const std::string& id = wanted.proposal.candidate.id;
    if (record.kind == wanted.kind && record.proposal.candidate.id == id &&
        record.fidelity == wanted.fidelity) {
      return record.measurement;
    }
    throw BadInput(store_->directory() + "/trials.jsonl:" + std::to_string(place_) + ": holds a " +
                   record_kind_name(record.kind) + " of " + record.proposal.candidate.id +
                   " where this run measures a " + record_kind_name(wanted.kind) + " of " + id +
                   "; the run was made by another build or is damaged, use another --run-dir");
  }

  std::vector<Measurement> evaluate(const std::vector<Wanted>& wanted) {
    std::vector<Subnet> subnets;
    for (const Wanted& one : wanted) {
      subnets.push_back(problem_.space.decode(one.proposal.candidate.genotype));
    }
    const Clock::time_point start = Clock::now();
    const auto measurements = evaluator_.evaluate(subnets, wanted.front().fidelity);
    std::vector<MeasurementRecord> records;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      if (!std::isfinite(measurements[i].score) || !std::isfinite(measurements[i].accuracy)) {
        throw Error(ExitCode::kInternal, "measuring " + wanted[i].proposal.candidate.id +
                                             " gave a score that is no number: the supernet's "
                                             "weights are broken");
      }
      records.push_back({wanted[i].kind, wanted[i].proposal, wanted[i].fidelity, measurements[i]});
    }
    if (store_ != nullptr) {
      store_->append(records);
      store_->append_timing(static_cast<int>(place_), static_cast<int>(records.size()),
                            seconds_since(start));
    }
    place_ += records.size();
    return measurements;
  }

  const SearchProblem& problem_;
  Evaluator& evaluator_;
  RunStore* store_;
  std::size_t place_ = 0;  ///< records so far, replayed or new
};

/// Better first: rank, less SRAM, less flash, id.
bool better_trial(const Trial& a, const Trial& b, RankBy rank_by) {
  const auto key = [&](const Trial& t) {
    const Candidate& c = t.proposal.candidate;
    return std::make_tuple(-rank_value(t.measurement, rank_by), c.footprint.peak_sram_bytes,
                           c.footprint.flash_bytes, c.id);
  };
  return key(a) < key(b);
}

/// One run from its first proposal to its result.
class SearchRun {
 public:
  SearchRun(const SearchOptions& options, const SearchProblem& problem, Evaluator& evaluator,
            RunStore* store, const SearchCallbacks& callbacks)
      : options_(options),
        problem_(problem),
        store_(store),
        callbacks_(callbacks),
        algorithm_(make_search(problem, options.engine)),
        log_(problem, evaluator, store) {
    result_.options = options;
  }

  SearchResult run();

 private:
  bool stopped() const { return callbacks_.stop && callbacks_.stop(); }
  bool measure_trials();
  bool measure_finalists();
  void keep_best_trial();
  void checkpoint(bool finished);
  void report(Clock::time_point start, std::size_t replayed) const;
  void say(const std::string& line) const {
    if (callbacks_.progress) callbacks_.progress(line);
  }
  SearchResult finish(SearchStatus status);

  const SearchOptions& options_;
  const SearchProblem& problem_;
  RunStore* store_;
  const SearchCallbacks& callbacks_;
  std::unique_ptr<SearchAlgorithm> algorithm_;
  MeasurementLog log_;
  SearchResult result_;
};

void SearchRun::checkpoint(bool finished) {
  if (store_ == nullptr) return;
  store_->checkpoint({algorithm_->planning().planned,
                      static_cast<std::int64_t>(result_.trials.size()),
                      result_.best ? result_.best->proposal.candidate.id : "", finished});
}

void SearchRun::keep_best_trial() {
  for (const Trial& trial : result_.trials) {
    if (!result_.best || better_trial(trial, *result_.best, options_.engine.rank_by)) {
      result_.best = trial;
    }
  }
}

void SearchRun::report(Clock::time_point start, std::size_t replayed) const {
  const std::size_t measured = result_.trials.size();
  const auto wanted = static_cast<std::size_t>(options_.engine.measurements);
  std::ostringstream line;
  line << "planned " << format_count(algorithm_->planning().planned) << ", measured " << measured
       << " of " << wanted << ", best so far " << std::fixed << std::setprecision(1)
       << 100 * result_.best->measurement.accuracy << " %";
  if (measured > replayed && measured < wanted) {
    const double each = seconds_since(start) / static_cast<double>(measured - replayed);
    line << ", about " << std::setprecision(0)
         << std::ceil(each * static_cast<double>(wanted - measured)) << " s left";
  }
  say(line.str());
}

/// False when stopped.
bool SearchRun::measure_trials() {
  const Clock::time_point start = Clock::now();
  const std::size_t replayed = store_ == nullptr ? 0 : store_->recorded().size();
  while (!algorithm_->done()) {
    if (stopped()) return false;
    const std::vector<Proposal> proposals = algorithm_->ask(options_.batch);
    if (proposals.empty()) break;
    std::vector<Wanted> wanted;
    for (const Proposal& proposal : proposals) {
      wanted.push_back({RecordKind::kTrial, proposal, options_.ranking});
    }
    const std::vector<Measurement> measurements = log_.measure(wanted);
    std::vector<TrialResult> told;
    for (std::size_t i = 0; i < proposals.size(); ++i) {
      told.push_back({proposals[i].trial, measurements[i]});
      result_.trials.push_back({proposals[i], measurements[i], {}});
    }
    algorithm_->tell(told);
    keep_best_trial();
    if (result_.trials.size() > replayed) {
      checkpoint(false);
      report(start, replayed);
    }
  }
  return true;
}

/// The best-ranked trials and the largest subnet on all validation images, then the winner on the
/// test images. False when stopped.
bool SearchRun::measure_finalists() {
  if (stopped()) return false;
  std::vector<Trial> ranked = result_.trials;
  std::sort(ranked.begin(), ranked.end(), [&](const Trial& a, const Trial& b) {
    return better_trial(a, b, options_.engine.rank_by);
  });
  ranked.resize(std::min(ranked.size(), static_cast<std::size_t>(options_.finalists)));
  std::vector<Wanted> wanted;
  for (const Trial& trial : ranked) {
    wanted.push_back({RecordKind::kFinalist, trial.proposal, options_.final});
  }
  const auto same_as_largest = [&](const Trial& trial) {
    return trial.proposal.candidate.id == result_.largest.id;
  };
  const auto largest = std::find_if(ranked.begin(), ranked.end(), same_as_largest);
  if (options_.measure_largest && largest == ranked.end()) {
    wanted.push_back(
        {RecordKind::kReference, {-1, 0, Origin::kLargest, result_.largest}, options_.final});
  }
  say("measuring " + std::to_string(ranked.size()) + " finalists on all validation images");
  const std::vector<Measurement> measurements = log_.measure(wanted);
  std::vector<Measurement> int8;
  if (options_.int8) {
    if (stopped()) return false;
    wanted.resize(ranked.size());
    for (Wanted& one : wanted) one.fidelity.int8 = true;
    say("measuring them as int8 networks");
    int8 = log_.measure(wanted);
  }
  for (std::size_t i = 0; i < ranked.size(); ++i) {
    Trial& finalist = result_.finalists.emplace_back(ranked[i]);
    finalist.measurement = measurements[i];
    if (options_.int8) finalist.int8 = int8[i];
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
  checkpoint(false);
  if (!options_.measure_test) return true;
  if (stopped()) return false;
  say("measuring the winner on the test images");
  Fidelity test = options_.final;
  test.split = Split::kTest;
  test.images = 0;
  result_.test = log_.measure({{RecordKind::kTest, result_.best->proposal, test}}).front();
  if (!options_.int8) return true;
  if (stopped()) return false;
  test.int8 = true;
  result_.test_int8 = log_.measure({{RecordKind::kTest, result_.best->proposal, test}}).front();
  return true;
}

SearchResult SearchRun::finish(SearchStatus status) {
  result_.status = status;
  result_.planning = algorithm_->planning();
  result_.pareto = pareto_front(result_.trials, options_.engine.rank_by);
  if (status == SearchStatus::kFound && options_.int8 && callbacks_.quantisation) {
    const Genotype& winner = result_.best->proposal.candidate.genotype;
    result_.quantisation = callbacks_.quantisation(problem_.space.decode(winner));
  }
  if (status == SearchStatus::kInterrupted || store_ == nullptr) {
    if (status == SearchStatus::kInterrupted) checkpoint(false);
    return std::move(result_);
  }
  if (result_.best) {
    const Candidate& best = result_.best->proposal.candidate;
    const auto of_best = [&](const auto& write) -> std::function<void(const std::string&)> {
      if (!write) return {};
      return [&](const std::string& path) { write(problem_.space.decode(best.genotype), path); };
    };
    store_->write_best(problem_, best, of_best(callbacks_.write_weights),
                       of_best(callbacks_.write_model));
  }
  store_->write_result(search_result_json(result_, problem_, ""));
  checkpoint(true);
  return std::move(result_);
}

SearchResult SearchRun::run() {
  // Not the algorithm's checker: what is only shown is not counted as planned.
  result_.largest = CandidateChecker(problem_).check(problem_.space.largest());
  if (!measure_trials()) return finish(SearchStatus::kInterrupted);
  if (result_.trials.empty()) return finish(SearchStatus::kNothingFits);
  if (!measure_finalists()) return finish(SearchStatus::kInterrupted);
  return finish(SearchStatus::kFound);
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

SearchResult run_search(const SearchOptions& options, const SearchProblem& problem,
                        Evaluator& evaluator, RunStore* store, const SearchCallbacks& callbacks) {
  if (options.batch < 1) throw BadInput("search: batch must be 1 or more");
  if (options.finalists < 1) throw BadInput("search: finalists must be 1 or more");
  return SearchRun(options, problem, evaluator, store, callbacks).run();
}

}  // namespace tinynas
