#include "codegen/kernel_weights.h"

#include <algorithm>
#include <cstdlib>

#include "int8/op_arithmetic.h"
#include "tinyengine/c_kernels.h"

namespace tinynas {
namespace {

/// Places of one output channel's values, in the order of columns.
std::vector<std::size_t> column_order(std::size_t rows, std::size_t width) {
  const std::size_t in_quads = width & ~std::size_t{3};
  std::vector<std::size_t> order;
  for (std::size_t row = 0; row < rows; ++row) {
    for (std::size_t i = 0; i < in_quads; ++i) order.push_back(row * width + i);
  }
  for (std::size_t row = 0; row < rows; ++row) {
    for (std::size_t i = in_quads; i < width; ++i) order.push_back(row * width + i);
  }
  return order;
}

constexpr int kAnyShift = 64;  // TN_ANY in tinynas_dsp.h

/// A channel whose weights are all 0 puts out one value, whatever the image. Its factor and bias
/// may be as extreme as can be (pruned models have such), so it gets others: 1/4, and four times
/// the value less the output's zero point.
constexpr Requantizer kQuarter{1 << 30, -1};

std::vector<Requantizer> channel_factors(const Graph& graph, const Op& op) {
  std::vector<Requantizer> factors = output_requantizers(graph, op);
  factors.resize(static_cast<std::size_t>(op_bias_count(graph, op)), factors[0]);
  return factors;
}

std::int32_t constant_bias(const Graph& graph, const Op& op, std::size_t channel,
                           const Requantizer& factor) {
  const OpConstants& constants = graph.constants_of(op);
  const std::int32_t bias = constants.bias.empty() ? 0 : constants.bias[channel];
  const std::int32_t zero = graph.tensors[op.output].zero_point;
  const std::int32_t value =
      clamp_to_int8(requantize(bias, factor) + zero, constants.output_min, constants.output_max);
  return 4 * (value - zero);
}

}  // namespace

std::vector<std::int8_t> kernel_weights(const Graph& graph, const Op& op) {
  const std::vector<std::int8_t>& weights = graph.constants_of(op).weights;
  const auto channels = static_cast<std::size_t>(op_bias_count(graph, op));
  if (op.kind == OpKind::kFullyConnected) return weights;
  std::vector<std::int8_t> result;
  result.reserve(weights.size());
  const std::size_t depth = weights.size() / channels;
  if (op.kind == OpKind::kDepthwiseConv2d) {
    for (std::size_t c = 0; c < channels; ++c) {
      for (std::size_t k = 0; k < depth; ++k) result.push_back(weights[k * channels + c]);
    }
    return result;
  }
  const auto rows = static_cast<std::size_t>(op.kernel_h);
  const std::vector<std::size_t> order = column_order(rows, depth / rows);
  for (std::size_t c = 0; c < channels; ++c) {
    for (const std::size_t k : order) result.push_back(weights[c * depth + k]);
  }
  return result;
}

std::vector<std::int32_t> kernel_bias(const Graph& graph, const Op& op, bool reads_wide) {
  const OpConstants& constants = graph.constants_of(op);
  const auto channels = static_cast<std::size_t>(op_bias_count(graph, op));
  const std::size_t depth = constants.weights.size() / channels;
  const std::int32_t zero = reads_wide ? 0 : operand_quantisation(graph, op, 0).zero_point;
  const bool depthwise = op.kind == OpKind::kDepthwiseConv2d;
  const bool dense = op.kind == OpKind::kFullyConnected;
  const std::vector<Requantizer> factors = channel_factors(graph, op);
  std::vector<std::int32_t> result(channels, 0);
  for (std::size_t c = 0; c < channels; ++c) {
    if (!dense && channel_sums(graph, op, c).constant) {
      result[c] = constant_bias(graph, op, c, factors[c]);
      continue;
    }
    std::int64_t sum = 0;
    for (std::size_t k = 0; k < depth; ++k) {
      sum += constants.weights[depthwise ? k * channels + c : c * depth + k];
    }
    const std::int64_t bias = constants.bias.empty() ? 0 : constants.bias[c];
    // As sums on the device, around at 32 bits.
    result[c] = static_cast<std::int32_t>(static_cast<std::uint32_t>(bias - zero * sum));
  }
  return result;
}

std::size_t quad_values(const Graph& graph, const Op& op) {
  const auto channels = static_cast<std::size_t>(op_bias_count(graph, op));
  return graph.constants_of(op).weights.size() / channels & ~std::size_t{3};
}

std::vector<std::int32_t> quad_bias(const Graph& graph, const Op& op) {
  const std::vector<std::int8_t> weights = kernel_weights(graph, op);
  std::vector<std::int32_t> result = kernel_bias(graph, op, false);
  const std::size_t depth = weights.size() / result.size(), quads = quad_values(graph, op);
  for (std::size_t c = 0; c < result.size(); ++c) {
    std::int64_t sum = 0;
    for (std::size_t k = 0; k < quads; k += 2) sum += weights[c * depth + k];
    result[c] = static_cast<std::int32_t>(
        static_cast<std::uint32_t>(256 * std::int64_t{result[c]} - 127 * sum));
  }
  return result;
}

std::vector<KernelFactor> kernel_factors(const Graph& graph, const Op& op) {
  const bool depthwise = op.kind == OpKind::kDepthwiseConv2d;
  const auto channels = static_cast<std::size_t>(op_bias_count(graph, op));
  std::vector<Requantizer> factors = channel_factors(graph, op);
  const std::int64_t limit = depthwise ? kDepthwiseSumLimit : kQuadSumLimit;
  std::vector<KernelFactor> result;
  for (std::size_t c = 0; c < channels; ++c) {
    ChannelSums sums = channel_sums(graph, op, c);
    if (sums.constant) {
      factors[c] = kQuarter;
      sums.most = 4 * 255;
    }
    KernelFactor factor{factors[c].multiplier, 0, false};
    const int right = -factors[c].shift;
    // A product that rounds to 0 whatever the image: any sum will do.
    if (factor.multiplier == 0 || (right > 1 && sums.most < std::int64_t{1} << (right - 1))) {
      factor = {0, 0, true};
      result.push_back(factor);
      continue;
    }
    factor.common = right >= 1 && right <= kLargestRightShift && sums.most < limit &&
                    (depthwise || sums.symmetric);
    factor.shift = static_cast<std::int8_t>(factor.common ? right - 1 : -right - kAnyShift);
    result.push_back(factor);
  }
  if (depthwise) return result;
  // Two by two; the last of an odd number has no partner.
  for (std::size_t c = 0; c < channels; c += 2) {
    if (c + 1 < channels && result[c].common && result[c + 1].common) continue;
    for (std::size_t i = c; i < std::min(c + 2, channels); ++i) {
      result[i] = {factors[i].multiplier, static_cast<std::int8_t>(factors[i].shift - kAnyShift),
                   false};
    }
  }
  return result;
}

}  // namespace tinynas
