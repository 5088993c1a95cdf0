// Equality to the byte with the published scheduler.

#include <iostream>
#include <map>

#include "base/json_io.h"
#include "catch.h"
#include "plan_execution.h"
#include "published_plan.h"
#include "random_mbconv.h"
#include "shared_networks.h"
#include "tinyengine/plan_checker.h"
#include "tinynas/memory_plan.h"

using namespace tinynas;
using namespace tinynas::testing;

namespace {

struct PublishedRow {
  std::int64_t activations, sbuf, kbuf, sram, rodata;
};

/// Figures of the 2022 release; mbv2-w0.3-r64 has only its layer table's own figures.
const std::map<std::string, PublishedRow> kPublished = {
    {"mcunet-vww1", {89600, 3528, 864, 93992, 480156}},
    {"mcunet-in0", {46080, 2688, 1296, 50064, 809868}},
    {"mcunet-in1", {92160, 5000, 864, 98024, 689780}},
    {"mcunet-in3", {247808, 17672, 864, 266344, 804204}},
    {"proxyless-w0.3-r176", {247808, 16928, 864, 265600, 805556}},
    {"mbv2-w0.35-r144", {290304, 10952, 864, 302120, 804964}},
};

std::vector<std::int64_t> tensor_offsets(const MemoryPlan& plan) {
  std::vector<std::int64_t> offsets;
  for (std::size_t t = 0; t < plan.tensor_records.size(); ++t) {
    offsets.push_back(plan.offset_of(static_cast<std::int32_t>(t)));
  }
  return offsets;
}

}  // namespace

TEST_CASE("published networks are planned to the byte") {
  const RuntimeModel runtime = find_runtime("tinyengine");
  std::size_t rows = 0;
  for (const std::string& path : shared_networks()) {
    INFO(path);
    const Json table = read_json_file(path);
    const Json& computed = table["computed"];
    const Graph graph = read_layer_table(path);
    const MemoryPlan plan = plan_memory(graph, runtime);
    CHECK(check_plan(graph, runtime, plan) == "");
    CHECK(execute_plan(graph, tensor_offsets(plan)) == "");
    CHECK(plan.activation_bytes == computed["activation_peak"].get<std::int64_t>());
    CHECK(plan.column_buffer_bytes == computed["sbuf"].get<std::int64_t>());
    CHECK(plan.kernel_buffer_bytes == computed["kbuf"].get<std::int64_t>());
    CHECK(plan.peak_sram_bytes == computed["peak_mem"].get<std::int64_t>());
    CHECK(plan.lower_bound_bytes ==
          computed["live_bound"].get<std::int64_t>() + plan.scratch_bytes);
    CHECK(plan.flash.rodata_bytes() == computed["flash_referenced"].get<std::int64_t>() + 4);
    CHECK(plan.flash.weight_bytes == computed["weights"].get<std::int64_t>());
    CHECK(plan.flash.bias_bytes ==
          4 * (computed["params_with_bias"].get<std::int64_t>() - plan.flash.weight_bytes));
    CHECK(plan.macs == computed["macs"].get<std::int64_t>());
    CHECK(plan.flash.total_bytes() == plan.flash.rodata_bytes() + runtime.code_bytes);
    const auto row = kPublished.find(table["name"].get<std::string>());
    if (row == kPublished.end()) continue;
    ++rows;
    CHECK(plan.activation_bytes == row->second.activations);
    CHECK(plan.column_buffer_bytes == row->second.sbuf);
    CHECK(plan.kernel_buffer_bytes == row->second.kbuf);
    CHECK(plan.peak_sram_bytes == row->second.sram);
    CHECK(plan.flash.rodata_bytes() == row->second.rodata);
  }
  CHECK((rows == 0 || rows == kPublished.size()));
}

TEST_CASE("random networks of the searched family are planned as published") {
  const RuntimeModel runtime = find_runtime("tinyengine");
  MemoryPlan plan;
  int excused = 0;
  for (std::uint64_t seed = 0; seed < 5000; ++seed) {
    const Graph graph = random_mbconv(Rng(11, seed));
    validate(graph, "random");
    plan_memory(graph, runtime, {}, plan);
    REQUIRE(check_plan(graph, runtime, plan) == "");
    const PublishedPlan published = published_plan(graph);
    CHECK(plan.column_buffer_bytes == published.sbuf);
    CHECK(plan.kernel_buffer_bytes == published.kbuf);
    CHECK(plan.flash.rodata_bytes() == published.rodata);
    if (plan.activation_bytes == published.activations) continue;
    // The only excuse: the published plan damages a tensor, or leaves the alignment.
    const bool misaligned = std::any_of(published.offsets.begin(), published.offsets.end(),
                                        [](std::int64_t offset) { return offset % 4 != 0; });
    INFO("seed " << seed << ": " << plan.activation_bytes << ", published "
                 << published.activations);
    CHECK((misaligned || execute_plan(graph, published.offsets) != ""));
    ++excused;
  }
  CHECK(excused < 50);
  std::cout << excused << " of 5000 plans differ from the published ones, which are defective\n";
}
