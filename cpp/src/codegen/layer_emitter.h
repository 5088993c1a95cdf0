#pragma once
// The constants of one operator as C: its descriptor and the arrays that this points at.

#include <string>

#include "tinyengine/c_kernels.h"
#include "tinynas/graph.h"

namespace tinynas {

struct LayerText {
  std::string arrays;        ///< definitions for weights.c
  std::string declarations;  ///< of these, for weights.h
  std::string initializer;   ///< of the descriptor, "{...}"
};
/// `index`: of the op, from which names are made.
LayerText emit_layer(const Graph& graph, std::size_t index, const OpRows& rows);

}  // namespace tinynas
