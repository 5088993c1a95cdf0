// The order of operators against brute force over every topological order.

#include <algorithm>
#include <iostream>
#include <vector>

#include "catch.h"
#include "random_branching.h"
#include "tinynas/memory_plan.h"
#include "tinynas/rng.h"

using namespace tinynas;
using tinynas::testing::random_branching;

namespace {

/// Adds of equal maps cannot tell sizes apart, so ops are 1x1 convolutions and channel joins.
Graph random_dag(Rng& rng, int op_count) {
  const auto below = [&](std::size_t n) {
    return static_cast<std::int32_t>(rng.below(static_cast<unsigned>(n)));
  };
  Graph graph;
  graph.input = graph.add_tensor({2, 2, 1 + below(4)});
  for (int i = 0; i < op_count; ++i) {
    const std::int32_t a = below(graph.tensors.size());
    const std::int32_t b = below(graph.tensors.size());
    Op op;
    if (a != b && rng.chance(0.4)) {
      op.kind = OpKind::kConcat;
      const int c = graph.tensors[a].shape.c + graph.tensors[b].shape.c;
      graph.output = graph.add_op(op, std::vector<std::int32_t>{a, b}, {2, 2, c});
    } else {
      graph.output = graph.add_op(op, std::vector<std::int32_t>{a}, {2, 2, 1 + below(9)});
    }
  }
  return graph;
}

std::int64_t peak_of(const Graph& graph, const std::vector<std::size_t>& order) {
  std::vector<std::size_t> left(graph.tensors.size(), 0);
  for (const Op& op : graph.ops) {
    for (const std::int32_t t : graph.inputs(op)) ++left[t];
  }
  std::vector<bool> exists(graph.tensors.size(), false), dead(graph.tensors.size(), false);
  exists[graph.input] = true;
  std::int64_t peak = graph.tensors[graph.input].bytes();
  for (const std::size_t i : order) {
    const Op& op = graph.ops[i];
    for (const std::int32_t t : graph.inputs(op)) {
      if (!exists[t]) return -1;
    }
    exists[op.output] = true;
    std::int64_t live = 0;
    for (std::size_t t = 0; t < exists.size(); ++t) {
      if (exists[t] && !dead[t]) live += graph.tensors[t].bytes();
    }
    peak = std::max(peak, live);
    for (const std::int32_t t : graph.inputs(op)) {
      if (--left[t] == 0 && t != graph.output) dead[t] = true;
    }
  }
  return peak;
}

std::vector<std::size_t> in_order(const Graph& graph) {
  std::vector<std::size_t> order(graph.ops.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  return order;
}

}  // namespace

TEST_CASE("operators are put into the best of all orders") {
  int improved = 0;
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    Rng rng(seed);
    const Graph graph = random_dag(rng, 2 + static_cast<int>(seed % 6));
    std::vector<std::size_t> order = in_order(graph);
    const std::int64_t given = peak_of(graph, order);
    std::int64_t best = given;
    do {
      const std::int64_t peak = peak_of(graph, order);
      if (peak >= 0) best = std::min(best, peak);
    } while (std::next_permutation(order.begin(), order.end()));
    const Graph ordered = order_operators(graph);
    REQUIRE(ordered.ops.size() == graph.ops.size());
    INFO("seed " << seed);
    CHECK(peak_of(ordered, in_order(ordered)) == best);
    improved += best < given;
  }
  CHECK(improved > 20);
}

TEST_CASE("a network that streams is never put into an order that needs more") {
  const RuntimeModel runtime = find_runtime("tinynas");
  int changed = 0, better = 0, layers_would_lose = 0;
  for (std::uint64_t seed = 0; seed < 2000; ++seed) {
    const Graph graph = random_branching(Rng(seed));
    const Graph ordered = order_for_streaming(graph), by_layer = order_operators(graph);
    validate(ordered, "ordered");
    const std::int64_t given = plan_memory(graph, runtime).peak_sram_bytes;
    const std::int64_t peak = plan_memory(ordered, runtime).peak_sram_bytes;
    INFO("seed " << seed);
    CHECK(peak <= given);
    changed += !std::equal(graph.ops.begin(), graph.ops.end(), ordered.ops.begin(),
                           [](const Op& a, const Op& b) { return a.output == b.output; });
    better += peak < given;
    layers_would_lose += plan_memory(by_layer, runtime).peak_sram_bytes > given;
  }
  CHECK(changed == better);
  CHECK(better > 50);
  CHECK(layers_would_lose > 0);
  std::cout << better << " of 2000 branching networks need less in another order; "
            << layers_would_lose << " would need more in the best order of layers\n";
}
