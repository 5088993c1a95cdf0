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
/// How a plan holds the rows of an op.
struct OpRows {
  bool accumulated = false;   ///< its input's are added up as they come
  bool wide_input = false;    ///< int16 (Placement::wide)
  bool wide_output = false;   ///< likewise
};
/// Nothing where there is no kernel.
std::optional<CKernel> find_c_kernel(const Graph& graph, const Op& op, const OpRows& rows);
/// Whether a kernel writes wide rows itself; tn_turn_row makes one of int8 rows do so.
bool c_kernel_writes_wide_rows(const Op& op);

struct LayerText {
  std::string arrays;        ///< definitions for weights.c
  std::string declarations;  ///< of these, for weights.h
  std::string initializer;   ///< of the descriptor, "{...}"
};
/// `index`: of the op, from which names are made.
LayerText emit_layer(const Graph& graph, std::size_t index, const OpRows& rows);

}  // namespace tinynas
