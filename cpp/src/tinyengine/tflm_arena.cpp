#include "tinyengine/tflm_arena.h"

#include <algorithm>
#include <vector>

#include "tinyengine/placement.h"
#include "tinyengine/storage_records.h"

namespace tinynas {
namespace {

constexpr std::int64_t kChannelBytes = 8, kOpBytes = 140, kTensorBytes = 20, kFixedBytes = 1300;

void add_record(const Graph& graph, const RuntimeModel& runtime, std::int32_t tensor,
                std::int32_t op, std::int32_t end, MemoryPlan& plan) {
  plan.tensor_records[tensor] = static_cast<std::int32_t>(plan.placements.size());
  Placement& record = plan.placements.emplace_back();
  record.first_tensor = tensor;
  record.first_op = op;
  record.end_op = end;
  record.bytes = align_up(graph.tensors[tensor].bytes(), runtime.tensor_alignment_bytes);
}

void list_live(std::int32_t op, MemoryPlan& plan) {
  OpPlan& entry = plan.per_op[op];
  entry.first_tensor = static_cast<std::int32_t>(plan.op_tensors.size());
  for (const Placement& record : plan.placements) {
    if (record.first_op > op || record.end_op <= op) continue;
    plan.op_tensors.push_back({record.first_tensor, record.offset_bytes, record.bytes});
    entry.live_bytes += record.bytes;
  }
  entry.tensor_count = static_cast<std::int32_t>(plan.op_tensors.size()) - entry.first_tensor;
}

}  // namespace

std::int64_t tflm_tail_bytes(const Graph& graph) {
  std::int64_t bytes = kFixedBytes + kTensorBytes * static_cast<std::int64_t>(graph.tensors.size());
  for (const Op& op : graph.ops) {
    bytes += kOpBytes;
    if (op_weight_bytes(graph, op) == 0) continue;
    bytes += 2 * kTensorBytes;  // weights and bias
    if (op.kind != OpKind::kFullyConnected) bytes += kChannelBytes * op_bias_count(graph, op);
  }
  return bytes;
}

void plan_tflm(const Graph& graph, const RuntimeModel& runtime, MemoryPlan& plan) {
  const auto op_count = static_cast<std::int32_t>(graph.ops.size());
  thread_local std::vector<std::int32_t> ends;
  thread_local PlacementWorkspace work;
  ends.assign(graph.tensors.size(), 0);
  for (std::int32_t i = 0; i < op_count; ++i) {
    for (const std::int32_t t : graph.inputs(graph.ops[i])) ends[t] = i + 1;
  }
  for (std::int32_t i = 0; i < op_count; ++i) {
    const std::int32_t out = graph.ops[i].output;
    if (ends[out] == 0) ends[out] = op_count;
  }
  ends[graph.input] = std::max(ends[graph.input], 1);
  ends[graph.output] = op_count;
  for (const std::int32_t t : graph.more_outputs) ends[t] = op_count;
  plan.tensor_records.assign(graph.tensors.size(), -1);
  add_record(graph, runtime, graph.input, 0, ends[graph.input], plan);
  for (std::int32_t i = 0; i < op_count; ++i) {
    add_record(graph, runtime, graph.ops[i].output, i, ends[graph.ops[i].output], plan);
  }
  plan.activation_bytes = place_records(plan.placements, work);
  plan.scratch_bytes = tflm_tail_bytes(graph);
  plan.peak_sram_bytes = plan.activation_bytes + plan.scratch_bytes;
  std::int64_t most = 0;
  plan.peak_op = -1;
  for (std::int32_t i = 0; i < op_count; ++i) {
    list_live(i, plan);
    if (plan.per_op[i].live_bytes <= most) continue;
    most = plan.per_op[i].live_bytes;
    plan.peak_op = i;
  }
  plan.lower_bound_bytes = most + plan.scratch_bytes;
}

}  // namespace tinynas
