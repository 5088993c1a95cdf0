#pragma once
// The arena of TensorFlow Lite Micro's interpreter (RuntimeRules::kTflm).

#include "tinynas/graph.h"
#include "tinynas/memory_plan.h"

namespace tinynas {

/// Fills records, offsets, scratch and peak of `plan`, whose costs (add_costs) stand.
void plan_tflm(const Graph& graph, const RuntimeModel& runtime, MemoryPlan& plan);

}  // namespace tinynas
