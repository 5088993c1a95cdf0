#pragma once
// The constants of one operator as C: its descriptor and the arrays that this points at.

#include <optional>
#include <string>
#include <vector>

#include "tinynas/graph.h"

namespace tinynas {

/// The C kernel of an op, as kernels/tinynas_kernels.h has it.
struct CKernel {
  std::string function;                     ///< "tn_conv2d"
  std::string layer_type;                   ///< "tn_conv_layer"
  std::string file;                         ///< of kernels/, "conv2d.c"
  bool whole = false;                       ///< runs once, on whole tensors
  std::vector<std::string> shared_files{};  ///< others that this one needs
};
/// `accumulates`: its input's rows are added up as they come. Nothing where there is no kernel.
std::optional<CKernel> find_c_kernel(const Graph& graph, const Op& op, bool accumulates);

struct LayerText {
  std::string arrays;        ///< definitions for weights.c
  std::string declarations;  ///< of these, for weights.h
  std::string initializer;   ///< of the descriptor, "{...}"
};
/// `index`: of the op, from which names are made.
LayerText emit_layer(const Graph& graph, std::size_t index);

}  // namespace tinynas
