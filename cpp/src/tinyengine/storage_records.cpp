#include "tinyengine/storage_records.h"

#include <algorithm>

#include "tinyengine/kernel_costs.h"

namespace tinynas {
namespace {

constexpr std::int32_t kNever = -1;

void find_ends(const Graph& graph, std::vector<std::int32_t>& end_of_tensor) {
  const auto op_count = static_cast<std::int32_t>(graph.ops.size());
  end_of_tensor.assign(graph.tensors.size(), kNever);
  for (std::int32_t i = 0; i < op_count; ++i) {
    for (const std::int32_t tensor : graph.inputs(graph.ops[i])) end_of_tensor[tensor] = i + 1;
  }
  // The camera wrote the image before op 0 whether or not anybody reads it.
  if (end_of_tensor[graph.input] == kNever) end_of_tensor[graph.input] = 1;
  // Past the last op: no op may write over the result, not even the last one that reads it.
  end_of_tensor[graph.output] = op_count + 1;
  for (const std::int32_t t : graph.more_outputs) end_of_tensor[t] = op_count + 1;
  std::replace(end_of_tensor.begin(), end_of_tensor.end(), kNever, op_count);
}

void start_record(std::int32_t tensor, std::int32_t op, std::int32_t end, std::int64_t bytes,
                  MemoryPlan& plan) {
  plan.tensor_records[tensor] = static_cast<std::int32_t>(plan.placements.size());
  Placement& record = plan.placements.emplace_back();
  record.first_tensor = tensor;
  record.first_op = op;
  record.end_op = end;
  record.bytes = bytes;
}

/// shrunk_bytes collects the largest tensor after the shrink; the quarter is taken at the end, when
/// the record's size is known.
void extend_record(const Op& op, std::int32_t index, std::int32_t end, std::int64_t bytes,
                   Placement& record) {
  record.end_op = std::max(record.end_op, end);
  record.bytes = std::max(record.bytes, bytes);
  if (op.stride_h == 2 && op.stride_w == 2 && record.shrink_op < 0) record.shrink_op = index;
  if (record.shrink_op >= 0) record.shrunk_bytes = std::max(record.shrunk_bytes, bytes);
}

}  // namespace

void build_records(const Graph& graph, const RuntimeModel& runtime,
                   std::vector<std::int32_t>& end_of_tensor, MemoryPlan& plan) {
  const std::int64_t alignment = runtime.tensor_alignment_bytes;
  find_ends(graph, end_of_tensor);
  plan.placements.clear();
  plan.tensor_records.assign(graph.tensors.size(), -1);
  const auto op_count = static_cast<std::int32_t>(graph.ops.size());
  start_record(graph.input, 0, std::min(end_of_tensor[graph.input], op_count),
               align_up(graph.tensors[graph.input].bytes(), alignment), plan);
  for (std::int32_t i = 0; i < op_count; ++i) {
    const Op& op = graph.ops[i];
    const std::int32_t input = graph.op_inputs[op.first_input];
    const std::int32_t end = std::min(end_of_tensor[op.output], op_count);
    const std::int64_t bytes = align_up(graph.tensors[op.output].bytes(), alignment);
    if (kernel_runs_in_place(graph, op) && end_of_tensor[input] == i + 1) {
      plan.tensor_records[op.output] = plan.tensor_records[input];
      extend_record(op, i, end, bytes, plan.placements[plan.tensor_records[input]]);
    } else {
      start_record(op.output, i, end, bytes, plan);
    }
  }
  for (Placement& record : plan.placements) {
    if (record.shrink_op < 0) continue;
    const std::int64_t quarter = align_up((record.bytes + 3) / 4, alignment);
    record.shrunk_bytes = std::max(record.shrunk_bytes, quarter);
  }
}

}  // namespace tinynas
