// Both depthwise kernels as a choice of the planner: int8 rows that it widens, int16 rows that it
// reads.

#include <algorithm>
#include <filesystem>
#include <string>

#include "byte_lives.h"
#include "catch.h"
#include "shared_networks.h"
#include "tinyengine/plan_executor.h"
#include "tinyengine/plan_report.h"
#include "tinynas/memory_plan.h"

using namespace tinynas;
using namespace tinynas::testing;

namespace {

std::int32_t add_window(Graph& graph, OpKind kind, int kernel, int channels) {
  const std::int32_t input = graph.output;
  const Shape in = graph.tensors[input].shape;
  Op op;
  op.kind = kind;
  op.kernel_h = op.kernel_w = static_cast<std::int16_t>(kernel);
  op.pad_top = op.pad_left = static_cast<std::int16_t>(kernel / 2);
  graph.output = graph.add_op(op, std::vector<std::int32_t>{input}, {in.h, in.w, channels});
  return graph.output;
}

/// 7x7x4 image, expand to 12 channels, depthwise 3x3, project to 4.
Graph inverted_bottleneck() {
  Graph graph;
  graph.input = graph.output = graph.add_tensor({7, 7, 4});
  add_window(graph, OpKind::kConv2d, 1, 12);
  add_window(graph, OpKind::kDepthwiseConv2d, 3, 12);
  add_window(graph, OpKind::kConv2d, 1, 4);
  validate(graph, "test");
  return graph;
}

MemoryPlan plan_with(const Graph& graph, DepthwiseRows rows, std::int64_t budget = -1) {
  const RuntimeModel runtime = find_runtime("tinynas");
  PlanOptions options;
  options.depthwise_rows = rows;
  options.sram_budget_bytes = budget;
  const MemoryPlan plan = plan_memory(graph, runtime, options);
  CHECK(execute_plan(graph, runtime, plan) == "");
  return plan;
}

std::int64_t wide_rings(const MemoryPlan& plan) {
  return std::count_if(plan.placements.begin(), plan.placements.end(),
                       [](const Placement& place) { return place.wide; });
}

}  // namespace

TEST_CASE("an inverted bottleneck by hand, with each kind of depthwise rows") {
  const Graph graph = inverted_bottleneck();
  const std::int32_t expanded = graph.ops[0].output, filtered = graph.ops[1].output;
  // The output over the image: 7 * 7 * 4 = 196.
  const MemoryPlan narrow = plan_with(graph, DepthwiseRows::kInt8);
  // Ring 3 * 7 * 12 = 252, depthwise over it; scratch 2 * 3 * (7 + 6) = 78, a multiple of 4: 80.
  CHECK(narrow.peak_sram_bytes == 196 + 252 + 80);
  CHECK(narrow.lower_bound_bytes == narrow.peak_sram_bytes);
  CHECK(narrow.over_input[filtered] == 1);
  CHECK(narrow.per_op[1].scratch_bytes == 80);
  CHECK(narrow.widened_elements == 7 * 3 * 7 * 12);
  CHECK(wide_rings(narrow) == 0);

  const MemoryPlan wide = plan_with(graph, DepthwiseRows::kInt16);
  // A slot has 12 channels of 8 + 2 columns, 2 columns before them, 4 that are read in vain. Ring
  // 3 * 252 = 756, depthwise row 7 * 12 = 84, scratch of the projection 4 * 12 = 48.
  CHECK(wide.peak_sram_bytes == 196 + 756 + 84 + 48);
  CHECK(wide.lower_bound_bytes == wide.peak_sram_bytes);
  CHECK(wide.over_input[filtered] == 0);
  CHECK(wide.per_op[1].scratch_bytes == 0);
  CHECK(wide.widened_elements == 0);
  CHECK(wide.depthwise_rows == DepthwiseRows::kInt16);
  const Placement& ring = wide.placements[wide.tensor_records[expanded]];
  CHECK(ring.wide);
  CHECK(ring.rows == 3);
  CHECK(ring.row_bytes == 252);
  CHECK(plan_text("net", graph, wide, nullptr).find("ring of 3 int16 rows") != std::string::npos);
}

TEST_CASE("another ring over the far half of a slot of int16 rows is rejected") {
  const RuntimeModel runtime = find_runtime("tinynas");
  const Graph graph = inverted_bottleneck();
  MemoryPlan plan = plan_with(graph, DepthwiseRows::kInt16);
  CHECK(ByteLives(graph, plan).disjoint());
  const Placement& ring = plan.placements[plan.tensor_records[graph.ops[0].output]];
  Placement& filtered = plan.placements[plan.tensor_records[graph.ops[1].output]];
  // As int8 a row ends 84 bytes into its slot; the depthwise row of 84 bytes lies beyond.
  filtered.offset_bytes = ring.offset_bytes + 2 * ring.row_bytes + 96;
  plan.peak_sram_bytes = 0;
  for (const Placement& place : plan.placements) {
    plan.peak_sram_bytes = std::max(plan.peak_sram_bytes, place.offset_bytes + place.bytes);
  }
  plan.activation_bytes = plan.peak_sram_bytes - plan.scratch_bytes;
  plan.lower_bound_bytes = plan.segments[0].bound_bytes = plan.peak_sram_bytes;
  const std::string fault = execute_plan(graph, runtime, plan);
  // Zeros lie there too, and they are looked at first.
  CHECK(fault.find("lost the padding of its input") != std::string::npos);
  CHECK(!ByteLives(graph, plan).disjoint());
}

TEST_CASE("int16 rows are taken where they fit, else int8 rows") {
  const Graph graph = inverted_bottleneck();
  CHECK(plan_with(graph, DepthwiseRows::kInt16, 1084).depthwise_rows == DepthwiseRows::kInt16);
  CHECK(plan_with(graph, DepthwiseRows::kInt16, 1084).peak_sram_bytes == 1084);
  // 752 bytes hold the expanded map whole: room for int16 rows by name, but nothing to stream.
  for (const std::int64_t budget : {1083, 752, 528}) {
    const MemoryPlan plan = plan_with(graph, DepthwiseRows::kInt16, budget);
    CHECK(plan.depthwise_rows == DepthwiseRows::kInt8);
    CHECK(plan.peak_sram_bytes == 528);
    CHECK(plan.extra_macs == 0);
  }
  CHECK(plan_with(graph, DepthwiseRows::kInt8, 1084).depthwise_rows == DepthwiseRows::kInt8);
}

TEST_CASE("a depthwise op that does not stream alone from its input keeps int8 rows") {
  Graph graph = inverted_bottleneck();
  Op add;
  add.kind = OpKind::kAdd;
  const std::int32_t twice = add_window(graph, OpKind::kConv2d, 1, 12);
  const std::int32_t filtered = add_window(graph, OpKind::kDepthwiseConv2d, 3, 12);
  graph.output = graph.add_op(add, std::vector<std::int32_t>{twice, filtered}, {7, 7, 12});
  validate(graph, "test");
  const MemoryPlan plan = plan_with(graph, DepthwiseRows::kInt16);
  CHECK_FALSE(plan.placements[plan.tensor_records[twice]].wide);
  CHECK(plan.widened_elements == 7 * 3 * 7 * 12);
}

TEST_CASE("the front of a published network has points of both kernels") {
  const auto networks = shared_networks();
  const auto is_vww1 = [](const std::string& path) {
    return std::filesystem::path(path).stem() == "mcunet-vww1";
  };
  const auto path = std::find_if(networks.begin(), networks.end(), is_vww1);
  if (path == networks.end()) return;
  const Graph graph = read_layer_table(*path);
  const auto front = memory_macs_front(graph, find_runtime("tinynas"));
  REQUIRE(front.size() >= 2);
  CHECK(front[0].depthwise_rows == DepthwiseRows::kInt8);
  CHECK(front[0].peak_sram_bytes == 21396);
  CHECK(front[0].widened_elements == 661872);
  const auto wide = std::find_if(front.begin(), front.end(), [](const FrontPoint& point) {
    return point.depthwise_rows == DepthwiseRows::kInt16;
  });
  REQUIRE(wide != front.end());
  CHECK(wide->macs == front[0].macs);
  CHECK(wide->peak_sram_bytes == 26108);
  CHECK(wide->widened_elements == 92400);
  CHECK(front.back().depthwise_rows == DepthwiseRows::kInt16);
  CHECK(front.back().peak_sram_bytes == 32088);
  CHECK(front.back().widened_elements == 0);
  const MemoryPlan plan = plan_with(graph, DepthwiseRows::kInt16, wide->peak_sram_bytes);
  CHECK(plan.peak_sram_bytes == wide->peak_sram_bytes);
  CHECK(plan.widened_elements == wide->widened_elements);
}
