#pragma once
// Weights and biases as the C kernels want them.

#include <cstdint>
#include <vector>

#include "tinynas/graph.h"

namespace tinynas {

/// conv2d and fully_connected: [out][value of a column]. A column holds the values of the window's
/// rows, fours first: where a row of the window (kernel_w * in) is no multiple of four, what is
/// left over of each row follows after all rows. depthwise_conv2d: [out][kernel row][kernel
/// column].
std::vector<std::int8_t> kernel_weights(const Graph& graph, const Op& op);

/// bias - zero point of the input * sum of the weights: kernels multiply the input as it is stored,
/// and padding is its zero point. `reads_wide`: the bias, as wide rows hold values less this point.
std::vector<std::int32_t> kernel_bias(const Graph& graph, const Op& op, bool reads_wide);

/// Whether an output channel's sums may need more than 30 bits, which the kernels' fast
/// requantising takes; biases of channels that are always saturated may be that large. Its shift is
/// then less by kWideShift (TN_WIDE).
bool sums_are_wide(const Graph& graph, const Op& op, std::size_t channel);
inline constexpr int kWideShift = 64;

}  // namespace tinynas
