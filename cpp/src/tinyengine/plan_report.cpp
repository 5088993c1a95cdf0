#include "tinyengine/plan_report.h"

#include <algorithm>
#include <vector>

#include "tinynas/bytes.h"

namespace tinynas {
namespace {

/// How a tensor is held while op `index` runs.
const char* tensor_use(const Graph& graph, std::size_t index, std::int32_t tensor) {
  const Op& op = graph.ops[index];
  if (tensor == op.output) return "output";
  for (const std::int32_t input : graph.inputs(op)) {
    if (input == tensor) return "input";
  }
  return "held";
}

/// The output of an op that wrote over its input is the only record of both.
bool ran_in_place(const Graph& graph, const MemoryPlan& plan, std::size_t index) {
  const Op& op = graph.ops[index];
  return plan.tensor_records[graph.op_inputs[op.first_input]] == plan.tensor_records[op.output];
}

Json tensors_json(const Graph& graph, const MemoryPlan& plan, std::size_t index) {
  Json list = Json::array();
  const OpPlan& entry = plan.per_op[index];
  for (std::int32_t i = 0; i < entry.tensor_count; ++i) {
    const PlannedTensor& held = plan.op_tensors[entry.first_tensor + i];
    list.push_back({{"tensor", held.tensor},
                    {"name", tensor_name(graph, held.tensor)},
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
          {"tensors", tensors_json(graph, plan, index)}};
}

std::string padded(const std::string& text, std::size_t width, bool right) {
  const std::string fill(text.size() < width ? width - text.size() : 0, ' ');
  return right ? fill + text : text + fill;
}

/// Columns as wide as their widest cell; the first `left_columns` are words, the rest numbers.
std::string aligned(const std::vector<std::vector<std::string>>& rows, std::size_t left_columns,
                    const std::string& indent) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()), 0);
    for (std::size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], row[c].size());
  }
  std::string text;
  for (const auto& row : rows) {
    std::string line = indent;
    for (std::size_t c = 0; c < row.size(); ++c) {
      line += (c > 0 ? "  " : "") + padded(row[c], widths[c], c >= left_columns);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

std::vector<std::string> amount(const std::string& what, std::int64_t bytes) {
  return {what, format_count(bytes), format_bytes(bytes)};
}

/// Required, available, and what is free or too much, for SRAM and flash.
std::string verdict_text(const std::string& title, const MemoryPlan& plan,
                         const McuBudget& budget) {
  const Violation over = violation(plan.footprint(), budget);
  const auto row = [](const char* name, std::int64_t need, std::int64_t have, std::int64_t excess) {
    const std::string rest =
        excess > 0 ? format_bytes(excess) + " too much" : format_bytes(have - need) + " free";
    return std::vector<std::string>{name, format_bytes(need), format_bytes(have), rest};
  };
  return title + (over.fits() ? " fits " : " does not fit ") + budget.name + "\n" +
         aligned({{"", "required", "available", ""},
                  row("SRAM", plan.peak_sram_bytes, budget.sram_bytes, over.sram_bytes),
                  row("flash", plan.flash.total_bytes(), budget.flash_bytes, over.flash_bytes)},
                 1, "  ");
}

std::string breakdown_text(const MemoryPlan& plan) {
  const FlashBreakdown& flash = plan.flash;
  std::vector<std::vector<std::string>> rows = {
      amount("SRAM", plan.peak_sram_bytes),
      amount("  activations", plan.activation_bytes),
      amount("  column buffer (sbuf)", plan.column_buffer_bytes),
      amount("  kernel buffer (kbuf)", plan.kernel_buffer_bytes),
      amount("no layout under these rules needs less than", plan.lower_bound_bytes),
      amount("beside the arena: statics", plan.runtime_bytes)};
  if (plan.stack_bytes > 0) rows.push_back(amount("beside the arena: stack", plan.stack_bytes));
  rows.push_back(amount("flash", flash.total_bytes()));
  rows.push_back(amount("  weights", flash.weight_bytes));
  rows.push_back(amount("  bias", flash.bias_bytes));
  rows.push_back(amount("  quantisation", flash.quantisation_bytes));
  rows.push_back(amount(flash.code_is_estimate ? "  code (estimate)" : "  code", flash.code_bytes));
  return "Memory in bytes, runtime " + plan.runtime + "\n" + aligned(rows, 1, "  ");
}

std::string peak_text(const Graph& graph, const MemoryPlan& plan) {
  const auto index = static_cast<std::size_t>(plan.peak_op);
  const OpPlan& entry = plan.per_op[index];
  std::vector<std::vector<std::string>> rows;
  for (std::int32_t i = 0; i < entry.tensor_count; ++i) {
    const PlannedTensor& held = plan.op_tensors[entry.first_tensor + i];
    std::string use = tensor_use(graph, index, held.tensor);
    if (use == "output" && ran_in_place(graph, plan, index)) use = "output, over its input";
    const Shape& shape = graph.tensors[held.tensor].shape;
    rows.push_back(
        {tensor_name(graph, held.tensor), use,
         std::to_string(shape.h) + "x" + std::to_string(shape.w) + "x" + std::to_string(shape.c),
         format_count(held.bytes), "at " + format_count(held.offset_bytes)});
  }
  return "Peak operator: " + std::to_string(index) + " " + op_name(graph, index) + ", " +
         format_count(entry.live_bytes) + " bytes live\n" + aligned(rows, 2, "  ");
}

std::string operators_text(const Graph& graph, const MemoryPlan& plan) {
  std::vector<std::vector<std::string>> rows = {
      {"operator", "kind", "#", "output", "live", "scratch", "MACs", "weights", ""}};
  for (std::size_t i = 0; i < graph.ops.size(); ++i) {
    const OpPlan& entry = plan.per_op[i];
    const Shape& out = graph.out_shape(graph.ops[i]);
    rows.push_back(
        {op_name(graph, i), op_kind_name(graph.ops[i].kind), std::to_string(i),
         std::to_string(out.h) + "x" + std::to_string(out.w) + "x" + std::to_string(out.c),
         format_count(entry.live_bytes), format_count(entry.scratch_bytes),
         format_count(entry.macs), format_count(entry.weight_bytes),
         static_cast<std::int32_t>(i) == plan.peak_op ? "<- peak" : ""});
  }
  rows.push_back({"total", "", "", "", "", "", format_count(plan.macs),
                  format_count(plan.flash.weight_bytes), ""});
  return "Operators, in bytes\n" + aligned(rows, 2, "  ");
}

}  // namespace

Json plan_json(const Graph& graph, const MemoryPlan& plan, const McuBudget* budget) {
  Json document = {{"schema_version", 1},
                   {"runtime", plan.runtime},
                   {"fits", nullptr},
                   {"peak_sram_bytes", plan.peak_sram_bytes},
                   {"lower_bound_bytes", plan.lower_bound_bytes},
                   {"flash_bytes", plan.flash.total_bytes()},
                   {"macs", plan.macs},
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
                       {"code_bytes", plan.flash.code_bytes},
                       {"code_is_estimate", plan.flash.code_is_estimate}};
  document["mcu"] = nullptr;
  document["excess"] = nullptr;
  if (budget != nullptr) {
    const Violation over = violation(plan.footprint(), *budget);
    document["fits"] = over.fits();
    document["mcu"] = {{"name", budget->name},
                       {"sram_budget_bytes", budget->sram_bytes},
                       {"flash_budget_bytes", budget->flash_bytes}};
    document["excess"] = {{"sram_bytes", over.sram_bytes}, {"flash_bytes", over.flash_bytes}};
  }
  document["peak_operator"] = operator_json(graph, plan, static_cast<std::size_t>(plan.peak_op));
  document["operators"] = Json::array();
  for (std::size_t i = 0; i < graph.ops.size(); ++i) {
    document["operators"].push_back(operator_json(graph, plan, i));
  }
  return document;
}

std::string plan_text(const std::string& title, const Graph& graph, const MemoryPlan& plan,
                      const McuBudget* budget) {
  const std::string verdict = budget != nullptr ? verdict_text(title, plan, *budget) : title + "\n";
  return verdict + "\n" + breakdown_text(plan) + "\n" + peak_text(graph, plan) + "\n" +
         operators_text(graph, plan);
}

}  // namespace tinynas
