#pragma once
// Predicted instructions of a plan: its trips times what each takes on the runtime's core.

#include "tinynas/memory_plan.h"

namespace tinynas {

/// Fills MemoryPlan::instructions, those of its ops, and its latency. Nothing is predicted where
/// the kernels were not measured on this very core, nor for plans with wide rings or networks with
/// factors of requantisation of one half or more, whose ways through the kernels were not measured.
void predict_instructions(const Graph& graph, const RuntimeModel& runtime, MemoryPlan& plan);

}  // namespace tinynas
