#pragma once
// The integers that a kernel computes with, from the scales of a quantised graph: one place for the
// interpreter and for the code generator. All as TensorFlow Lite's reference kernels have them.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "int8/requantize.h"
#include "tinynas/graph.h"

namespace tinynas {

/// What keeps op `op_index` from being run, for people ("its output has no scale"), or nothing.
std::optional<std::string> find_quantisation_fault(const Graph& graph, std::size_t op_index);

/// conv2d, depthwise_conv2d, fully_connected: from accumulators to the output, one an output
/// channel; one for all where fully_connected has one weight scale. mul, relu, quantize of
/// integers: one.
std::vector<Requantizer> output_requantizers(const Graph& graph, const Op& op);

/// add: both operands shifted left by kAddShift and requantised to a common scale, added,
/// requantised.
inline constexpr std::int32_t kAddShift = 20;
struct AddArithmetic {
  std::array<Requantizer, 2> inputs;
  Requantizer output;
  std::array<std::int32_t, 2> zero_points;
};
AddArithmetic add_arithmetic(const Graph& graph, const Op& op);

/// mean, mean_axis: of the sum of (value - zero point) over `count` values.
Requantizer mean_requantizer(const Graph& graph, const Op& op, std::int64_t count);

/// Values that one output of mean or mean_axis is the mean of.
std::int64_t mean_count(const Graph& graph, const Op& op);

/// Scale and zero point of an operand: of input `position`, or of the constant where `op` has one
/// and `position` is 1.
struct Quantisation {
  double scale = 0;
  std::int32_t zero_point = 0;
};
Quantisation operand_quantisation(const Graph& graph, const Op& op, std::int32_t position);

/// logistic: the output for each input value from -128 to 127.
std::array<std::int8_t, 256> logistic_table(const Tensor& input);

/// softmax: for an input that is `i` below the largest one, exp(-i * scale * beta) with 31
/// fractional bits; 0 from where the reference leaves values out.
struct SoftmaxTable {
  std::array<std::int32_t, 256> exponentials;
  std::int32_t first_left_out = 256;
};
SoftmaxTable softmax_table(const Tensor& input, float beta);

/// softmax: one output from its exponential and the sum of all (12 integer bits).
struct SoftmaxReciprocal {
  std::int32_t scale = 0;
  std::int32_t shift = 0;
};
SoftmaxReciprocal softmax_reciprocal(std::int32_t sum);

/// resize_nearest: the input row (or column) of output row `at`.
std::int32_t nearest_input(std::int32_t at, std::int32_t in, std::int32_t out,
                           const OpConstants& constants);

}  // namespace tinynas
