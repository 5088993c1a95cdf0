#pragma once
// Our own scheduler (RuntimeRules::kTinyNas): segments that stream rows, exact offsets.

#include <cstdint>
#include <span>

#include "tinynas/graph.h"
#include "tinynas/memory_plan.h"

namespace tinynas {

/// Fills segments, placements, scratch and peak of `plan`, whose costs (add_costs) stand. With
/// `only_within`, false and an unfinished plan where it can tell early that no plan keeps within
/// options.sram_budget_bytes.
bool plan_streaming(const Graph& graph, const RuntimeModel& runtime, const PlanOptions& options,
                    bool only_within, MemoryPlan& plan);

/// One of the plans that plan_streaming chooses from: ops [0, point.patch_end_op) in patches, the
/// rest in the segments [cuts[i], cuts[i + 1]), the best ones if `cuts` is empty. False where ops
/// of one of them cannot stream together. `plan` is one of `graph` without patches.
bool plan_choice(const Graph& graph, const RuntimeModel& runtime, InputMode input,
                 const FrontPoint& point, std::span<const std::int32_t> cuts, MemoryPlan& plan);

}  // namespace tinynas
