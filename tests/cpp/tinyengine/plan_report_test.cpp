#include "tinyengine/plan_report.h"

#include "catch.h"
#include "random_graph.h"
#include "random_mbconv.h"

using namespace tinynas;
using namespace tinynas::testing;

namespace {

std::size_t count_lines(const std::string& text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

}  // namespace

TEST_CASE("without a board the text gives no verdict") {
  const Graph graph = random_graph(Rng(21, 1));
  const MemoryPlan plan = plan_memory(graph, find_runtime("tinyengine"));
  CHECK(plan_text("net", graph, plan, nullptr).find("net\n") == 0);
}

TEST_CASE("the text names verdict, parts, peak operator and its tensors") {
  const RuntimeModel runtime = find_runtime("tinyengine");
  const Graph graph = random_mbconv(Rng(22, 3));
  const MemoryPlan plan = plan_memory(graph, runtime);
  const McuBudget large{"big", plan.peak_sram_bytes, plan.flash.total_bytes()};
  const McuBudget small{"small", plan.peak_sram_bytes - 1, plan.flash.total_bytes() - 2048};
  const std::string fits = plan_text("net", graph, plan, &large);
  const std::string fails = plan_text("net", graph, plan, &small);
  INFO(fits);
  CHECK(fits.find("net fits big\n") == 0);
  CHECK(fails.find("net does not fit small\n") == 0);
  CHECK(fails.find("1 B too much") != std::string::npos);
  CHECK(fails.find("2.0 KiB too much") != std::string::npos);
  CHECK(fits.find("too much") == std::string::npos);
  CHECK(fits.find("code (estimate)") != std::string::npos);
  CHECK(fits.find("<- peak") != std::string::npos);
  const auto peak = static_cast<std::size_t>(plan.peak_op);
  CHECK(fits.find("Peak operator: " + std::to_string(peak) + " " + op_name(graph, peak)) !=
        std::string::npos);
  CHECK(count_lines(fits) > graph.ops.size() + 15);
}
