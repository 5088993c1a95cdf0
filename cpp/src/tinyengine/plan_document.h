#pragma once
// A plan for programs: what `tinynas plan --json` prints, and what a search stores for its winner.

#include <vector>

#include "base/json_io.h"
#include "tinynas/graph.h"
#include "tinynas/mcu.h"
#include "tinynas/memory_plan.h"

namespace tinynas {

/// A plan as JSON. With `budget` null, `fits`, `mcu` and `excess` are null.
Json plan_json(const Graph& graph, const MemoryPlan& plan, const McuBudget* budget);

/// That with `front[]` (peak SRAM against MACs) and `runtimes[]` (the network under each
/// runtime that is shipped, the plan's own first): what `plan --json` prints. `options` made the
/// plan.
Json plan_document(const Network& network, const RuntimeModel& runtime, const PlanOptions& options,
                   const MemoryPlan& plan, const McuBudget* budget);

/// The plan, and the network under the other runtimes that are shipped.
std::vector<MemoryPlan> plan_under_all(const Network& network, const MemoryPlan& plan,
                                       const PlanOptions& options);

}  // namespace tinynas
