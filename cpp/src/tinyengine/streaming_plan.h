#pragma once
// Our own scheduler (RuntimeRules::kTinyNas): segments that stream rows, exact offsets.

#include "tinynas/graph.h"
#include "tinynas/memory_plan.h"

namespace tinynas {

/// Fills segments, placements, scratch and peak of `plan`, whose costs (add_costs) stand.
void plan_streaming(const Graph& graph, const RuntimeModel& runtime, const PlanOptions& options,
                    MemoryPlan& plan);

}  // namespace tinynas
