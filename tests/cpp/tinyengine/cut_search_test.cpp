// The minimax dynamic program against every way to cut a small graph, each of which is planned and
// executed.

#include <iostream>
#include <vector>

#include "catch.h"
#include "random_branching.h"
#include "random_graph.h"
#include "tinyengine/plan_executor.h"
#include "tinyengine/segment_table.h"
#include "tinyengine/streaming_plan.h"
#include "tinynas/memory_plan.h"
#include "tinynas/rng.h"

using namespace tinynas;
using namespace tinynas::testing;

namespace {

/// Up to `max_ops` ops; every other one with branches, joins and several outputs.
Graph small_graph(std::uint64_t seed, std::size_t max_ops) {
  for (std::uint32_t attempt = 0;; ++attempt) {
    Rng rng(seed, 7, attempt);
    Graph graph = seed % 2 == 0 ? random_graph(rng, {static_cast<int>(max_ops), 11, 8})
                                : RandomBranching(rng, 11, 2).make();
    if (graph.ops.size() >= 3 && graph.ops.size() <= max_ops) return graph;
  }
}

/// Bit i - 1 of `set` says whether there is a cut ahead of op i.
std::vector<std::int32_t> cuts_of(std::uint32_t set, std::int32_t op_count) {
  std::vector<std::int32_t> cuts{0};
  for (std::int32_t i = 1; i < op_count; ++i) {
    if ((set >> (i - 1) & 1) != 0) cuts.push_back(i);
  }
  cuts.push_back(op_count);
  return cuts;
}

std::int64_t largest_segment(const SegmentTable& table, const std::vector<std::int32_t>& cuts) {
  std::int64_t most = 0;
  for (std::size_t i = 0; i + 1 < cuts.size(); ++i) {
    most = std::max(most, table.bytes(cuts[i], cuts[i + 1]));
  }
  return most;
}

}  // namespace

TEST_CASE("no cut set of a graph of up to twelve ops needs less than the plan") {
  const RuntimeModel runtime = find_runtime("tinynas");
  GraphFacts facts;
  SegmentTable table;
  std::int64_t plans = 0, sets = 0, fused = 0, layers_lose = 0;
  for (std::uint64_t seed = 0; seed < 600; ++seed) {
    const Graph graph = small_graph(seed, 12);
    const auto op_count = static_cast<std::int32_t>(graph.ops.size());
    PlanOptions options;
    options.input = static_cast<InputMode>(seed % 3);
    const MemoryPlan plan = plan_memory(graph, runtime, options);
    facts.build(graph, runtime);
    table.build(graph, facts, plan.input);
    std::int64_t best = kNoSegment, layers = 0;
    for (std::uint32_t set = 0; set < 1u << (op_count - 1); ++set) {
      layers = largest_segment(table, cuts_of(set, op_count));
      best = std::min(best, layers);
      ++sets;
    }
    INFO("seed " << seed);
    CHECK(plan.lower_bound_bytes == best);
    ++plans;
    fused += plan.segments.size() < graph.ops.size();
    layers_lose += layers > best;
  }
  std::cout << plans << " graphs, " << sets << " cut sets; " << fused
            << " plans stream rows, layer by layer " << layers_lose << " would need more\n";
  CHECK(fused > 100);
}

TEST_CASE("every cut set of a graph of up to nine ops can be planned, none in a smaller arena") {
  const RuntimeModel runtime = find_runtime("tinynas");
  std::int64_t plans = 0, gaps = 0, smaller = 0, bytes_lost = 0;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    const Graph graph = small_graph(seed, 9);
    const auto op_count = static_cast<std::int32_t>(graph.ops.size());
    PlanOptions options;
    options.input = static_cast<InputMode>(seed % 3);
    const MemoryPlan plan = plan_memory(graph, runtime, options);
    INFO("seed " << seed);
    std::int64_t least = plan.peak_sram_bytes;
    MemoryPlan other = plan;
    for (std::uint32_t set = 0; set < 1u << (op_count - 1); ++set) {
      const auto cuts = cuts_of(set, op_count);
      if (!plan_choice(graph, runtime, plan.input, {}, cuts, other)) continue;
      ++plans;
      REQUIRE(execute_plan(graph, runtime, other) == "");
      CHECK(other.lower_bound_bytes >= plan.lower_bound_bytes);
      least = std::min(least, other.peak_sram_bytes);
    }
    gaps += plan.peak_sram_bytes > plan.lower_bound_bytes;
    smaller += least < plan.peak_sram_bytes;
    bytes_lost += plan.peak_sram_bytes - least;
  }
  std::cout << plans << " cut sets of 300 graphs executed; " << gaps << " plans above their bound, "
            << smaller << " of them above another cut set's arena (" << bytes_lost << " bytes)\n";
  CHECK(smaller == 0);
}
