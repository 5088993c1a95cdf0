#pragma once
// What the linker makes of a plan under RuntimeRules::kTinyNas: code, descriptors, stack.

#include <cstdint>

#include "tinynas/graph.h"
#include "tinynas/memory_plan.h"

namespace tinynas {

/// Fills plan.flash.code_bytes, descriptor_bytes and code_is_estimate, and plan.stack_bytes, from
/// the finished schedule: closed forms over runtime.kernels, or the runtime's own numbers where
/// it has none.
/// Code is counted as linked with --gc-sections for tinynas_invoke alone: each function once that
/// a kernel in use needs. An op without a C kernel makes it an estimate.
void add_linked_costs(const Graph& graph, const RuntimeModel& runtime, MemoryPlan& plan);

/// What code and descriptors of no plan of the network go below, in bytes: what every kernel that
/// may run an op needs, and one layer each.
std::int64_t least_linked_flash(const Graph& graph, const RuntimeModel& runtime,
                                const PlanOptions& options);

}  // namespace tinynas
