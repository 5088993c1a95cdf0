// The front of memory against MACs, against every grid of every prefix of small graphs: each is
// planned, executed, and its MACs are counted pixel by pixel.

#include <algorithm>
#include <iostream>
#include <vector>

#include "catch.h"
#include "random_branching.h"
#include "random_mbconv.h"
#include "tinyengine/patches.h"
#include "tinyengine/plan_executor.h"
#include "tinyengine/plan_front.h"
#include "tinyengine/segment_table.h"
#include "tinyengine/streaming_plan.h"
#include "tinynas/memory_plan.h"
#include "tinynas/rng.h"

using namespace tinynas;
using namespace tinynas::testing;

namespace {

/// Which pixels of each tensor one tile needs, the smallest rectangle around them.
struct Rectangle {
  int top = 0, left = 0, bottom = 0, right = 0;
  std::int64_t area() const { return std::int64_t{bottom - top} * (right - left); }
  void add(int y, int x) {
    if (area() == 0) *this = {y, x, y + 1, x + 1};
    *this = {std::min(top, y), std::min(left, x), std::max(bottom, y + 1), std::max(right, x + 1)};
  }
};

void need_inputs(const Graph& graph, const Op& op, const Rectangle& out,
                 std::vector<Rectangle>& needed) {
  const bool windowed = op.kind == OpKind::kConv2d || op.kind == OpKind::kDepthwiseConv2d ||
                        op.kind == OpKind::kAveragePool2d || op.kind == OpKind::kMaxPool2d ||
                        op.kind == OpKind::kMean;
  for (const std::int32_t t : graph.inputs(op)) {
    const Shape& in = graph.tensors[t].shape;
    for (int y = out.top; y < out.bottom; ++y) {
      for (int x = out.left; x < out.right; ++x) {
        for (int ky = 0; ky < (windowed ? op.kernel_h : 1); ++ky) {
          for (int kx = 0; kx < (windowed ? op.kernel_w : 1); ++kx) {
            // A map of one pixel is read by all.
            const int row = windowed ? y * op.stride_h - op.pad_top + ky : in.h == 1 ? 0 : y;
            const int column = windowed ? x * op.stride_w - op.pad_left + kx : in.w == 1 ? 0 : x;
            const bool inside = row >= 0 && row < in.h && column >= 0 && column < in.w;
            if (inside) needed[t].add(row, column);
          }
        }
      }
    }
  }
}

std::int64_t counted_macs(const Graph& graph, const FrontPoint& point) {
  std::int64_t macs = 0;
  for (std::size_t i = static_cast<std::size_t>(point.patch_end_op); i < graph.ops.size(); ++i) {
    macs += op_macs(graph, graph.ops[i]);
  }
  if (point.patch_end_op == 0) return macs;
  const std::int32_t output = graph.ops[point.patch_end_op - 1].output;
  const Shape& shape = graph.tensors[output].shape;
  for (int i = 0; i < point.patch_rows; ++i) {
    for (int j = 0; j < point.patch_columns; ++j) {
      std::vector<Rectangle> needed(graph.tensors.size());
      needed[output] = {i * shape.h / point.patch_rows, j * shape.w / point.patch_columns,
                        (i + 1) * shape.h / point.patch_rows,
                        (j + 1) * shape.w / point.patch_columns};
      for (std::int32_t k = point.patch_end_op - 1; k >= 0; --k) {
        const Op& op = graph.ops[k];
        const Shape& out = graph.out_shape(op);
        need_inputs(graph, op, needed[op.output], needed);
        macs += op_macs(graph, op) / (std::int64_t{out.h} * out.w) * needed[op.output].area();
      }
    }
  }
  return macs;
}

Graph small_network(std::uint64_t seed) {
  for (std::uint32_t attempt = 0;; ++attempt) {
    Rng rng(seed, 8, attempt);
    Graph graph =
        seed % 3 < 2 ? RandomMbconv(rng, 24, 1).make() : RandomBranching(rng, 14, 2).make();
    if (graph.ops.size() <= 14) return graph;
  }
}

/// What the grids of a test had: uneven tiles, shortcuts inside, borders on all sides.
struct Tally {
  std::int64_t fronts = 0, points = 0, patched = 0, exact = 0, grids = 0, uneven = 0, forks = 0,
               macs_again = 0, wide = 0, wide_points = 0;
};

/// The front of int8 rows alone falls in memory and rises in MACs; each point in patches can be
/// planned.
void check_points(const Graph& graph, const RuntimeModel& runtime, const MemoryPlan& plain,
                  InputMode input, const std::vector<FrontPoint>& front, Tally& tally) {
  const FrontPoint* before = nullptr;
  for (const FrontPoint& point : front) {
    const bool int8_rows = point.depthwise_rows == DepthwiseRows::kInt8;
    if (int8_rows && before != nullptr) {
      CHECK(point.macs > before->macs);
      CHECK(point.peak_sram_bytes < before->peak_sram_bytes);
    }
    if (int8_rows) before = &point;
    if (point.patch_end_op == 0) continue;
    ++tally.patched;
    tally.wide_points += !int8_rows;
    MemoryPlan plan = plain;
    REQUIRE(plan_choice(graph, runtime, input, point, {}, plan));
    CHECK(plan.macs == point.macs);
    CHECK(plan.widened_elements == point.widened_elements);
    CHECK(plan.lower_bound_bytes == point.peak_sram_bytes);
    tally.exact += plan.peak_sram_bytes == point.peak_sram_bytes;
  }
}

/// Every grid of every prefix: none is sound, counted otherwise, or better than the front.
void check_grids(const Graph& graph, const RuntimeModel& runtime, InputMode input,
                 DepthwiseRows depthwise_rows, Tally& tally) {
  const auto front = memory_macs_front(graph, runtime, input);
  PlanOptions options;
  options.input = input;
  const MemoryPlan plain = plan_memory(graph, runtime, options);
  GraphFacts facts;
  SegmentTable table;
  facts.build(graph, runtime);
  table.build(graph, facts, plain.input);
  ++tally.fronts;
  tally.points += static_cast<std::int64_t>(front.size());
  for (std::int32_t end = 2; end <= table.op_count(); ++end) {
    if (table.bytes(0, end) == kNoSegment) continue;
    const Shape& out = graph.out_shape(graph.ops[end - 1]);
    const bool forks = std::any_of(facts.tensors.begin(), facts.tensors.end(), [&](const auto& t) {
      return t.use_count > 1 && t.writer >= 0 && t.last_op < end;
    });
    for (std::int32_t rows = 1; rows <= out.h; ++rows) {
      for (std::int32_t columns = 1; columns <= out.w; ++columns) {
        if (rows * columns == 1) continue;
        const FrontPoint point{0, 0, end, rows, columns, depthwise_rows, 0};
        MemoryPlan plan = plain;
        REQUIRE(plan_choice(graph, runtime, input, point, {}, plan));
        INFO("ops [0, " << end << ") in " << rows << " x " << columns << " tiles");
        REQUIRE(execute_plan(graph, runtime, plan) == "");
        REQUIRE(plan.macs == counted_macs(graph, point));
        const bool beats_all = std::none_of(front.begin(), front.end(), [&](const FrontPoint& p) {
          return p.peak_sram_bytes <= plan.peak_sram_bytes && p.macs <= plan.macs;
        });
        CHECK(!beats_all);
        ++tally.grids;
        tally.uneven += out.h % rows != 0 || out.w % columns != 0;
        tally.forks += forks;
        tally.macs_again += plan.extra_macs > 0;
        tally.wide += std::any_of(plan.placements.begin(), plan.placements.end(),
                                  [](const Placement& place) { return place.wide; });
      }
    }
  }
  check_points(graph, runtime, plain, input, front, tally);
}

}  // namespace

TEST_CASE("no grid of any prefix beats the front, and the MACs of each are as counted") {
  RuntimeModel runtime = find_runtime("tinynas");
  Tally tally;
  for (std::uint64_t seed = 0; seed < 270; ++seed) {
    const Graph graph = small_network(seed);
    runtime.tensor_alignment_bytes = seed / 9 % 4 == 0 ? 1 : 4;
    INFO("seed " << seed);
    const auto input = static_cast<InputMode>(seed / 3 % 3);
    check_grids(graph, runtime, input, DepthwiseRows::kInt8, tally);
    if (seed % 4 == 0) check_grids(graph, runtime, input, DepthwiseRows::kInt16, tally);
  }
  // Int16 rows in patches are rarely of use: more fronts, without grids, until there are some.
  for (std::uint64_t seed = 270; tally.wide_points == 0 && seed < 3000; ++seed) {
    const Graph graph = small_network(seed);
    INFO("seed " << seed);
    PlanOptions options;
    options.input = static_cast<InputMode>(seed / 3 % 3);
    check_points(graph, runtime, plan_memory(graph, runtime, options), options.input,
                 memory_macs_front(graph, runtime, options.input), tally);
  }
  std::cout << tally.fronts << " fronts of " << tally.points << " points, " << tally.patched
            << " in patches, " << tally.exact << " of these at their bound; " << tally.grids
            << " grids executed, " << tally.uneven << " uneven, " << tally.forks
            << " with branches inside, " << tally.macs_again << " computing again, " << tally.wide
            << " with int16 rows (" << tally.wide_points << " points)\n";
  CHECK(tally.patched > 100);
  CHECK(tally.uneven > 100);
  CHECK(tally.forks > 100);
  CHECK(tally.wide > 100);
  CHECK(tally.wide_points > 0);
}

TEST_CASE("patches that compute nothing again replace the way without") {
  const RuntimeModel runtime = find_runtime("tinynas");
  Graph graph;
  graph.input = graph.add_tensor({8, 8, 4});
  const std::int32_t wide = graph.add_op({}, std::vector<std::int32_t>{graph.input}, {8, 8, 24});
  graph.output = graph.add_op({}, std::vector<std::int32_t>{wide}, {8, 8, 1});
  PlanOptions options;
  options.input = InputMode::kExternal;
  const MemoryPlan plain = plan_memory(graph, runtime, options);
  const auto front = memory_macs_front(graph, runtime, options.input);
  REQUIRE(front.size() == 1);
  CHECK(front[0].macs == plain.macs);
  CHECK(front[0].peak_sram_bytes < plain.peak_sram_bytes);
  options.sram_budget_bytes = front[0].peak_sram_bytes;
  const MemoryPlan plan = plan_memory(graph, runtime, options);
  CHECK(plan.peak_sram_bytes == front[0].peak_sram_bytes);
  CHECK(plan.extra_macs == 0);
  CHECK(execute_plan(graph, runtime, plan) == "");
}

TEST_CASE("what a budget leaves of the front is found without the rest of it") {
  RuntimeModel runtime = find_runtime("tinynas");
  Schedule schedule;
  int within = 0, smallest = 0, none = 0;
  for (std::uint64_t seed = 0; seed < 450; ++seed) {
    INFO("seed " << seed);
    const Graph graph = small_network(seed);
    runtime.tensor_alignment_bytes = seed / 9 % 4 == 0 ? 1 : 4;
    const InputMode input =
        schedule.build(graph, runtime, static_cast<InputMode>(seed / 3 % 3), DepthwiseRows::kInt8);
    auto patched = find_front(graph, schedule.facts, schedule.table, input, schedule.suffix);
    std::erase_if(patched, [](const FrontPoint& point) { return point.patch_end_op == 0; });
    std::vector<std::int64_t> budgets = {0, schedule.suffix[0]};
    for (const FrontPoint& point : patched) {
      budgets.insert(budgets.end(), {point.peak_sram_bytes - 1, point.peak_sram_bytes});
    }
    for (const std::int64_t budget : budgets) {
      auto expected = patched;
      std::erase_if(expected, [&](const FrontPoint& p) { return p.peak_sram_bytes > budget; });
      (expected.empty() ? patched.empty() ? none : smallest : within) += 1;
      if (expected.empty() && !patched.empty()) expected = {patched.back()};
      const auto found =
          find_patches(graph, schedule.facts, schedule.table, input, schedule.suffix, budget);
      REQUIRE(found.size() == expected.size());
      for (std::size_t i = 0; i < found.size(); ++i) {
        CHECK(found[i].peak_sram_bytes == expected[i].peak_sram_bytes);
        CHECK(found[i].macs == expected[i].macs);
        CHECK(found[i].patch_end_op == expected[i].patch_end_op);
        CHECK(found[i].patch_columns == expected[i].patch_columns);
        CHECK(found[i].patch_rows == expected[i].patch_rows);
      }
    }
  }
  CHECK(within > 300);
  CHECK(smallest > 100);
  CHECK(none > 10);
}
