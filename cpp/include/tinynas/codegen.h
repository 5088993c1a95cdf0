#pragma once
// Int8 C of a network, executing its memory plan: one static arena, literal offsets, no heap, no
// interpreter.

#include <cstdint>
#include <string>
#include <vector>

#include "tinynas/graph.h"
#include "tinynas/memory_plan.h"

namespace tinynas {

struct GeneratedFile {
  std::string name;  ///< without a folder
  std::string content;
};

/// What a reader of the header needs to use the network; never influences what is computed.
struct CodeLabels {
  std::string network;                   ///< name or id, for comments
  std::vector<std::string> class_names;  ///< empty: not known
};

/// C99 for `graph`, quantised, under `plan`, which is its plan under RuntimeRules::kTinyNas. The
/// files: model.h (API, sizes, quantisation), model.c (arena and layers), weights.h and weights.c,
/// the driver and the kernels that the network needs. The arena has exactly plan.peak_sram_bytes.
/// Throws BadInput with `source` where the graph is not quantised, Error with kUnsupportedOperator
/// for operators without a C kernel, all of them listed.
std::vector<GeneratedFile> generate_c(const Graph& graph, const MemoryPlan& plan,
                                      const CodeLabels& labels, const std::string& source);

}  // namespace tinynas
