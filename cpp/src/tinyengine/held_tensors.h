#pragma once
// What lies in memory while an operator of a plan runs, in words.

#include <string>

#include "tinynas/graph.h"
#include "tinynas/memory_plan.h"

namespace tinynas {

/// How `tensor` is held while operator `index` runs: "input", "output", "held" for a later one, or
/// "scratch" (-1).
const char* tensor_use(const Graph& graph, std::size_t index, std::int32_t tensor);

/// A tensor's name; "scratch" of -1.
std::string held_name(const Graph& graph, std::int32_t tensor);

/// Whether operator `index` writes over its input. Its output is then the only record of both.
bool ran_in_place(const Graph& graph, const MemoryPlan& plan, std::size_t index);

}  // namespace tinynas
