#pragma once
// The front of bytes against MACs against widened elements, over both kinds of depthwise rows.

#include <cstdint>
#include <vector>

#include "tinyengine/row_recurrence.h"
#include "tinyengine/segment_table.h"
#include "tinynas/graph.h"
#include "tinynas/memory_plan.h"

namespace tinynas {

/// MemoryPlan::widened_elements of a network whose patches are those of `point` and whose other ops
/// are cut at `cuts`. In closed form.
std::int64_t widened_elements(const Graph& graph, const GraphFacts& facts, const FrontPoint& point,
                              const Cuts& cuts);

/// Points of both that no other beats, and that a plan can be asked for (see memory_macs_front).
/// By ascending MACs, then bytes.
std::vector<FrontPoint> merge_fronts(const std::vector<FrontPoint>& int8_rows,
                                     const std::vector<FrontPoint>& int16_rows);

}  // namespace tinynas
