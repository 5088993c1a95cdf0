#pragma once
// Decode, lower, plan, compare with the budget: what a candidate costs, before anybody measures it.

#include <string>
#include <unordered_map>
#include <unordered_set>

#include "tinynas/search_algorithm.h"

namespace tinynas {

/// What no plan of the network goes below, in a fraction of a plan's time: sram_lower_bound, its
/// constants and the code that its kernels need in flash, its MACs. Latency: 0.
Footprint least_footprint(const Graph& graph, const RuntimeModel& runtime,
                          const PlanOptions& options);

/// Plans genotypes and remembers what came closest. Moves meet the same networks again and again:
/// the youngest are remembered, in bounded memory. Not thread-safe (keeps the allocations of graph
/// and plan).
class CandidateChecker {
 public:
  explicit CandidateChecker(SearchProblem problem) : problem_(std::move(problem)) {}

  Candidate check(const Genotype& genotype);

  /// The candidate, if it fits. Once anything has fitted, planning stops where it can tell that
  /// nothing will: moves meet more networks that do not fit than others. They count as planned.
  std::optional<Candidate> fitting(const Genotype& genotype);

  /// True the first time that an id is claimed: de-duplication of everything that is measured.
  bool claim(const std::string& id) { return claimed_.insert(id).second; }
  bool claimed(const std::string& id) const { return claimed_.count(id) != 0; }

  const SearchProblem& problem() const { return problem_; }
  const SearchSpace& space() const { return problem_.space; }
  const PlanningRecord& record() const { return record_; }

 private:
  /// The network that `graph_` holds and `plan_` plans, remembered and recorded.
  const Candidate& remember(const Genotype& genotype);
  Candidate planned(const Genotype& genotype) const;
  void note(const Candidate& candidate);

  SearchProblem problem_;
  PlanningRecord record_;
  std::unordered_map<Genotype, Candidate, GenotypeHash> planned_;
  std::unordered_set<Genotype, GenotypeHash> hopeless_;
  std::unordered_set<std::string> claimed_;
  Graph graph_;
  MemoryPlan plan_;
};

/// Violation first, then what is left to decide by: SRAM, flash, id. A total order.
bool less_violating(const Candidate& a, const Candidate& b);

}  // namespace tinynas
