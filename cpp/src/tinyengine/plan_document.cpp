#include "tinyengine/plan_document.h"

#include "mcu/budget_json.h"
#include "tinyengine/held_tensors.h"

namespace tinynas {
namespace {

Json tensors_json(const Graph& graph, const MemoryPlan& plan, std::size_t index) {
  Json list = Json::array();
  const OpPlan& entry = plan.per_op[index];
  for (std::int32_t i = 0; i < entry.tensor_count; ++i) {
    const PlannedTensor& held = plan.op_tensors[entry.first_tensor + i];
    list.push_back({{"tensor", held.tensor},
                    {"name", held_name(graph, held.tensor)},
                    {"use", tensor_use(graph, index, held.tensor)},
                    {"offset_bytes", held.offset_bytes},
                    {"bytes", held.bytes}});
  }
  return list;
}

Json operator_json(const Graph& graph, const MemoryPlan& plan, std::size_t index) {
  const OpPlan& entry = plan.per_op[index];
  return {{"index", index},
          {"name", op_name(graph, index)},
          {"kind", op_kind_name(graph.ops[index].kind)},
          {"in_place", ran_in_place(graph, plan, index)},
          {"live_bytes", entry.live_bytes},
          {"scratch_bytes", entry.scratch_bytes},
          {"macs", entry.macs},
          {"weight_bytes", entry.weight_bytes},
          {"instructions", plan.instructions > 0 ? Json(entry.instructions) : Json(nullptr)},
          {"tensors", tensors_json(graph, plan, index)}};
}

}  // namespace

Json plan_json(const Graph& graph, const MemoryPlan& plan, const McuBudget* budget) {
  Json document = {{"schema_version", 1},
                   {"runtime", plan.runtime},
                   {"core", plan.core},
                   {"fits", nullptr},
                   {"peak_sram_bytes", plan.peak_sram_bytes},
                   {"lower_bound_bytes", plan.lower_bound_bytes},
                   {"flash_bytes", plan.flash.total_bytes()},
                   {"macs", plan.macs},
                   {"extra_macs", plan.extra_macs},
                   {"input", input_mode_name(plan.input)},
                   {"depthwise_rows", depthwise_rows_name(plan.depthwise_rows)},
                   {"widened_elements", plan.widened_elements},
                   {"params", graph_params(graph)}};
  document["sram"] = {{"activation_bytes", plan.activation_bytes},
                      {"scratch_bytes", plan.scratch_bytes},
                      {"column_buffer_bytes", plan.column_buffer_bytes},
                      {"kernel_buffer_bytes", plan.kernel_buffer_bytes},
                      {"runtime_bytes", plan.runtime_bytes},
                      {"stack_bytes", nullptr}};
  if (plan.stack_bytes > 0) document["sram"]["stack_bytes"] = plan.stack_bytes;
  document["flash"] = {{"weight_bytes", plan.flash.weight_bytes},
                       {"bias_bytes", plan.flash.bias_bytes},
                       {"quantisation_bytes", plan.flash.quantisation_bytes},
                       {"descriptor_bytes", plan.flash.descriptor_bytes},
                       {"code_bytes", plan.flash.code_bytes},
                       {"code_is_estimate", plan.flash.code_is_estimate},
                       {"kernel_core", nullptr}};
  if (!plan.kernel_core.empty()) document["flash"]["kernel_core"] = plan.kernel_core;
  document["instructions"] = nullptr;
  document["instruction_error"] = nullptr;
  if (plan.instructions > 0) {
    document["instructions"] = plan.instructions;
    document["instruction_error"] = plan.instruction_error;
  }
  document["latency_ms"] = nullptr;
  if (plan.latency_ms) {
    document["latency_ms"] = {{"low", plan.latency_ms->low_ms},
                              {"high", plan.latency_ms->high_ms},
                              {"source", plan.latency_source}};
  }
  document["mcu"] = nullptr;
  document["excess"] = nullptr;
  if (budget != nullptr) {
    const Violation over = violation(plan.footprint(), *budget);
    document["fits"] = over.fits();
    document["mcu"] = budget_json(*budget);
    document["excess"] = {{"sram_bytes", over.sram_bytes},
                          {"flash_bytes", over.flash_bytes},
                          {"latency_ms", over.latency_ms}};
  }
  document["peak_operator"] = operator_json(graph, plan, static_cast<std::size_t>(plan.peak_op));
  document["operators"] = Json::array();
  for (std::size_t i = 0; i < graph.ops.size(); ++i) {
    document["operators"].push_back(operator_json(graph, plan, i));
  }
  document["segments"] = Json::array();
  for (const Segment& segment : plan.segments) {
    document["segments"].push_back({{"first_operator", segment.first_op},
                                    {"end_operator", segment.end_op},
                                    {"bottom_up", segment.bottom_up},
                                    {"patch_rows", segment.patch_rows},
                                    {"patch_columns", segment.patch_columns},
                                    {"bound_bytes", segment.bound_bytes}});
  }
  document["placements"] = Json::array();
  for (const Placement& place : plan.placements) {
    constexpr const char* kKinds[] = {"whole", "ring", "scratch", "accumulators"};
    document["placements"].push_back({{"kind", kKinds[static_cast<std::size_t>(place.kind)]},
                                      {"tensor", place.first_tensor},
                                      {"name", held_name(graph, place.first_tensor)},
                                      {"first_operator", place.first_op},
                                      {"end_operator", place.end_op},
                                      {"offset_bytes", place.offset_bytes},
                                      {"bytes", place.bytes},
                                      {"rows", place.rows},
                                      {"wide", place.wide}});
  }
  return document;
}

Json plan_document(const Network& network, const RuntimeModel& runtime, const PlanOptions& options,
                   const MemoryPlan& plan, const McuBudget* budget) {
  const Graph& graph = network.under(runtime);
  Json document = plan_json(graph, plan, budget);
  document["front"] = Json::array();
  for (const FrontPoint& point : memory_macs_front(graph, runtime, options.input)) {
    document["front"].push_back({{"peak_sram_bytes", point.peak_sram_bytes},
                                 {"macs", point.macs},
                                 {"patch_end_operator", point.patch_end_op},
                                 {"patch_rows", point.patch_rows},
                                 {"patch_columns", point.patch_columns},
                                 {"depthwise_rows", depthwise_rows_name(point.depthwise_rows)},
                                 {"widened_elements", point.widened_elements}});
  }
  document["runtimes"] = Json::array();
  for (const MemoryPlan& other : plan_under_all(network, plan, options)) {
    document["runtimes"].push_back({{"runtime", other.runtime},
                                    {"peak_sram_bytes", other.peak_sram_bytes},
                                    {"flash_bytes", other.flash.total_bytes()},
                                    {"macs", other.macs}});
  }
  return document;
}

std::vector<MemoryPlan> plan_under_all(const Network& network, const MemoryPlan& plan,
                                       const PlanOptions& options) {
  std::vector<MemoryPlan> plans = {plan};
  for (const std::string& name : list_runtimes()) {
    if (name == plan.runtime) continue;
    const RuntimeModel runtime = find_runtime(name, plan.core);
    plans.push_back(plan_memory(network.under(runtime), runtime, options));
  }
  return plans;
}

}  // namespace tinynas
