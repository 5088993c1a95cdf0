#include <algorithm>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/files.h"
#include "tinyengine/instructions.h"
#include "tinyengine/kernel_costs.h"
#include "tinyengine/linked_costs.h"
#include "tinyengine/plan_checker.h"
#include "tinyengine/plan_executor.h"
#include "tinyengine/published_scheduler.h"
#include "tinyengine/storage_records.h"
#include "tinyengine/streaming_plan.h"
#include "tinyengine/tflm_arena.h"
#include "tinynas/error.h"
#include "tinynas/memory_plan.h"

namespace tinynas {
namespace {

/// What does not depend on the schedule: MACs and constants.
void add_costs(const Graph& graph, const RuntimeModel& runtime, MemoryPlan& plan) {
  plan.macs = 0;
  plan.flash = {};
  plan.flash.quantisation_bytes = fixed_quantisation_bytes(runtime);
  plan.per_op.assign(graph.ops.size(), {});
  for (std::size_t i = 0; i < graph.ops.size(); ++i) {
    const Op& op = graph.ops[i];
    OpPlan& entry = plan.per_op[i];
    entry.weight_bytes = op_weight_bytes(graph, op);
    entry.macs = op_macs(graph, op);
    plan.macs += entry.macs;
    add_op_flash(graph, op, runtime, plan.flash);
  }
}

void reset(const Graph& graph, const RuntimeModel& runtime, const PlanOptions& options,
           MemoryPlan& plan) {
  plan.runtime = runtime.name;
  const auto tensors = static_cast<std::int64_t>(graph.tensors.size());
  plan.core = runtime.core;
  plan.kernel_core.clear();
  std::int32_t inputs = 1;
  for (const Op& op : graph.ops) inputs = std::max(inputs, op.input_count);
  plan.runtime_bytes =
      runtime.runtime_bytes +
      align_up(tensors * runtime.tensor_statics_bytes + inputs * runtime.input_statics_bytes, 4);
  plan.input = runtime.rules == RuntimeRules::kTinyNas ? options.input : InputMode::kResident;
  plan.depthwise_rows = DepthwiseRows::kInt8;
  plan.widened_elements = plan.instructions = 0;
  plan.latency_ms.reset();
  plan.column_buffer_bytes = plan.kernel_buffer_bytes = plan.extra_macs = 0;
  plan.placements.clear();
  plan.over_input.clear();
  plan.segments.clear();
  plan.op_tensors.clear();
}

/// False, with `plan` unfinished, only where `only_within` the budget and none was found.
bool make_plan(const Graph& graph, const RuntimeModel& runtime, const PlanOptions& options,
               bool only_within, MemoryPlan& plan) {
  reset(graph, runtime, options, plan);
  add_costs(graph, runtime, plan);
  switch (runtime.rules) {
    case RuntimeRules::kTinyNas:
      if (!plan_streaming(graph, runtime, options, only_within, plan)) return false;
      if (options.predict_instructions) predict_instructions(graph, runtime, plan);
      break;
    case RuntimeRules::kTinyEngine:
      plan_published(graph, runtime, plan);
      break;
    case RuntimeRules::kTflm:
      plan_tflm(graph, runtime, plan);
      break;
  }
  add_linked_costs(graph, runtime, plan);
#ifdef TINYNAS_DEBUG_CHECKS
  const std::string fault = runtime.rules == RuntimeRules::kTinyNas
                                ? execute_plan(graph, runtime, plan)
                                : check_plan(graph, runtime, plan);
  if (!fault.empty()) throw std::logic_error("plan_memory made an unsound plan: " + fault);
#endif
  return true;
}

}  // namespace

const char* input_mode_name(InputMode mode) {
  constexpr const char* kNames[] = {"resident", "rows", "external"};
  return kNames[static_cast<std::size_t>(mode)];
}

InputMode parse_input_mode(const std::string& name, const std::string& option) {
  std::vector<std::string> known;
  for (const InputMode mode : {InputMode::kResident, InputMode::kRows, InputMode::kExternal}) {
    if (name == input_mode_name(mode)) return mode;
    known.push_back(input_mode_name(mode));
  }
  throw BadInput(option + ": unknown input '" + name + "'" + did_you_mean(name, known) +
                 "; known: resident, rows, external");
}

const char* depthwise_rows_name(DepthwiseRows rows) {
  return rows == DepthwiseRows::kInt16 ? "int16" : "int8";
}

DepthwiseRows parse_depthwise_rows(const std::string& name, const std::string& option) {
  std::vector<std::string> known;
  for (const DepthwiseRows rows : {DepthwiseRows::kInt8, DepthwiseRows::kInt16}) {
    if (name == depthwise_rows_name(rows)) return rows;
    known.push_back(depthwise_rows_name(rows));
  }
  throw BadInput(option + ": unknown rows '" + name + "'" + did_you_mean(name, known) +
                 "; known: int8, int16");
}

void plan_memory(const Graph& graph, const RuntimeModel& runtime, const PlanOptions& options,
                 MemoryPlan& plan) {
  make_plan(graph, runtime, options, /*only_within=*/false, plan);
}

bool plan_memory_within(const Graph& graph, const RuntimeModel& runtime, const PlanOptions& options,
                        MemoryPlan& plan) {
  return make_plan(graph, runtime, options, /*only_within=*/true, plan) &&
         plan.peak_sram_bytes <= options.sram_budget_bytes;
}

MemoryPlan plan_memory(const Graph& graph, const RuntimeModel& runtime,
                       const PlanOptions& options) {
  MemoryPlan plan;
  plan_memory(graph, runtime, options, plan);
  return plan;
}

}  // namespace tinynas
