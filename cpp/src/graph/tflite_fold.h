#pragma once
// From the operators of a `.tflite` file to those that our kernels run.

#include <vector>

#include "tinynas/tflite.h"

namespace tinynas {

/// Fills network.graph and left_out from network.interpreter_graph. `keeps_values[i]`: op i only
/// moves bytes (its input and output are quantised alike), so that it may be left out.
void fold_operators(const std::vector<bool>& keeps_values, TfliteNetwork& network);

}  // namespace tinynas
