#include "codegen/kernel_weights.h"

#include <cstdlib>

#include "int8/op_arithmetic.h"

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
  std::vector<std::int32_t> result(channels, 0);
  for (std::size_t c = 0; c < channels; ++c) {
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

bool sums_are_wide(const Graph& graph, const Op& op, std::size_t channel) {
  const OpConstants& constants = graph.constants_of(op);
  const auto channels = static_cast<std::size_t>(op_bias_count(graph, op));
  const std::size_t depth = constants.weights.size() / channels;
  const bool depthwise = op.kind == OpKind::kDepthwiseConv2d;
  std::int64_t most = constants.bias.empty() ? 0 : std::abs(std::int64_t{constants.bias[channel]});
  for (std::size_t k = 0; k < depth; ++k) {
    const std::int64_t weight =
        constants.weights[depthwise ? k * channels + channel : channel * depth + k];
    most += 255 * std::abs(weight);
  }
  return most >= std::int64_t{1} << 30;
}

}  // namespace tinynas
