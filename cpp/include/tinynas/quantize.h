#pragma once
// From a trained network in floats to the int8 graph that is deployed: TensorFlow Lite's scheme,
// weights symmetric a channel, activations affine a tensor, biases int32 (Jacob et al., 2018).

#include <cstdint>
#include <string>
#include <vector>

#include "tinynas/graph.h"

namespace tinynas {

/// One op of a FloatNetwork that has weights (batch normalisation is folded in), or a sum.
struct FloatConstants {
  std::vector<float> weights;  ///< in the order of OpConstants::weights
  std::vector<float> bias;     ///< one an output channel; empty: it has no weights
  bool relu = false;           ///< fused
};

/// `ops` is parallel to graph.ops.
struct FloatNetwork {
  Graph graph;
  std::vector<FloatConstants> ops;
};

/// How the values of one tensor are spread over calibration images.
struct ActivationStatistics {
  float min = 0, max = 0;
  /// Equal bins from `low` to `high`, which lie around min and max; empty: nothing more is known.
  std::vector<std::int64_t> histogram;
  float low = 0, high = 0;
  std::vector<float> channel_max;  ///< largest magnitude of each channel

  /// Doubles the bins' width until they reach from `from` to `to`: counts stay whole.
  void widen_histogram(float from, float to);
};
inline constexpr int kHistogramBins = 2048;

/// How the range of an activation is chosen.
///  - kMinMax: all values that were seen.
///  - kPercentile: without the outermost 0.01 % on either side.
///  - kMse: the range with the least mean squared error of the quantised values.
enum class RangeMethod : std::uint8_t { kMinMax, kPercentile, kMse };
const char* range_method_name(RangeMethod method);  ///< "min-max", "percentile", "mse"

/// One way to quantise; all_quantisations() lists those that are worth trying.
struct QuantiseOptions {
  RangeMethod method = RangeMethod::kMinMax;
  /// Scales the channels of maps between a convolution with ReLU and the depthwise convolution that
  /// reads it so that each fills the map's range: exact in floats, free with weights scaled a
  /// channel (Nagel et al., "Data-Free Quantization", ICCV 2019, section 4.1).
  bool equalise = false;
  bool operator==(const QuantiseOptions&) const = default;
};
std::vector<QuantiseOptions> all_quantisations();
/// "mse, equalised"
std::string describe(const QuantiseOptions& options);

/// The int8 graph: `network.graph` with scales, zero points and constants. `statistics`: one a
/// tensor. Pooling keeps the quantisation of its input. Deterministic.
Graph quantise(const FloatNetwork& network, const std::vector<ActivationStatistics>& statistics,
               const QuantiseOptions& options);

/// An int8 network, and how it was made.
struct QuantisedNetwork {
  Graph graph;
  QuantiseOptions options;
};

}  // namespace tinynas
