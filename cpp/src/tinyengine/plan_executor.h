#pragma once
// The verifier of streaming plans: executes a plan row by row on an arena of tags. Shares no code
// with the planner, whose header memory_plan.h is the only specification.

#include <string>

#include "tinynas/graph.h"
#include "tinynas/memory_plan.h"

namespace tinynas {

/// Executes `graph` (valid) as `plan` (RuntimeRules::kTinyNas) says, see Segment in memory_plan.h:
/// each byte of the arena carries the identity of the element that it holds. Returns "" when every
/// kernel read exactly the elements that it needs, every tensor that outlives its segment is whole,
/// and the plan's sums are those of its parts; else what went wrong first, naming op, tensor and
/// row.
std::string execute_plan(const Graph& graph, const RuntimeModel& runtime, const MemoryPlan& plan);

}  // namespace tinynas
