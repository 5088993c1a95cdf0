// Our own scheduler on real networks: at or below what an exact prototype reached, every offset at
// its bound; patches only where they are needed.

#include <map>

#include "catch.h"
#include "random_mbconv.h"
#include "shared_networks.h"
#include "tinyengine/patches.h"
#include "tinyengine/plan_executor.h"
#include "tinynas/memory_plan.h"
#include "tinynas/rng.h"

using namespace tinynas;
using namespace tinynas::testing;

namespace {

/// Section 3 of the reference: "segments of blocks", and with rows from the camera. Bytes.
struct Target {
  std::int64_t segments, camera_rows;
};
const std::map<std::string, Target> kTargets = {
    {"mcunet-vww1", {22732, 17776}},     {"mcunet-in0", {16960, 15424}},
    {"mcunet-in1", {31692, 19904}},      {"mcunet-in3", {99532, 60160}},
    {"mbv2-w0.35-r144", {67788, 30000}}, {"proxyless-w0.3-r176", {99532, 51484}}};

MemoryPlan plan_with(const Graph& graph, InputMode input, std::int64_t budget = -1,
                     DepthwiseRows rows = DepthwiseRows::kInt8) {
  PlanOptions options;
  options.input = input;
  options.sram_budget_bytes = budget;
  options.depthwise_rows = rows;
  return plan_memory(graph, find_runtime("tinynas"), options);
}

bool same(const MemoryPlan& a, const MemoryPlan& b) {
  if (a.peak_sram_bytes != b.peak_sram_bytes || a.placements.size() != b.placements.size() ||
      a.segments.size() != b.segments.size() || a.macs != b.macs) {
    return false;
  }
  for (std::size_t i = 0; i < a.placements.size(); ++i) {
    if (a.placements[i].offset_bytes != b.placements[i].offset_bytes) return false;
  }
  return true;
}

}  // namespace

TEST_CASE("streaming plans of the published networks meet the reference, without a gap") {
  const auto networks = shared_networks();
  if (networks.empty()) return;
  const RuntimeModel runtime = find_runtime("tinynas");
  int compared = 0;
  for (const std::string& path : networks) {
    const std::string name = std::filesystem::path(path).stem().string();
    const Graph graph = read_layer_table(path);
    for (const InputMode input : {InputMode::kResident, InputMode::kRows, InputMode::kExternal}) {
      const MemoryPlan plan = plan_with(graph, input);
      INFO(name << ", image " << input_mode_name(input));
      CHECK(execute_plan(graph, runtime, plan) == "");
      CHECK(plan.peak_sram_bytes == plan.lower_bound_bytes);
      CHECK(plan.macs == graph_macs(graph));
      CHECK(plan.extra_macs == 0);
      CHECK(sram_lower_bound(graph, runtime, input) <= plan.peak_sram_bytes);
      const auto target = kTargets.find(name);
      if (target == kTargets.end() || input == InputMode::kExternal) continue;
      const bool resident = input == InputMode::kResident;
      CHECK(plan.peak_sram_bytes <=
            (resident ? target->second.segments : target->second.camera_rows));
      ++compared;
    }
  }
  CHECK(compared == 12);
}

TEST_CASE("no point of the front beats another, and each can be planned") {
  const RuntimeModel runtime = find_runtime("tinynas");
  std::int64_t patched = 0, exact = 0, of_int16_rows = 0, points = 0;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    const Graph graph = random_mbconv(Rng(seed));
    const bool small = graph.tensors[graph.input].shape.h <= 64;  // executing takes long
    for (const InputMode input : {InputMode::kResident, InputMode::kRows, InputMode::kExternal}) {
      const auto front = memory_macs_front(graph, runtime, input);
      REQUIRE(!front.empty());
      CHECK(front[0].macs == graph_macs(graph));
      for (std::size_t i = 0; i < front.size(); ++i) {
        const FrontPoint& point = front[i];
        const MemoryPlan plan =
            plan_with(graph, input, point.peak_sram_bytes, point.depthwise_rows);
        INFO("seed " << seed << ", image " << input_mode_name(input) << ", point " << i);
        for (std::size_t j = 0; j < i; ++j) {
          CHECK(front[j].macs <= point.macs);
          CHECK((point.peak_sram_bytes < front[j].peak_sram_bytes ||
                 point.widened_elements < front[j].widened_elements));
        }
        CHECK(plan.lower_bound_bytes <= point.peak_sram_bytes);
        CHECK(plan.macs >= point.macs);
        if (point.patch_end_op > 0) CHECK(plan.segments[0].has_patches());
        if (small && i % 4 == 0) CHECK(execute_plan(graph, runtime, plan) == "");
        patched += point.patch_end_op > 0;
        of_int16_rows += point.depthwise_rows == DepthwiseRows::kInt16;
        ++points;
        // Where offsets miss their bound, the next point is taken.
        exact += plan.peak_sram_bytes <= point.peak_sram_bytes && plan.macs == point.macs &&
                 plan.widened_elements == point.widened_elements &&
                 plan.depthwise_rows == point.depthwise_rows;
      }
    }
  }
  CHECK(patched > 100);
  CHECK(of_int16_rows > 100);
  CHECK(exact > points * 95 / 100);
}

TEST_CASE("patches are planned only where the budget asks for them") {
  const RuntimeModel runtime = find_runtime("tinynas");
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    const Graph graph = random_mbconv(Rng(seed));
    const auto front = memory_macs_front(graph, runtime, InputMode::kExternal);
    const MemoryPlan plain = plan_with(graph, InputMode::kExternal);
    CHECK(same(plain, plan_with(graph, InputMode::kExternal, plain.peak_sram_bytes)));
    if (front.size() < 2) continue;
    const MemoryPlan tight = plan_with(graph, InputMode::kExternal, plain.peak_sram_bytes - 1);
    CHECK(tight.macs >= plain.macs);
    const MemoryPlan hopeless = plan_with(graph, InputMode::kExternal, 0);
    CHECK(hopeless.peak_sram_bytes <= tight.peak_sram_bytes);
  }
}

TEST_CASE("with the image resident, cutting rows into tiles never needs less than streaming them") {
  const RuntimeModel runtime = find_runtime("tinynas");
  GraphFacts facts;
  SegmentTable table;
  TileAxis rows, one_row, columns;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    const Graph graph = random_mbconv(Rng(seed));
    facts.build(graph, runtime);
    table.build(graph, facts, InputMode::kResident);
    for (std::int32_t end = 2; end < static_cast<std::int32_t>(graph.ops.size()); end += 3) {
      if (table.bytes(0, end) == kNoSegment) continue;
      measure_tiles(graph, end, false, 1, one_row);
      measure_tiles(graph, end, true, 2, columns);
      const std::int64_t streamed =
          patch_stage_bytes(graph, facts, table, InputMode::kResident, end, one_row, columns);
      for (const std::int32_t tiles : {2, 3, 5}) {
        measure_tiles(graph, end, false, tiles, rows);
        CHECK(patch_stage_bytes(graph, facts, table, InputMode::kResident, end, rows, columns) >=
              streamed);
      }
    }
  }
}

TEST_CASE("a plan does not depend on what the thread planned before") {
  const RuntimeModel runtime = find_runtime("tinynas");
  MemoryPlan reused;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const Graph graph = random_mbconv(Rng(seed));
    plan_memory(graph, runtime, {}, reused);
    CHECK(same(reused, plan_memory(graph, runtime)));
  }
}

TEST_CASE("layer by layer, every op is a segment of its own, and no plan needs more") {
  const RuntimeModel runtime = find_runtime("tinynas");
  PlanOptions options;
  options.layer_by_layer = true;
  options.sram_budget_bytes = 0;  // asks for the smallest plan, which this is not
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    const Graph graph = random_mbconv(Rng(seed));
    const MemoryPlan plan = plan_memory(graph, runtime, options);
    CHECK(plan.segments.size() == graph.ops.size());
    CHECK(execute_plan(graph, runtime, plan) == "");
    CHECK(plan.peak_sram_bytes >= plan_memory(graph, runtime).peak_sram_bytes);
  }
}

TEST_CASE("the bound that rejects candidates is below plans that write over the image") {
  const RuntimeModel runtime = find_runtime("tinynas");
  const auto check = [&](Op op, Shape image, Shape out) {
    Graph graph;
    graph.input = graph.add_tensor(image);
    graph.output = graph.add_op(op, std::vector<std::int32_t>{graph.input}, out);
    validate(graph, "one op");
    const MemoryPlan plan = plan_memory(graph, runtime);
    CHECK(execute_plan(graph, runtime, plan) == "");
    CHECK(sram_lower_bound(graph, runtime) <= plan.peak_sram_bytes);
  };
  Op op;
  op.kind = OpKind::kRelu;
  check(op, {8, 8, 4}, {8, 8, 4});  // each pixel over the one that was read
  op.kind = OpKind::kMaxPool2d;
  op.stride_h = op.stride_w = 2;
  check(op, {8, 8, 4}, {4, 4, 4});  // the first row over the image's last, which nobody reads
  op = {};
  op.kind = OpKind::kDepthwiseConv2d;
  op.kernel_h = op.kernel_w = 7;
  op.pad_top = op.pad_left = 3;
  check(op, {8, 1, 1}, {8, 1, 1});  // scratch for one column, not for seven
  op = {};
  op.kernel_h = op.kernel_w = 2;
  check(op, {3, 2, 19}, {2, 1, 10});  // the first row begins where the image's alignment ends
}

// At a tile's first row the wide branch starts rows above the image's part that the other one
// reads first; a ring for whole rows forgot them.
TEST_CASE("a branch with a wide window streams within tiles of rows") {
  const RuntimeModel runtime = find_runtime("tinynas");
  Graph graph;
  graph.input = graph.add_tensor({32, 32, 2});
  const auto convolve = [&](std::int32_t x, int kernel, int channels, int stride) {
    Op op;
    op.kernel_h = op.kernel_w = static_cast<std::int16_t>(kernel);
    op.pad_top = op.pad_left = static_cast<std::int16_t>(kernel / 2);
    op.stride_h = op.stride_w = static_cast<std::int16_t>(stride);
    const Shape in = graph.tensors[x].shape;
    return graph.add_op(op, std::vector<std::int32_t>{x},
                        {(in.h - 1) / stride + 1, (in.w - 1) / stride + 1, channels});
  };
  const std::int32_t stem = convolve(graph.input, 3, 8, 1);
  const std::int32_t narrow = convolve(convolve(stem, 1, 1, 1), 5, 2, 1);
  const std::int32_t wide = convolve(convolve(stem, 1, 1, 1), 7, 2, 1);
  Op join;
  join.kind = OpKind::kConcat;
  const std::int32_t both =
      graph.add_op(join, std::vector<std::int32_t>{narrow, wide}, {32, 32, 4});
  graph.output = convolve(both, 3, 2, 2);
  validate(graph, "two branches");
  std::int64_t tiles_of_rows = 0;
  for (const FrontPoint& point : memory_macs_front(graph, runtime, InputMode::kRows)) {
    const MemoryPlan plan = plan_with(graph, InputMode::kRows, point.peak_sram_bytes);
    CHECK(execute_plan(graph, runtime, plan) == "");
    tiles_of_rows += plan.segments[0].patch_rows > 1;
  }
  CHECK(tiles_of_rows > 0);
}
