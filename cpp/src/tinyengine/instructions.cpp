#include "tinyengine/instructions.h"

#include <algorithm>
#include <cmath>

#include "tinyengine/c_kernels.h"
#include "tinyengine/kernel_table.h"
#include "tinyengine/plan_trips.h"

namespace tinynas {
namespace {

/// Whether a channel, requantised by `factor`, takes the fast way through the kernels: as
/// codegen/kernel_weights.h decides of exact multipliers, but for factors within rounding of a
/// power of two.
bool channel_is_common(const Graph& graph, const Op& op, std::size_t channel, double factor) {
  const ChannelSums sums = channel_sums(graph, op, channel);
  if (sums.constant) return true;
  const bool depthwise = op.kind == OpKind::kDepthwiseConv2d;
  int exponent = 0;
  std::frexp(factor, &exponent);
  if (factor <= 0 || std::ldexp(static_cast<double>(sums.most), exponent + 1) < 1) return true;
  const std::int64_t limit = depthwise ? kDepthwiseSumLimit : kQuadSumLimit;
  return exponent <= -1 && exponent >= -kLargestRightShift && sums.most < limit &&
         (depthwise || sums.symmetric);
}

/// Whether all channels do, where the graph has weights: others take a way that was not measured,
/// several times as long.
bool factors_are_common(const Graph& graph) {
  if (graph.constants == nullptr) return true;
  for (const Op& op : graph.ops) {
    const bool windowed = op.kind == OpKind::kConv2d || op.kind == OpKind::kDepthwiseConv2d;
    if (!windowed || op.constants < 0) continue;
    const double in = graph.tensors[graph.inputs(op)[0]].scale;
    const double out = graph.tensors[op.output].scale;
    const std::vector<float>& scales = graph.constants_of(op).weight_scales;
    for (std::size_t c = 0; c < static_cast<std::size_t>(graph.out_shape(op).c); ++c) {
      const double scale = scales[std::min(c, scales.size() - 1)];
      if (!channel_is_common(graph, op, c, in * scale / out)) return false;
    }
  }
  return true;
}

}  // namespace

void predict_instructions(const Graph& graph, const RuntimeModel& runtime, MemoryPlan& plan) {
  plan.instructions = 0;
  plan.latency_ms.reset();
  const KernelTable* table = runtime.kernels.get();
  if (runtime.rules != RuntimeRules::kTinyNas || table == nullptr || table->instructions.empty() ||
      table->core != runtime.core) {
    return;
  }
  const bool wide = std::any_of(plan.placements.begin(), plan.placements.end(),
                                [](const Placement& place) { return place.wide; });
  if (wide || !factors_are_common(graph)) return;
  double total = 0;
  count_plan_trips(graph, plan, [&](std::int32_t op, const TripList& trips) {
    double sum = 0;
    for (const auto& [trip, count] : trips) {
      sum += count * table->instructions[static_cast<std::size_t>(trip)];
    }
    total += sum;
    if (op >= 0) plan.per_op[op].instructions = std::llround(std::max(sum, 0.0));
  });
  plan.instructions = std::llround(total);
  plan.instruction_error = table->instruction_error;
  if (!runtime.latency) return;
  plan.latency_source = runtime.latency->source;
  plan.latency_ms =
      runtime.latency->of(plan.instructions, plan.instruction_error, plan.flash.weight_bytes);
}

}  // namespace tinynas
