#pragma once
// A supernet's stand-in for tests: accuracy as a fixed function of the network, with the shape that
// real ones have (more MACs help less and less, blocks matter differently, neighbours interact),
// plus sampling noise that depends on network and number of images alone.

#include <atomic>
#include <map>
#include <string>
#include <vector>

#include "tinynas/search.h"

namespace tinynas::testing {

class FormulaEvaluator : public Evaluator {
 public:
  explicit FormulaEvaluator(std::uint64_t seed = 7, int threads = 1)
      : seed_(seed), threads_(threads) {}

  std::vector<Measurement> evaluate(std::span<const Subnet> subnets,
                                    const Fidelity& fidelity) override;
  /// What infinitely many images would give.
  double true_accuracy(const Subnet& subnet) const;

  std::atomic<int> calls = 0;     ///< networks measured
  int fail_after = -1;            ///< throws once that many were measured
  int microseconds_a_subnet = 0;  ///< sleeps, so that a kill lands in the middle

 private:
  Measurement measure(const Subnet& subnet, const Fidelity& fidelity) const;
  std::uint64_t seed_;
  int threads_;
};

/// `space` on a part with that much SRAM and flash, under the published runtime.
SearchProblem make_problem(const std::string& space, std::int64_t sram_bytes,
                           std::int64_t flash_bytes);

/// A folder of its own, gone with the object.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// Every file of a run directory but the timings, by its path.
std::map<std::string, std::string> contents(const std::string& directory);

/// Throws "injected before NAME" at the step of that number, from 0, and at no other.
RunStore::FaultFn fault_before(int step);

/// Small enough for hundreds of runs: 40 measurements in generations of 8.
SearchOptions small_options(std::uint64_t seed);

/// Asks and tells in steps of `step` until done.
void drive(SearchAlgorithm& algorithm, Evaluator& evaluator, int step = 8);

/// "id id id ..." of all trials: the trace that determinism is about.
std::string trace(const std::vector<Trial>& trials);

}  // namespace tinynas::testing
