#pragma once
// MODEL_CARD.md: what a person should know of an exported network.

#include <string>

#include "tinynas/codegen.h"

namespace tinynas {

/// Markdown: memory, accuracy, preprocessing, classes, quantisation, terms. What is not known is
/// said to be so.
std::string model_card(const Graph& graph, const MemoryPlan& plan, const CodeLabels& labels);

}  // namespace tinynas
