#include "tinyengine/plan_document.h"

#include "catch.h"
#include "random_graph.h"
#include "random_mbconv.h"

using namespace tinynas;
using namespace tinynas::testing;

TEST_CASE("plan --json: every promised field, sums that add up") {
  const RuntimeModel runtime = find_runtime("tinyengine");
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    const Graph graph = random_mbconv(Rng(20, seed));
    const MemoryPlan plan = plan_memory(graph, runtime);
    const McuBudget budget{"some-board", 64 * 1024, 256 * 1024};
    const Json document = Json::parse(plan_json(graph, plan, &budget).dump());
    CHECK(document["schema_version"] == 1);
    CHECK(document["runtime"] == "tinyengine");
    CHECK(document["peak_sram_bytes"] == plan.peak_sram_bytes);
    CHECK(document["lower_bound_bytes"] == plan.lower_bound_bytes);
    CHECK(document["macs"] == plan.macs);
    const Json& sram = document["sram"];
    CHECK(sram["activation_bytes"].get<std::int64_t>() +
              sram["scratch_bytes"].get<std::int64_t>() ==
          plan.peak_sram_bytes);
    CHECK(sram["runtime_bytes"] == 28);
    CHECK(sram["stack_bytes"] == 584);
    const Json& flash = document["flash"];
    CHECK(flash["weight_bytes"].get<std::int64_t>() + flash["bias_bytes"].get<std::int64_t>() +
              flash["quantisation_bytes"].get<std::int64_t>() +
              flash["code_bytes"].get<std::int64_t>() ==
          document["flash_bytes"].get<std::int64_t>());
    CHECK(flash["code_is_estimate"] == true);
    CHECK(document["mcu"]["name"] == "some-board");
    CHECK(document["mcu"]["sram_budget_bytes"] == 65536);
    CHECK(document["mcu"]["flash_budget_bytes"] == 262144);
    const std::int64_t over_sram = document["excess"]["sram_bytes"];
    const std::int64_t over_flash = document["excess"]["flash_bytes"];
    CHECK(over_sram == std::max<std::int64_t>(0, plan.peak_sram_bytes - 65536));
    CHECK(over_flash == std::max<std::int64_t>(0, plan.flash.total_bytes() - 262144));
    CHECK(document["fits"] == (over_sram == 0 && over_flash == 0));
    REQUIRE(document["operators"].size() == graph.ops.size());
    std::int64_t macs = 0, most_live = 0;
    for (const Json& op : document["operators"]) {
      std::int64_t live = 0;
      for (const Json& tensor : op["tensors"]) live += tensor["bytes"].get<std::int64_t>();
      CHECK(op["live_bytes"] == live);
      macs += op["macs"].get<std::int64_t>();
      most_live = std::max(most_live, live);
    }
    CHECK(macs == plan.macs);
    CHECK(document["peak_operator"]["live_bytes"] == most_live);
    CHECK(document["peak_operator"] ==
          document["operators"][document["peak_operator"]["index"].get<std::size_t>()]);
  }
}

TEST_CASE("without a board, fits, mcu and excess are null") {
  const Graph graph = random_graph(Rng(21, 1));
  MemoryPlan plan = plan_memory(graph, find_runtime("tinyengine"));
  plan.stack_bytes = 0;
  const Json document = plan_json(graph, plan, nullptr);
  CHECK(document["fits"].is_null());
  CHECK(document["mcu"].is_null());
  CHECK(document["excess"].is_null());
  CHECK(document["sram"]["stack_bytes"].is_null());
}
