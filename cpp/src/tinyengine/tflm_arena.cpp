#include "tinyengine/tflm_arena.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include "tinyengine/placement.h"
#include "tinyengine/storage_records.h"

namespace tinynas {
namespace {

constexpr std::int64_t kFixedBytes = 640, kOutputBytes = 112;
constexpr std::int64_t kPersistentAlignment = 16;  // of what kernels ask for to keep

/// Node and kernel data of one op, and structures for its output and its constants.
std::int64_t op_structure_bytes(OpKind kind) {
  switch (kind) {
    case OpKind::kConv2d:
    case OpKind::kDepthwiseConv2d:
    case OpKind::kFullyConnected:
      return 240;
    case OpKind::kAdd:
    case OpKind::kMul:
    case OpKind::kConcat:
    case OpKind::kPad:
    case OpKind::kMean:
    case OpKind::kMeanAxis:
    case OpKind::kAveragePool2d:
    case OpKind::kMaxPool2d:
    case OpKind::kSoftmax:
      return 168;
    case OpKind::kResizeNearest:
    case OpKind::kReshape:
    case OpKind::kTranspose:
    case OpKind::kRelu:
    case OpKind::kLogistic:
    case OpKind::kQuantize:
    case OpKind::kDequantize:
      return 112;
  }
  return 0;
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
  const auto outputs = static_cast<std::int64_t>(graph.more_outputs.size()) + 1;
  std::int64_t bytes = kFixedBytes + kOutputBytes * outputs;
  for (const Op& op : graph.ops) {
    bytes += op_structure_bytes(op.kind);
    if (op.kind != OpKind::kConv2d && op.kind != OpKind::kDepthwiseConv2d) continue;
    // Multipliers and shifts, int32 each.
    bytes += 2 * align_up(4 * std::int64_t{op_bias_count(graph, op)}, kPersistentAlignment);
  }
  return bytes;
}

std::vector<Placement> tflm_buffers(const Graph& graph, const RuntimeModel& runtime) {
  const auto op_count = static_cast<std::int32_t>(graph.ops.size());
  std::vector<Placement> buffers(graph.tensors.size());
  for (std::size_t t = 0; t < buffers.size(); ++t) {
    buffers[t].first_tensor = static_cast<std::int32_t>(t);
    buffers[t].bytes = align_up(graph.tensors[t].bytes(), runtime.tensor_alignment_bytes);
  }
  buffers[graph.input].end_op = 1;
  for (std::int32_t i = 0; i < op_count; ++i) {
    const Op& op = graph.ops[i];
    for (const std::int32_t t : graph.inputs(op)) buffers[t].end_op = i + 1;
    buffers[op.output].first_op = i;
    buffers[op.output].end_op = i + 1;
  }
  for (std::size_t t = 0; t < buffers.size(); ++t) {
    if (graph.is_output(static_cast<std::int32_t>(t))) buffers[t].end_op = op_count;
  }
  for (std::int32_t i = 0; i < op_count; ++i) {
    const OpKind kind = graph.ops[i].kind;
    if (kind != OpKind::kMean && kind != OpKind::kMeanAxis) continue;
    constexpr std::int64_t kInt = 4, kAxes = 4, kMeanAxes = 2;
    for (const std::int64_t values : {graph.out_shape(graph.ops[i]).elements(), kAxes, kMeanAxes}) {
      Placement& scratch = buffers.emplace_back();
      scratch.kind = PlacementKind::kScratch;
      scratch.first_op = i;
      scratch.end_op = i + 1;
      scratch.bytes = align_up(kInt * values, runtime.tensor_alignment_bytes);
    }
  }
  return buffers;
}

std::int64_t place_tflm_buffers(std::vector<Placement>& buffers, std::size_t fixed) {
  thread_local PlacementWorkspace work;
  work.order.resize(buffers.size());
  std::iota(work.order.begin(), work.order.end(), 0);
  std::sort(work.order.begin() + static_cast<std::ptrdiff_t>(fixed), work.order.end(),
            [&](std::int32_t a, std::int32_t b) {
              return buffers[a].bytes != buffers[b].bytes ? buffers[a].bytes > buffers[b].bytes
                                                          : a > b;
            });
  return place_in_order(buffers, fixed, work);
}

void plan_tflm(const Graph& graph, const RuntimeModel& runtime, MemoryPlan& plan) {
  const auto op_count = static_cast<std::int32_t>(graph.ops.size());
  plan.placements = tflm_buffers(graph, runtime);
  plan.tensor_records.resize(graph.tensors.size());
  std::iota(plan.tensor_records.begin(), plan.tensor_records.end(), 0);
  plan.activation_bytes = place_tflm_buffers(plan.placements, 0);
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
