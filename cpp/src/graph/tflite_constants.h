#pragma once
// Weights, biases and attributes of one operator of a `.tflite` file.

#include "graph/tflite_file.h"
#include "tinynas/graph.h"

namespace tinynas {

/// What `from`, which became `op`, has beside its shapes. Never throws: whatever is missing or odd
/// (scales of another number than channels, say) is left as it is, a plan does not need it; who
/// runs the graph asks find_quantisation_fault().
OpConstants read_constants(const TfliteFile& file, const TfliteOperator& from, const Op& op);

}  // namespace tinynas
