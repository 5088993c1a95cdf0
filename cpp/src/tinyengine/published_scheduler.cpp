#include "tinyengine/published_scheduler.h"

#include <algorithm>

#include "tinyengine/kernel_costs.h"
#include "tinyengine/placement.h"
#include "tinyengine/storage_records.h"

namespace tinynas {
namespace {

/// Memory of one thread's planning, kept between plans.
struct Workspace {
  std::vector<std::int32_t> end_of_tensor;
  PlacementWorkspace placement;
  std::vector<std::int32_t> live;         ///< records live during the current op
  std::vector<std::int32_t> held_tensor;  ///< for each record the tensor that it holds
};

/// Walks the ops with the set of live records, which changes by a few at each.
void list_live_tensors(const Graph& graph, Workspace& work, MemoryPlan& plan) {
  plan.op_tensors.clear();
  work.live.clear();
  work.held_tensor.clear();
  for (const Placement& record : plan.placements) work.held_tensor.push_back(record.first_tensor);
  std::int32_t next = 0;  // records are in order of their first op
  const auto record_count = static_cast<std::int32_t>(plan.placements.size());
  for (std::int32_t i = 0; i < static_cast<std::int32_t>(graph.ops.size()); ++i) {
    std::erase_if(work.live, [&](std::int32_t r) { return plan.placements[r].end_op <= i; });
    for (; next < record_count && plan.placements[next].first_op == i; ++next) {
      work.live.push_back(next);
    }
    const std::int32_t output = graph.ops[i].output;
    work.held_tensor[plan.tensor_records[output]] = output;
    OpPlan& entry = plan.per_op[i];
    entry.first_tensor = static_cast<std::int32_t>(plan.op_tensors.size());
    entry.tensor_count = static_cast<std::int32_t>(work.live.size());
    entry.live_bytes = 0;
    for (const std::int32_t r : work.live) {
      const Placement& record = plan.placements[r];
      entry.live_bytes += record.bytes_at(i);
      plan.op_tensors.push_back({work.held_tensor[r], record.offset_bytes, record.bytes_at(i)});
    }
  }
}

void find_peak(MemoryPlan& plan) {
  plan.peak_op = -1;
  std::int64_t largest = -1;
  for (std::size_t i = 0; i < plan.per_op.size(); ++i) {
    if (plan.per_op[i].live_bytes <= largest) continue;
    largest = plan.per_op[i].live_bytes;
    plan.peak_op = static_cast<std::int32_t>(i);
  }
  plan.lower_bound_bytes = std::max<std::int64_t>(largest, 0) + plan.scratch_bytes;
}

}  // namespace

void plan_published(const Graph& graph, const RuntimeModel& runtime, MemoryPlan& plan) {
  thread_local Workspace work;
  for (std::size_t i = 0; i < graph.ops.size(); ++i) {
    const KernelScratch scratch = published_scratch(graph, graph.ops[i]);
    plan.per_op[i].scratch_bytes = scratch.column_bytes + scratch.kernel_bytes;
    plan.column_buffer_bytes = std::max(plan.column_buffer_bytes, scratch.column_bytes);
    plan.kernel_buffer_bytes = std::max(plan.kernel_buffer_bytes, scratch.kernel_bytes);
  }
  build_records(graph, runtime, work.end_of_tensor, plan);
  plan.activation_bytes = place_records(plan.placements, work.placement);
  plan.scratch_bytes = plan.column_buffer_bytes + plan.kernel_buffer_bytes;
  plan.peak_sram_bytes = plan.activation_bytes + plan.scratch_bytes;
  list_live_tensors(graph, work, plan);
  find_peak(plan);
}

}  // namespace tinynas
