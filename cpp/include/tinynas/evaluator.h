#pragma once
// Who measures accuracy: a supernet, a table (tests), later a surrogate or another machine.

#include <cstdint>
#include <span>
#include <vector>

#include "tinynas/search_space.h"

namespace tinynas {

enum class Split : std::uint8_t { kTrain, kCalibration, kValidation, kTest };
const char* split_name(Split split);

/// How carefully to measure. Supernet weights, BN recalibrated for each subnet.
struct Fidelity {
  /// 0: all of the calibration split. From 64 on more of them rank networks no better (README,
  /// `scripts/rank_correlation`).
  int recalibration_images = 128;
  int images = 1000;  ///< class-balanced part of `split`; 0: all of it
  Split split = Split::kValidation;
  /// Of the int8 network that would be deployed: quantised with the calibration images, in the way
  /// that scores best on 1,000 validation images.
  bool int8 = false;
  bool operator==(const Fidelity&) const = default;
};

struct Measurement {
  double score =
      0;  ///< higher is better, ranks: minus the cross-entropy to the largest subnet's softmax
  double accuracy = 0;  ///< top-1, 0 to 1
  int images = 0;
  double standard_error = 0;  ///< of accuracy
};

/// Implementations are thread-safe in `evaluate` and deterministic: the result depends on subnet
/// and fidelity alone, not on the other subnets in the call nor on the number of threads.
class Evaluator {
 public:
  virtual ~Evaluator() = default;
  virtual std::vector<Measurement> evaluate(std::span<const Subnet> subnets,
                                            const Fidelity& fidelity) = 0;
};

}  // namespace tinynas
