#include "tinyengine/instructions.h"

#include <algorithm>
#include <cmath>

#include "tinyengine/kernel_table.h"
#include "tinyengine/plan_trips.h"

namespace tinynas {
namespace {

/// Whether all channels are requantised by factors below one half, where the graph has them: others
/// take a way through the kernels that was not measured, several times as long.
bool factors_are_common(const Graph& graph) {
  if (graph.constants == nullptr) return true;
  for (const Op& op : graph.ops) {
    const bool windowed = op.kind == OpKind::kConv2d || op.kind == OpKind::kDepthwiseConv2d;
    if (!windowed || op.constants < 0) continue;
    const float in = graph.tensors[graph.inputs(op)[0]].scale;
    const float out = graph.tensors[op.output].scale;
    for (const float scale : graph.constants_of(op).weight_scales) {
      if (double{in} * double{scale} >= 0.5 * double{out}) return false;
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
