#pragma once
// Host kernels of the int8 interpreter. Each is made once for an op of a graph and then run on
// bytes.

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "tinynas/graph.h"

namespace tinynas {

/// Memory of one thread that kernels may write: grows to the largest that was asked for.
struct KernelWorkspace {
  std::vector<std::int16_t> columns;
  std::vector<std::int32_t> sums;
};

/// `inputs[i]` and `output` point at whole tensors; they never overlap.
using Kernel = std::function<void(std::span<const std::int8_t* const> inputs, std::int8_t* output,
                                  KernelWorkspace& workspace)>;

/// The kernel of an op that find_quantisation_fault() finds sound.
Kernel make_kernel(const Graph& graph, const Op& op);

/// By family; make_kernel chooses.
Kernel make_convolution(const Graph& graph, const Op& op);  ///< also fully_connected
Kernel make_depthwise(const Graph& graph, const Op& op);
Kernel make_pooling(const Graph& graph, const Op& op);      ///< average, max, mean, mean_axis
Kernel make_elementwise(const Graph& graph, const Op& op);  ///< add, mul, relu, logistic, softmax
Kernel make_conversion(const Graph& graph, const Op& op);   ///< quantize, dequantize
Kernel make_data_movement(const Graph& graph,
                          const Op& op);  ///< pad, concat, reshape, transpose, ...

}  // namespace tinynas
