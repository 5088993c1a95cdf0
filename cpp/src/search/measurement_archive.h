#pragma once
// All that one run measured, for whichever board: nothing is measured twice.

#include <map>
#include <tuple>
#include <vector>

#include "tinynas/run_store.h"

namespace tinynas {

/// Please measure this.
struct Wanted {
  RecordKind kind = RecordKind::kTrial;
  Proposal proposal;
  Fidelity fidelity;
};

/// Measures in an order that depends on the run alone, and takes what was measured before, here or
/// by an earlier process, from the store. Not thread-safe.
class MeasurementArchive {
 public:
  /// `store` may be null; `evaluator` and `store` must outlive this.
  MeasurementArchive(const SearchSpace& space, Evaluator& evaluator, RunStore* store);

  /// All of one fidelity, for the board called `mcu`. What is new is on disk when it returns.
  /// Throws Error for scores that are no numbers.
  std::vector<Measurement> measure(const std::vector<Wanted>& wanted, const std::string& mcu);

  /// Measurements that this process made.
  std::size_t made() const { return made_; }
  /// Seconds spent measuring what was asked for so far, by whichever process did it.
  double seconds() const { return seconds_; }

 private:
  using Key = std::tuple<std::string, int, int, Split, bool>;
  struct Entry {
    Measurement measurement;
    double seconds = 0;  ///< still to be counted
  };
  static Key key_of(const Candidate& candidate, const Fidelity& fidelity);
  void evaluate(const std::vector<const Wanted*>& wanted, const std::string& mcu);

  const SearchSpace& space_;
  Evaluator& evaluator_;
  RunStore* store_;
  std::map<Key, Entry> entries_;
  std::size_t made_ = 0;
  double seconds_ = 0;
};

}  // namespace tinynas
