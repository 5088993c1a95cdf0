// The planner against the checker on many random graphs, and the checker against an execution.

#include "tinyengine/plan_checker.h"

#include <functional>
#include <iostream>

#include "catch.h"
#include "plan_execution.h"
#include "published_plan.h"
#include "random_graph.h"
#include "tinynas/memory_plan.h"

using namespace tinynas;
using namespace tinynas::testing;

namespace {

std::vector<std::int64_t> tensor_offsets(const MemoryPlan& plan) {
  std::vector<std::int64_t> offsets;
  for (std::size_t t = 0; t < plan.tensor_records.size(); ++t) {
    offsets.push_back(plan.offset_of(static_cast<std::int32_t>(t)));
  }
  return offsets;
}

/// Brings every figure that follows from the offsets into line, so that only the layout is wrong.
void make_consistent(MemoryPlan& plan) {
  plan.activation_bytes = 0;
  for (const Placement& record : plan.placements) {
    plan.activation_bytes = std::max(plan.activation_bytes, record.offset_bytes + record.bytes);
  }
  plan.peak_sram_bytes = plan.activation_bytes + plan.scratch_bytes;
  for (PlannedTensor& held : plan.op_tensors) held.offset_bytes = plan.offset_of(held.tensor);
}

void move_one_record(Rng& rng, MemoryPlan& plan) {
  const auto count = static_cast<std::uint32_t>(plan.placements.size());
  Placement& record = plan.placements[rng.below(count)];
  switch (rng.below(4)) {
    case 0:
      record.offset_bytes += 4;
      break;
    case 1:
      record.offset_bytes -= 4;
      break;
    case 2:
      record.offset_bytes = plan.placements[rng.below(count)].offset_bytes;
      break;
    default:
      record.offset_bytes =
          4 * rng.below(static_cast<std::uint32_t>(plan.activation_bytes / 4 + 1));
  }
}

void run_random_graphs(std::uint64_t seed, std::uint64_t count) {
  const RuntimeModel runtime = find_runtime("tinyengine");
  GraphCoverage coverage;
  MemoryPlan plan;
  std::int64_t in_place = 0, kept_apart = 0, above_bound = 0;
  double worst = 1;
  for (std::uint64_t i = 0; i < count; ++i) {
    const Graph graph = random_graph(Rng(seed, i));
    coverage.count(graph);
    plan_memory(graph, runtime, {}, plan);
    const std::string fault = check_plan(graph, runtime, plan);
    if (!fault.empty()) FAIL("graph " << i << " of seed " << seed << ": " << fault);
    for (const Op& op : graph.ops) {
      if (op.kind != OpKind::kDepthwiseConv2d) continue;
      const bool shared =
          plan.tensor_records[graph.inputs(op)[0]] == plan.tensor_records[op.output];
      (shared ? in_place : kept_apart) += 1;
    }
    above_bound += plan.peak_sram_bytes > plan.lower_bound_bytes;
    worst = std::max(worst, static_cast<double>(plan.peak_sram_bytes) /
                                static_cast<double>(plan.lower_bound_bytes));
  }
  std::cout << coverage.text() << ", " << in_place << " depthwise in place, " << kept_apart
            << " not; " << above_bound << " plans above their lower bound, worst " << worst
            << "x\n";
  CHECK(coverage.kernels.size() == 7);
  CHECK(coverage.strides.size() == 3);
  CHECK(coverage.op_counts.size() == 80);
  for (const std::int64_t seen :
       {coverage.adds, coverage.pools, coverage.branches, coverage.dead_ends,
        coverage.early_outputs, coverage.image_reused, coverage.uneven_sizes,
        coverage.strided_depthwise, in_place, kept_apart, above_bound}) {
    CHECK(seen > static_cast<std::int64_t>(count / 100));
  }
}

}  // namespace

TEST_CASE("no plan of 100,000 random graphs lets two live records overlap") {
  run_random_graphs(5, 100000);
}

TEST_CASE("no plan of a million random graphs lets two live records overlap", "[.nightly]") {
  run_random_graphs(6, 1000000);
}

TEST_CASE("plans that pass the checker execute, and moved records fail both or neither") {
  const RuntimeModel runtime = find_runtime("tinyengine");
  int caught = 0, harmless = 0;
  for (std::uint64_t seed = 0; seed < 1500; ++seed) {
    const Graph graph = random_graph(Rng(7, seed), {40, 9, 12});
    const MemoryPlan plan = plan_memory(graph, runtime);
    REQUIRE(check_plan(graph, runtime, plan) == "");
    REQUIRE(execute_plan(graph, tensor_offsets(plan)) == "");
    Rng rng(8, seed);
    for (int i = 0; i < 10; ++i) {
      MemoryPlan moved = plan;
      move_one_record(rng, moved);
      make_consistent(moved);
      const std::string verdict = check_plan(graph, runtime, moved);
      const auto offsets = tensor_offsets(moved);
      const bool outside = *std::min_element(offsets.begin(), offsets.end()) < 0;
      // An arena that shrank although every byte survives: tensors smaller than what they count.
      if (verdict.find("the lower bound") == 0) continue;
      const std::string damage = outside ? "before the arena" : execute_plan(graph, offsets);
      INFO("seed " << seed << ": checker '" << verdict << "', execution '" << damage << "'");
      REQUIRE(verdict.empty() == damage.empty());
      (verdict.empty() ? harmless : caught) += 1;
    }
  }
  CHECK(caught > 3000);
  CHECK(harmless > 1000);
}

TEST_CASE("the checker agrees with an execution of the published scheduler's plans") {
  // The published rules without our repairs: some plans are sound, some destroy tensors.
  const RuntimeModel runtime = find_runtime("tinyengine");
  int equal = 0, defective = 0;
  for (std::uint64_t seed = 0; seed < 5000; ++seed) {
    const Graph graph = random_graph(Rng(9, seed), {40, 9, 12});
    const auto widens = [&](const Op& op) {
      return op.kind == OpKind::kDepthwiseConv2d && graph.in_shape(op).c != graph.out_shape(op).c;
    };
    if (std::any_of(graph.ops.begin(), graph.ops.end(), widens)) continue;
    const PublishedPlan published = published_plan(graph);
    const bool misaligned = std::any_of(published.offsets.begin(), published.offsets.end(),
                                        [](std::int64_t offset) { return offset % 4 != 0; });
    if (misaligned || !execute_plan(graph, published.offsets).empty()) {
      ++defective;
      continue;
    }
    const MemoryPlan plan = plan_memory(graph, runtime);
    INFO("seed " << seed);
    REQUIRE(plan.activation_bytes <= published.activations);
    equal += plan.activation_bytes == published.activations;
  }
  CHECK(defective > 100);
  CHECK(equal > 1000);
}

TEST_CASE("every figure of a plan that is off is noticed") {
  const RuntimeModel runtime = find_runtime("tinyengine");
  const std::vector<std::pair<const char*, std::function<void(Rng&, MemoryPlan&)>>> damages = {
      {"activations", [](Rng&, MemoryPlan& p) { p.activation_bytes -= 4; }},
      {"peak", [](Rng&, MemoryPlan& p) { p.peak_sram_bytes -= 4; }},
      {"scratch", [](Rng&, MemoryPlan& p) { p.scratch_bytes += 4; }},
      {"lower bound", [](Rng&, MemoryPlan& p) { p.lower_bound_bytes -= 4; }},
      {"macs", [](Rng&, MemoryPlan& p) { p.macs += 1; }},
      {"weights", [](Rng&, MemoryPlan& p) { p.flash.weight_bytes += 1; }},
      {"live", [](Rng& r, MemoryPlan& p) { p.per_op[r.below(p.per_op.size())].live_bytes += 4; }},
      {"listed offset",
       [](Rng& r, MemoryPlan& p) { p.op_tensors[r.below(p.op_tensors.size())].offset_bytes += 4; }},
      {"listed tensor",
       [](Rng& r, MemoryPlan& p) { p.op_tensors[r.below(p.op_tensors.size())].tensor = 9999; }},
      {"count", [](Rng&, MemoryPlan& p) { p.per_op.back().tensor_count -= 1; }},
      {"misaligned",
       [](Rng& r, MemoryPlan& p) { p.placements[r.below(p.placements.size())].offset_bytes += 2; }},
      {"record of none", [](Rng&, MemoryPlan& p) { p.tensor_records.back() = -1; }},
      {"records", [](Rng&, MemoryPlan& p) { p.tensor_records.pop_back(); }},
      {"too small",
       [](Rng& r, MemoryPlan& p) {
         Placement& record = p.placements[r.below(p.placements.size())];
         record.bytes = 0;
         make_consistent(p);
       }},
      {"same place",
       [](Rng& r, MemoryPlan& p) {
         const std::size_t op = r.below(p.per_op.size());
         const OpPlan& entry = p.per_op[op];
         if (entry.tensor_count < 2) {
           p.macs += 1;  // nothing to clash with
           return;
         }
         const PlannedTensor& a = p.op_tensors[entry.first_tensor];
         const PlannedTensor& b = p.op_tensors[entry.first_tensor + 1];
         p.placements[p.tensor_records[a.tensor]].offset_bytes = p.offset_of(b.tensor);
         make_consistent(p);
       }},
  };
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    const Graph graph = random_graph(Rng(10, seed), {40, 9, 12});
    const MemoryPlan plan = plan_memory(graph, runtime);
    for (const auto& [name, damage] : damages) {
      Rng rng(10, seed, 1);
      MemoryPlan bad = plan;
      damage(rng, bad);
      INFO("seed " << seed << ", " << name);
      REQUIRE(check_plan(graph, runtime, bad) != "");
    }
  }
}
