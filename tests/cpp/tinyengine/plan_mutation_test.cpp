// The verifier has teeth: plans with one number changed are rejected. A change that asks for less
// than the plan needs, or that moves bytes onto others', must be caught; a change that a plain rule
// proves harmless must be accepted.

#include <algorithm>
#include <iostream>
#include <string>
#include <vector>

#include "byte_lives.h"
#include "catch.h"
#include "plan_mutants.h"
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

Graph graph_of(std::uint64_t seed) {
  if (seed % 4 == 0) return random_graph(Rng(seed), {40, 13, 24});
  return seed % 4 == 1 ? random_branching(Rng(seed)) : random_small_mbconv(Rng(seed));
}

}  // namespace

TEST_CASE("scratch over the output of the row that needs it is rejected") {
  const RuntimeModel runtime = find_runtime("tinynas");
  Graph graph;
  graph.input = graph.add_tensor({4, 4, 2});
  graph.output = graph.add_op({}, std::vector<std::int32_t>{graph.input}, {4, 4, 8});
  MemoryPlan plan = plan_memory(graph, runtime);
  REQUIRE(execute_plan(graph, runtime, plan) == "");
  Placement* scratch = nullptr;
  for (Placement& place : plan.placements) {
    if (place.kind == PlacementKind::kScratch) scratch = &place;
  }
  REQUIRE(scratch != nullptr);
  // Over the last pixel, which nothing reads before all is written.
  const Placement& output = plan.placements[plan.tensor_records[graph.output]];
  plan.placements[plan.tensor_records[graph.input]].offset_bytes = output.offset_bytes + 128;
  scratch->offset_bytes = output.offset_bytes + output.bytes - scratch->bytes;
  plan.peak_sram_bytes = 0;
  for (const Placement& place : plan.placements) {
    plan.peak_sram_bytes = std::max(plan.peak_sram_bytes, place.offset_bytes + place.bytes);
  }
  plan.activation_bytes = plan.peak_sram_bytes - plan.scratch_bytes;
  plan.lower_bound_bytes = plan.segments[0].bound_bytes = plan.peak_sram_bytes;
  CHECK(execute_plan(graph, runtime, plan) != "");
  CHECK(!ByteLives(graph, plan).disjoint());
}

TEST_CASE("a streaming plan with one number changed is rejected") {
  RuntimeModel runtime = find_runtime("tinynas");
  MutantTallies tallies;
  for (std::uint64_t seed = 0; seed < 360; ++seed) {
    const Graph graph = graph_of(seed);
    runtime.tensor_alignment_bytes = seed / 8 % 4 == 0 ? 1 : 4;
    PlanOptions options;
    options.input = static_cast<InputMode>(seed % 3);
    if (seed / 4 % 2 == 0) options.sram_budget_bytes = 0;
    MemoryPlan plan = plan_memory(graph, runtime, options);
    if (seed / 4 % 4 == 1) plan_random_cuts(graph, runtime, Rng(seed, 2), plan);
    REQUIRE(execute_plan(graph, runtime, plan) == "");
    REQUIRE(ByteLives(graph, plan).disjoint());
    PlanMutants(graph, runtime, plan, tallies).run_all();
  }
  std::map<std::string, MutantTally> kinds;
  for (const auto& [name, tally] : tallies) {
    std::cout << name << ": " << tally.caught << " caught, " << tally.survived << " survived; "
              << tally.harmless << " harmless by rule, " << tally.slack << " into slack bytes\n";
    CHECK(tally.caught > 0);
    // What the verifier accepts is proven harmless, by a rule or by when each byte is needed.
    CHECK(tally.survived == 0);
    CHECK(tally.refuted == 0);
    MutantTally& kind = kinds[name.substr(0, name.find(':'))];
    kind.caught += tally.caught;
    kind.survived += tally.survived + tally.slack;
  }
  for (const auto& [name, tally] : kinds) {
    std::cout << name << ": " << tally.caught << " caught, " << tally.survived
              << " into slack bytes\n";
    CHECK(tally.caught > 900);
  }
}
