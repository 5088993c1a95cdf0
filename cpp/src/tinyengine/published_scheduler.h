#pragma once
// The scheduler of TinyEngine as released in 2022 (RuntimeRules::kTinyEngine).

#include "tinynas/graph.h"
#include "tinynas/memory_plan.h"

namespace tinynas {

/// Fills records, offsets, scratch and peak of `plan`, whose costs (add_costs) stand.
void plan_published(const Graph& graph, const RuntimeModel& runtime, MemoryPlan& plan);

}  // namespace tinynas
