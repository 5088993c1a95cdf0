#include "tinyengine/linked_costs.h"

#include <algorithm>
#include <bit>
#include <vector>

#include "tinyengine/c_kernels.h"
#include "tinyengine/kernel_table.h"
#include "tinyengine/storage_records.h"

namespace tinynas {
namespace {

/// Every object in read-only memory begins at a word.
constexpr std::int64_t kWord = 4;

std::int64_t words(std::int64_t bytes) { return align_up(bytes, kWord); }

std::int64_t softmax_values(const Graph& graph, const Op& op) {
  const float scale = graph.tensors[graph.op_inputs[op.first_input]].scale;
  const bool known = graph.constants != nullptr && op.constants >= 0;
  return softmax_table_values(scale, known ? graph.constants_of(op).beta : 0);
}

/// Arrays that a layer's descriptor points at, beside bias and requantisation; of weights what
/// rounds them up.
std::int64_t table_bytes(const Graph& graph, const Op& op, std::int64_t weight_bytes) {
  switch (op.kind) {
    case OpKind::kRelu:
    case OpKind::kLogistic:
    case OpKind::kQuantize:
      return 256;
    case OpKind::kSoftmax:
      return 4 * softmax_values(graph, op);
    case OpKind::kConcat:
      return op.axis == 2 ? words(2 * std::int64_t{op.input_count}) : 4 * op.input_count;
    case OpKind::kResizeNearest:
      return words(2 * std::int64_t{graph.out_shape(op).h}) +
             words(2 * std::int64_t{graph.out_shape(op).w});
    default:
      return words(weight_bytes) - weight_bytes;
  }
}

/// Tables by which the driver executes the plan.
std::int64_t plan_table_bytes(const Graph& graph, const KernelTable& table,
                              const std::vector<Segment>& segments) {
  const auto count = [](const auto& list) { return static_cast<std::int64_t>(list.size()); };
  const std::int64_t tensors = count(graph.tensors);
  std::int64_t bytes = table.model_bytes + tensors * table.tensor_bytes +
                       count(graph.ops) * table.op_bytes + count(segments) * table.segment_bytes +
                       (1 + count(graph.more_outputs)) * table.output_bytes +
                       words(2 * count(graph.op_inputs)) + words(2 * tensors);
  for (const Segment& segment : segments) {
    if (!segment.has_patches()) continue;
    const std::int64_t tiles = std::int64_t{segment.patch_rows} + segment.patch_columns;
    bytes += tiles * tensors * table.range_bytes;
  }
  return bytes;
}

/// Outputs of ops that add up their input's rows; few or none.
bool accumulates(const std::vector<std::int32_t>& outputs, const Op& op) {
  return std::find(outputs.begin(), outputs.end(), op.output) != outputs.end();
}

}  // namespace

void add_linked_costs(const Graph& graph, const RuntimeModel& runtime, MemoryPlan& plan) {
  plan.flash.code_is_estimate = runtime.code_is_estimate;
  plan.stack_bytes = runtime.stack_bytes;
  plan.flash.code_bytes = runtime.code_bytes;
  if (runtime.kernels == nullptr) return;
  const KernelTable& table = *runtime.kernels;
  plan.kernel_core = table.core;
  const InvokeCosts& invoke = table.invoke[static_cast<std::size_t>(plan.input)];
  thread_local std::vector<std::int32_t> sums;
  sums.clear();
  for (const Placement& placement : plan.placements) {
    if (placement.kind == PlacementKind::kAccumulators) sums.push_back(placement.first_tensor);
  }
  plan.stack_bytes = invoke.stack_bytes;
  std::int64_t descriptors = plan_table_bytes(graph, table, plan.segments);
  std::uint64_t used = 0;
  for (std::size_t i = 0; i < graph.ops.size(); ++i) {
    const Op& op = graph.ops[i];
    const OpRows rows = {accumulates(sums, op),
                         plan.holds_wide_rows(graph.op_inputs[op.first_input]),
                         plan.holds_wide_rows(op.output)};
    const int kernel = find_c_kernel(graph, op, rows);
    if (kernel < 0) {
      plan.flash.code_is_estimate = true;
      continue;
    }
    used |= std::uint64_t{1} << kernel;
    if (const int turning = find_turning_kernel(op, rows); turning >= 0) {
      used |= std::uint64_t{1} << turning;
      descriptors += table.kernels[static_cast<std::size_t>(turning)].layer_bytes;
      plan.stack_bytes =
          std::max(plan.stack_bytes,
                   table.stack_bytes(plan.input, static_cast<std::size_t>(kernel), turning));
    }
    descriptors += table.kernels[static_cast<std::size_t>(kernel)].layer_bytes +
                   table_bytes(graph, op, plan.per_op[i].weight_bytes);
  }
  LinkedSet linked = invoke.linked;
  for (; used != 0; used &= used - 1) {
    const auto kernel = static_cast<std::size_t>(std::countr_zero(used));
    linked.add(table.kernels[kernel].linked);
    plan.stack_bytes = std::max(plan.stack_bytes, table.stack_bytes(plan.input, kernel));
  }
  plan.flash.code_bytes = linked.sum(table.function_bytes);
  plan.flash.descriptor_bytes = descriptors;
}

std::int64_t least_linked_flash(const Graph& graph, const RuntimeModel& runtime,
                                const PlanOptions& options) {
  if (runtime.kernels == nullptr) return runtime.code_bytes;
  const KernelTable& table = *runtime.kernels;
  LinkedSet linked = table.invoke[static_cast<std::size_t>(options.input)].linked;
  if (options.input == InputMode::kRows) {
    // An image that cannot stream is planned resident.
    linked.intersect(table.invoke[static_cast<std::size_t>(InputMode::kResident)].linked);
  }
  std::int64_t descriptors = plan_table_bytes(graph, table, {});
  const bool wide = options.depthwise_rows == DepthwiseRows::kInt16;
  for (const Op& op : graph.ops) {
    const int plain = find_c_kernel(graph, op, {});
    if (plain < 0) continue;
    const KernelCosts& costs = table.kernels[static_cast<std::size_t>(plain)];
    LinkedSet always = costs.linked;
    std::int32_t layer_bytes = costs.layer_bytes;
    // Each kind of op goes by one of these alone.
    for (const OpRows& rows : {OpRows{true, false, false}, OpRows{false, wide, wide}}) {
      const int other = find_c_kernel(graph, op, rows);
      if (other < 0 || other == plain) continue;
      const KernelCosts& other_costs = table.kernels[static_cast<std::size_t>(other)];
      always.intersect(other_costs.linked);
      layer_bytes = std::min(layer_bytes, other_costs.layer_bytes);
    }
    linked.add(always);
    descriptors += layer_bytes + table_bytes(graph, op, op_weight_bytes(graph, op));
  }
  return linked.sum(table.function_bytes) + descriptors;
}

}  // namespace tinynas
