// The interpreter's arena, compared with what the real interpreter takes.

#include "tinyengine/tflm_arena.h"

#include "catch.h"
#include "errors.h"
#include "random_graph.h"
#include "shared_networks.h"
#include "tinyengine/plan_checker.h"
#include "tinynas/memory_plan.h"
#include "tinynas/rng.h"

using namespace tinynas;
using namespace tinynas::testing;

TEST_CASE("the arena's head is the interpreter's: no tensor shares bytes, 16-byte alignment") {
  // 10x10x3 = 300 -> 304; 5x5x7 = 175 -> 176; the output waits behind both.
  Graph graph;
  graph.input = graph.add_tensor({10, 10, 3});
  Op stem;
  stem.kernel_h = stem.kernel_w = 3;
  stem.stride_h = stem.stride_w = 2;
  stem.pad_top = stem.pad_left = 1;
  const std::int32_t a = graph.add_op(stem, std::vector<std::int32_t>{0}, {5, 5, 7});
  Op depthwise = stem;
  depthwise.kind = OpKind::kDepthwiseConv2d;
  depthwise.stride_h = depthwise.stride_w = 1;
  graph.output = graph.add_op(depthwise, std::vector<std::int32_t>{a}, {5, 5, 7});
  const MemoryPlan plan = plan_memory(graph, find_runtime("tflm"));
  CHECK(plan.activation_bytes == 304 + 176);
  CHECK(plan.offset_of(0) == 0);
  CHECK(plan.offset_of(a) == 304);
  CHECK(plan.offset_of(graph.output) == 0);
  // One output, two convolutions of 7 channels: multipliers and shifts take 28 bytes each, aligned.
  CHECK(plan.scratch_bytes == 640 + 112 + 2 * (240 + 32 + 32));
  CHECK(plan.peak_sram_bytes == plan.activation_bytes + plan.scratch_bytes);
}

TEST_CASE("what no op reads and is no output is gone after its op, as the interpreter has it") {
  // The 1,280 bytes of the dead end are needed beside the 256 that they come from, and later not.
  Graph graph;
  graph.input = graph.add_tensor({8, 8, 3});
  const Op conv;
  const std::int32_t a = graph.add_op(conv, std::vector<std::int32_t>{graph.input}, {8, 8, 4});
  const std::int32_t dead = graph.add_op(conv, std::vector<std::int32_t>{a}, {8, 8, 20});
  const std::int32_t b = graph.add_op(conv, std::vector<std::int32_t>{a}, {8, 8, 6});
  graph.output = graph.add_op(conv, std::vector<std::int32_t>{b}, {8, 8, 6});
  const RuntimeModel runtime = find_runtime("tflm");
  MemoryPlan plan = plan_memory(graph, runtime);
  CHECK(plan.activation_bytes == 1280 + 256);
  CHECK(check_plan(graph, runtime, plan) == "");
  graph.more_outputs.push_back(dead);
  plan = plan_memory(graph, runtime);
  CHECK(plan.activation_bytes == 1280 + 2 * 384);
  CHECK(check_plan(graph, runtime, plan) == "");
}

TEST_CASE("interpreter arenas of random graphs are sound") {
  const RuntimeModel runtime = find_runtime("tflm");
  for (std::uint64_t seed = 0; seed < 5000; ++seed) {
    const Graph graph = random_graph(Rng(seed));
    const MemoryPlan plan = plan_memory(graph, runtime);
    INFO("seed " << seed);
    REQUIRE(check_plan(graph, runtime, plan) == "");
    CHECK(plan.lower_bound_bytes <= plan.peak_sram_bytes);
  }
}

TEST_CASE("the buffers that a mean asks for are part of the plan and are checked") {
  Graph graph;
  graph.input = graph.add_tensor({6, 6, 8});
  Op mean;
  mean.kind = OpKind::kMean;
  mean.kernel_h = mean.kernel_w = 6;
  graph.output = graph.add_op(mean, std::vector<std::int32_t>{0}, {1, 1, 8});
  const RuntimeModel runtime = find_runtime("tflm");
  MemoryPlan plan = plan_memory(graph, runtime);
  REQUIRE(plan.placements.size() == 5);
  CHECK(check_plan(graph, runtime, plan) == "");
  // The arena stays as long as it is: two buffers of the same size lie in the same bytes.
  REQUIRE(plan.placements[3].bytes == plan.placements[4].bytes);
  std::swap(plan.placements[2].offset_bytes, plan.placements[4].offset_bytes);
  CHECK(contains(check_plan(graph, runtime, plan), "scratch at"));
  plan = plan_memory(graph, runtime);
  plan.placements[4].offset_bytes = plan.placements[0].offset_bytes;
  CHECK(contains(check_plan(graph, runtime, plan), "overlaps what is needed"));
}

TEST_CASE("published networks need most under the interpreter and least under our rules") {
  for (const std::string& path : shared_networks()) {
    INFO(path);
    const Graph graph = read_layer_table(path);
    const auto peak = [&](const char* runtime) {
      return plan_memory(graph, find_runtime(runtime)).peak_sram_bytes;
    };
    CHECK(peak("tflm") > peak("tinyengine"));
    CHECK(peak("tinyengine") > 2 * peak("tinynas"));
  }
}
