// Every plan of our own scheduler survives execution byte by byte: random graphs of all kinds, all
// ways to deliver the image, and budgets that ask for patches.

#include <algorithm>
#include <iostream>

#include "catch.h"
#include "random_graph.h"
#include "random_mbconv.h"
#include "tinyengine/plan_executor.h"
#include "tinynas/memory_plan.h"
#include "tinynas/rng.h"

using namespace tinynas;
using namespace tinynas::testing;

namespace {

/// What the plans of a test made use of: a property that held for layers only is worth little.
struct PlanCoverage {
  std::int64_t plans = 0, segments = 0, fused = 0, fused_ops = 0, longest = 0, bottom_up = 0;
  std::int64_t patched = 0, over_input = 0, rings = 0, sums = 0, overlapped = 0, gaps = 0;
  std::int64_t wide_rings = 0, wide_in_patches = 0;

  void count(const Graph& graph, const MemoryPlan& plan) {
    ++plans;
    gaps += plan.peak_sram_bytes > plan.lower_bound_bytes;
    for (const Segment& segment : plan.segments) {
      const std::int64_t ops = segment.end_op - segment.first_op;
      ++segments;
      fused += ops > 1;
      fused_ops += ops > 1 ? ops : 0;
      longest = std::max(longest, ops);
      bottom_up += segment.bottom_up;
      patched += segment.has_patches();
    }
    for (const Placement& place : plan.placements) {
      rings += place.kind == PlacementKind::kRing;
      wide_rings += place.wide;
      wide_in_patches += place.wide && plan.segments[0].has_patches() && place.first_op == 0;
      sums += place.kind == PlacementKind::kAccumulators;
    }
    for (const std::uint8_t over : plan.over_input) over_input += over;
    for (std::size_t i = 0; i < graph.ops.size(); ++i) {
      const std::int32_t in = graph.inputs(graph.ops[i])[0], out = graph.ops[i].output;
      const std::int32_t a = plan.tensor_records[in], b = plan.tensor_records[out];
      if (a < 0 || a == b) continue;
      const Placement &x = plan.placements[a], &y = plan.placements[b];
      overlapped += x.offset_bytes < y.offset_bytes + y.bytes &&
                    y.offset_bytes < x.offset_bytes + x.bytes && x.kind == y.kind;
    }
  }
  void print(const GraphCoverage& graphs) const {
    std::cout << graphs.text() << "\n"
              << plans << " plans, " << segments << " segments, " << fused << " of several ops ("
              << fused_ops << " ops, longest " << longest << "), " << bottom_up << " bottom-up, "
              << patched << " in patches, " << rings << " rings, " << wide_rings
              << " of int16 rows (" << wide_in_patches << " in patches), " << over_input
              << " tensors over their producer's input, " << sums << " accumulated pools, "
              << overlapped << " outputs over inputs, " << gaps << " above their bound\n";
  }
};

/// int16 rows for every other graph; where a budget is asked for, one that their patches meet.
DepthwiseRows draw_depthwise_rows(const Graph& graph, const RuntimeModel& runtime,
                                  std::uint64_t seed, PlanOptions& options) {
  if (seed / 60 % 2 == 0) return DepthwiseRows::kInt8;
  if (options.sram_budget_bytes < 0) return DepthwiseRows::kInt16;
  for (const FrontPoint& point : memory_macs_front(graph, runtime, options.input)) {
    const bool int16_rows = point.depthwise_rows == DepthwiseRows::kInt16;
    if (int16_rows && point.patch_end_op > 0) options.sram_budget_bytes = point.peak_sram_bytes;
  }
  return DepthwiseRows::kInt16;
}

void run(std::uint64_t first, std::uint64_t count) {
  RuntimeModel runtime = find_runtime("tinynas");
  GraphCoverage graphs;
  PlanCoverage plans;
  MemoryPlan plan;
  std::int64_t failures = 0;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    // Every other one is of the family that is searched: most of its ops stream.
    const bool blocks = seed % 4 >= 2;
    const Graph graph = blocks ? random_small_mbconv(Rng(seed)) : random_graph(Rng(seed));
    graphs.count(graph);
    runtime.tensor_alignment_bytes = seed % 8 < 2 ? 1 : 4;
    PlanOptions options;
    options.input = static_cast<InputMode>(seed % 3);
    if (seed % 5 < 3) options.sram_budget_bytes = 0;  // as small as patches make it
    options.depthwise_rows = draw_depthwise_rows(graph, runtime, seed, options);
    plan_memory(graph, runtime, options, plan);
    plans.count(graph, plan);
    const std::string fault = execute_plan(graph, runtime, plan);
    if (fault.empty()) continue;
    ++failures;
    INFO("seed " << seed << ", image " << input_mode_name(options.input));
    if (failures <= 10) CHECK(fault == "");
  }
  plans.print(graphs);
  CHECK(failures == 0);
  CHECK(plans.fused > 0);
  CHECK(plans.patched > 0);
  CHECK(plans.bottom_up > 0);
  CHECK(plans.over_input > 0);
  CHECK(plans.overlapped > 0);
  CHECK(plans.wide_in_patches > 0);
}

}  // namespace

TEST_CASE("streaming plans of 20000 random graphs execute") { run(0, 20000); }

TEST_CASE("streaming plans of a million random graphs execute", "[.nightly]") {
  run(1000000, 1000000);
}
