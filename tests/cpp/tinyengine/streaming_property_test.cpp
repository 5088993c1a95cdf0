// Every plan of our own scheduler survives execution byte by byte: random graphs of all kinds, all
// ways to deliver the image, budgets that ask for patches, and every fifth plan with segments
// drawn.

#include <algorithm>
#include <iostream>
#include <string>
#include <vector>

#include "catch.h"
#include "random_branching.h"
#include "random_cuts.h"
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
  std::int64_t camera = 0, external = 0, gathered = 0, forked_rings = 0, patched_rows = 0;
  std::int64_t wide_rings = 0, wide_in_patches = 0, wide_by_draw = 0;

  void count(const Graph& graph, InputMode asked, const MemoryPlan& plan) {
    ++plans;
    camera += plan.input == InputMode::kRows;
    external += plan.input == InputMode::kExternal;
    gathered += plan.input != asked;
    gaps += plan.peak_sram_bytes > plan.lower_bound_bytes;
    for (const Segment& segment : plan.segments) {
      const std::int64_t ops = segment.end_op - segment.first_op;
      ++segments;
      fused += ops > 1;
      fused_ops += ops > 1 ? ops : 0;
      longest = std::max(longest, ops);
      bottom_up += segment.bottom_up;
      patched += segment.has_patches();
      patched_rows += segment.patch_rows > 1;
    }
    std::vector<int> readers(graph.tensors.size(), 0);
    for (const std::int32_t t : graph.op_inputs) ++readers[t];
    for (const Placement& place : plan.placements) {
      rings += place.kind == PlacementKind::kRing;
      wide_rings += place.wide;
      wide_in_patches += place.wide && plan.segments[0].has_patches() && place.first_op == 0;
      forked_rings += place.kind == PlacementKind::kRing && readers[place.first_tensor] > 1;
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
              << patched << " in patches (" << patched_rows << " with rows cut too), " << rings
              << " rings (" << forked_rings << " with several readers, " << wide_rings
              << " of int16 rows, " << wide_in_patches << " of these in patches), " << over_input
              << " tensors over their producer's input, " << sums << " accumulated pools, "
              << overlapped << " outputs over inputs, " << camera << " with rows from a camera ("
              << gathered << " had to gather the image), " << external
              << " with the image elsewhere, " << gaps << " above their bound\n";
  }
};

/// Tangles of windowed ops, the family that is searched (most of its ops stream), and, every other
/// one, networks with branches, in the best order of their ops or in their own.
Graph graph_of(std::uint64_t seed) {
  switch (seed % 4) {
    case 0:
      return random_graph(Rng(seed));
    case 1:
      return random_small_mbconv(Rng(seed));
    case 2:
      return order_operators(random_branching(Rng(seed)));
    default:
      return random_branching(Rng(seed));
  }
}

/// One point of the front: grids of all shapes, not only the smallest peak's.
void ask_front_point(const Graph& graph, const RuntimeModel& runtime, std::uint64_t seed,
                     PlanOptions& options) {
  const auto front = memory_macs_front(graph, runtime, options.input);
  const FrontPoint& point = front[Rng(seed, 1).below(static_cast<std::uint32_t>(front.size()))];
  options.sram_budget_bytes = point.peak_sram_bytes;
  options.depthwise_rows = point.depthwise_rows;
}

/// int16 rows; where a budget is asked for, one that their patches meet.
void ask_wide_rows(const Graph& graph, const RuntimeModel& runtime, PlanOptions& options) {
  options.depthwise_rows = DepthwiseRows::kInt16;
  if (options.sram_budget_bytes < 0) return;
  for (const FrontPoint& point : memory_macs_front(graph, runtime, options.input)) {
    const bool int16_rows = point.depthwise_rows == DepthwiseRows::kInt16;
    if (int16_rows && point.patch_end_op > 0) options.sram_budget_bytes = point.peak_sram_bytes;
  }
}

void run(std::uint64_t first, std::uint64_t count) {
  RuntimeModel runtime = find_runtime("tinynas");
  GraphCoverage graphs;
  PlanCoverage plans;
  MemoryPlan plan;
  std::int64_t failures = 0;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    const Graph graph = graph_of(seed);
    graphs.count(graph);
    runtime.tensor_alignment_bytes = seed / 4 % 4 == 0 ? 1 : 4;
    PlanOptions options;
    options.input = static_cast<InputMode>(seed % 3);
    if (seed % 5 < 2) options.sram_budget_bytes = 0;  // as small as patches make it
    if (seed % 5 == 2) {
      ask_front_point(graph, runtime, seed, options);
    } else if (seed / 60 % 2 == 1) {
      ask_wide_rows(graph, runtime, options);
    }
    plan_memory(graph, runtime, options, plan);
    if (seed % 5 == 3) {
      plan_random_cuts(graph, runtime, Rng(seed, 2), plan);
      for (const Placement& place : plan.placements) plans.wide_by_draw += place.wide;
    }
    plans.count(graph, options.input, plan);
    std::string fault = execute_plan(graph, runtime, plan);
    if (sram_lower_bound(graph, runtime, options.input) > plan.peak_sram_bytes) {
      fault += "the plan is below the bound that rejects candidates";
    }
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
  CHECK(plans.wide_by_draw > 0);
  CHECK(plans.patched_rows > 0);
  CHECK(plans.sums > 0);
  CHECK(plans.forked_rings > 0);
  CHECK(plans.camera > 0);
  CHECK(plans.gathered > 0);
  CHECK(plans.external > 0);
  CHECK(graphs.several_outputs > 0);
  // 18 kinds, concat along three axes and mul by a map or a pixel.
  CHECK(graphs.kinds.size() == 21);
}

}  // namespace

TEST_CASE("streaming plans of 20000 random graphs execute") { run(0, 20000); }

TEST_CASE("a plan that stops early fits where a whole one does, and is the same") {
  const RuntimeModel runtime = find_runtime("tinynas");
  MemoryPlan plan;
  int within = 0, patched = 0, beyond = 0;
  for (std::uint64_t seed = 0; seed < 2000; ++seed) {
    const Graph graph = graph_of(seed);
    PlanOptions options;
    options.input = static_cast<InputMode>(seed % 3);
    if (seed / 4 % 2 == 1) options.depthwise_rows = DepthwiseRows::kInt16;
    const std::int64_t plain = plan_memory(graph, runtime, options).peak_sram_bytes;
    options.sram_budget_bytes = 0;
    const std::int64_t least = plan_memory(graph, runtime, options).peak_sram_bytes;
    for (const std::int64_t budget : {plain, plain - 1, (plain + least) / 2, least, least - 1}) {
      options.sram_budget_bytes = std::max<std::int64_t>(0, budget);
      const MemoryPlan whole = plan_memory(graph, runtime, options);
      const bool fits = whole.peak_sram_bytes <= options.sram_budget_bytes;
      INFO("seed " << seed << ", budget " << options.sram_budget_bytes);
      REQUIRE(plan_memory_within(graph, runtime, options, plan) == fits);
      (fits ? within : beyond) += 1;
      if (!fits) continue;
      patched += whole.segments[0].has_patches();
      REQUIRE(plan.peak_sram_bytes == whole.peak_sram_bytes);
      REQUIRE(plan.macs == whole.macs);
      REQUIRE(plan.flash.total_bytes() == whole.flash.total_bytes());
      REQUIRE(plan.segments.size() == whole.segments.size());
      REQUIRE(execute_plan(graph, runtime, plan).empty());
    }
  }
  CHECK(within > 1000);
  CHECK(patched > 100);
  CHECK(beyond > 1000);
}

TEST_CASE("streaming plans of a million random graphs execute", "[.nightly]") {
  run(1000000, 1000000);
}
