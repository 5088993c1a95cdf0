#pragma once
// model.h: all that a user of generated C includes.

#include <cstdint>
#include <string>
#include <vector>

#include "tinynas/codegen.h"

namespace tinynas {

/// The file without its banner: sizes and quantisation as macros, preprocessing and class names
/// where the labels have them, the functions that run the network.
std::string emit_header(const Graph& graph, const MemoryPlan& plan, const CodeLabels& labels);

/// The first output and those after it, as tinynas_invoke writes them one after another.
std::vector<std::int32_t> all_outputs(const Graph& graph);

}  // namespace tinynas
