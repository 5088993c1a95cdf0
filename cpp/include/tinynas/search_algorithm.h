#pragma once
// Who proposes networks. Values in, values out: ask for networks that fit the budget, measure them
// wherever you like, tell what came out. Footprint first: nothing that does not fit is ever
// proposed for measuring.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "tinynas/evaluator.h"
#include "tinynas/mcu.h"
#include "tinynas/memory_plan.h"
#include "tinynas/search_space.h"

namespace tinynas {

/// A network of a space with its exact footprint under one runtime.
struct Candidate {
  std::string id;  ///< SearchSpace::id: equal networks, equal ids
  Genotype genotype;
  Footprint footprint;
  std::int64_t params = 0;
  Violation violation;
};

/// How a network came to be proposed.
enum class Origin : std::uint8_t {
  kLargest,
  kIncluded,
  kRandom,
  kMutation,
  kCrossover,
  kNeighbour,
  kKnown
};
const char* origin_name(Origin origin);

/// Please measure this.
struct Proposal {
  int trial = 0;       ///< 0, 1, 2, ... in the order of asking
  int generation = 0;  ///< proposals of one generation do not depend on each other's results
  Origin origin = Origin::kRandom;
  Candidate candidate;
};

/// What measuring Proposal::trial gave.
struct TrialResult {
  int trial = 0;
  Measurement measurement;
};

/// A network that was measured already, for another board or in an earlier run.
struct KnownNetwork {
  Genotype genotype;
  Measurement measurement;
};

/// A proposal that was measured.
struct Trial {
  Proposal proposal;
  Measurement measurement;
  std::optional<Measurement> int8;  ///< of the int8 network, where that was measured
};

/// What planning has seen so far, feasible or not.
struct PlanningRecord {
  std::int64_t planned = 0;               ///< networks lowered and planned, or told off by bounds
  std::int64_t feasible = 0;              ///< of these, how many fitted
  std::optional<Candidate> nearest;       ///< least relative violation (0 once anything fitted)
  std::optional<Candidate> lowest_sram;   ///< smallest peak SRAM
  std::optional<Candidate> lowest_flash;  ///< smallest flash
};

/// The space, the budget and the rules that candidates are planned under.
struct SearchProblem {
  SearchSpace space;
  McuBudget budget;
  RuntimeModel runtime;
  InputMode input = InputMode::kResident;
  DepthwiseRows depthwise_rows = DepthwiseRows::kInt8;

  /// How candidates are planned: patches where the budget asks for them.
  PlanOptions plan_options() const {
    return {.input = input,
            .sram_budget_bytes = budget.sram_bytes,
            .depthwise_rows = depthwise_rows,
            .layer_by_layer = false,
            .predict_instructions = budget.latency_ms.has_value()};
  }
  /// The same for what people are told of a network: with instructions and latency in any case.
  PlanOptions report_options() const {
    PlanOptions options = plan_options();
    options.predict_instructions = true;
    return options;
  }
};

enum class RankBy : std::uint8_t { kScore, kAccuracy };
/// The one that `rank_by` names; higher is better.
double rank_value(const Measurement& measurement, RankBy rank_by);
/// A total order, better first: rank, less SRAM, less flash, id.
bool better_trial(const Trial& a, const Trial& b, RankBy rank_by);

class CandidateChecker;

/// Ask and tell.
///
/// Contract, for every implementation:
///  - ask(n) returns at most n proposals, each feasible, each a network never proposed before (by
///    canonical id). Proposals come in generations: when the current one is used up and not all of
///    it has been told, ask returns nothing until it has.
///  - What is proposed depends on the problem, the options (with the seed) and the results told;
///    not on how asks are cut (ask(8) equals ask(3) + ask(5)) nor on the order of telling.
///  - tell takes results of pending proposals, in any order; it throws std::invalid_argument for a
///    trial that is not pending or a score that is not finite.
///  - done(): no more will come: enough measurements, or nothing new that fits was found within the
///    bounded number of attempts. Every call ends.
///  - know() costs no measurement: what fits becomes a trial (Origin::kKnown), and nothing of it is
///    proposed again.
/// Not thread-safe.
class SearchAlgorithm {
 public:
  virtual ~SearchAlgorithm();
  SearchAlgorithm(const SearchAlgorithm&) = delete;
  SearchAlgorithm& operator=(const SearchAlgorithm&) = delete;

  std::vector<Proposal> ask(int n);
  void tell(std::span<const TrialResult> results);
  /// Throws std::invalid_argument while a generation is under way.
  void know(std::span<const KnownNetwork> networks);
  /// done() from now on: what was not asked for yet of the current generation is dropped. Throws
  /// std::invalid_argument while a result is awaited.
  void end();
  bool done() const;

  /// Measured trials of completed generations and known networks that fit, by trial number.
  const std::vector<Trial>& trials() const { return trials_; }
  /// How many of them this search measured itself.
  int measured() const { return static_cast<int>(trials_.size()) - known_; }
  /// The best `count` of the trials as far as measuring tells, best first. Ranked by what was
  /// measured; an engine with a model takes what its noise has added out of it.
  virtual std::vector<Trial> finalists(int count) const;
  const PlanningRecord& planning() const;
  const SearchProblem& problem() const;

 protected:
  /// Those of `include` that fit and keep what is frozen are proposed before all others.
  SearchAlgorithm(SearchProblem problem, int measurements, RankBy rank_by,
                  std::vector<Genotype> include = {});
  /// At most `most` proposals, numbered from `first_trial`; all trials before are told. Empty ends
  /// the search. `generation` counts from 0 and does not count included networks.
  virtual std::vector<Proposal> next_generation(int generation, int first_trial, int most) = 0;
  CandidateChecker& checker() { return *checker_; }
  /// Known networks that exceed the budget or change what is frozen: no trials, but they tell a
  /// model of accuracy what trials do.
  const std::vector<Trial>& known_beyond() const { return known_beyond_; }

 private:
  bool enough() const { return measured() >= measurements_; }
  void start_generation();
  void close_generation();
  std::vector<Proposal> included(int most);

  std::unique_ptr<CandidateChecker> checker_;
  int measurements_;
  RankBy rank_by_;
  int known_ = 0;  ///< of trials_
  std::vector<Trial> known_beyond_;
  std::vector<Genotype> include_;  ///< not yet proposed
  int generation_ = 0;
  bool exhausted_ = false;
  std::vector<Proposal> queue_;  ///< of the current generation
  std::size_t asked_ = 0;        ///< of queue_
  std::vector<Trial> told_;      ///< of queue_, in the order of telling
  std::vector<Trial> trials_;
};

}  // namespace tinynas
