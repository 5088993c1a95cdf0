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

/// One output channel's factor, as the kernels take it (tn_is_common in tinynas_dsp.h): `shift` is
/// the right shift less one, or, where `common` is not, the exponent less 64.
struct KernelFactor {
  std::int32_t multiplier = 0;
  std::int8_t shift = 0;
  bool common = false;
};

/// Of conv2d and depthwise_conv2d. A channel is common where its factor is below one half and no
/// sum can leave the bits that the fast kernels have: 30 (depthwise) or 23, of quads, which also
/// takes weights in [-127, 127] and channels two by two.
std::vector<KernelFactor> kernel_factors(const Graph& graph, const Op& op);

/// Biases of conv2d for sums of quads (multiply_quads.h): 256 kernel_bias - 127 times the weights
/// of the first half of each pair.
std::vector<std::int32_t> quad_bias(const Graph& graph, const Op& op);

/// Values of a column in quads: all but the last few.
std::size_t quad_values(const Graph& graph, const Op& op);

}  // namespace tinynas
