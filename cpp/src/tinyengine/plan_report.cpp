#include "tinyengine/plan_report.h"

#include <algorithm>
#include <cstdio>
#include <vector>

#include "base/percent.h"
#include "tinyengine/held_tensors.h"
#include "tinynas/bytes.h"

namespace tinynas {
namespace {

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
  std::vector<std::vector<std::string>> rows = {
      {"", "required", "available", ""},
      row("SRAM", plan.peak_sram_bytes, budget.sram_bytes, over.sram_bytes),
      row("flash", plan.flash.total_bytes(), budget.flash_bytes, over.flash_bytes)};
  if (budget.latency_ms) {
    const double need = plan.footprint().latency_ms, have = *budget.latency_ms;
    rows.push_back(
        {"latency", format_ms(need), format_ms(have),
         need > have ? format_ms(need - have) + " too much" : format_ms(have - need) + " free"});
  }
  return title + (over.fits() ? " fits " : " does not fit ") + budget.name + "\n" +
         aligned(rows, 1, "  ");
}

std::string code_title(const MemoryPlan& plan) {
  if (!plan.flash.code_is_estimate) return "  code";
  const bool nearest = !plan.kernel_core.empty() && plan.kernel_core != plan.core;
  return nearest ? "  code (estimate: of " + plan.kernel_core + ")" : "  code (estimate)";
}

std::string breakdown_text(const MemoryPlan& plan) {
  const FlashBreakdown& flash = plan.flash;
  std::vector<std::vector<std::string>> rows = {amount("SRAM", plan.peak_sram_bytes)};
  if (!plan.segments.empty()) {
    rows.push_back(amount("  activations", plan.activation_bytes));
    rows.push_back(amount("  scratch at the peak", plan.scratch_bytes));
  } else if (plan.column_buffer_bytes + plan.kernel_buffer_bytes == plan.scratch_bytes) {
    rows.push_back(amount("  activations", plan.activation_bytes));
    rows.push_back(amount("  column buffer (sbuf)", plan.column_buffer_bytes));
    rows.push_back(amount("  kernel buffer (kbuf)", plan.kernel_buffer_bytes));
  } else {
    rows.push_back(amount("  head: activations", plan.activation_bytes));
    rows.push_back(amount("  tail: the interpreter's own (model)", plan.scratch_bytes));
  }
  rows.push_back(amount("no layout of this schedule needs less than", plan.lower_bound_bytes));
  rows.push_back(amount("beside the arena: statics", plan.runtime_bytes));
  if (plan.stack_bytes > 0) rows.push_back(amount("beside the arena: stack", plan.stack_bytes));
  rows.push_back(amount("flash", flash.total_bytes()));
  rows.push_back(amount("  weights", flash.weight_bytes));
  rows.push_back(amount("  bias", flash.bias_bytes));
  rows.push_back(amount("  quantisation", flash.quantisation_bytes));
  if (!plan.kernel_core.empty()) rows.push_back(amount("  descriptors", flash.descriptor_bytes));
  rows.push_back(amount(code_title(plan), flash.code_bytes));
  if (plan.instructions > 0) {
    rows.push_back({"instructions an inference", format_count(plan.instructions),
                    "+-" + percent_text(plan.instruction_error, 1)});
  }
  std::string title = "Memory in bytes, runtime " + plan.runtime;
  if (!plan.kernel_core.empty()) title += ", on " + plan.core;
  if (!plan.segments.empty()) title += std::string(", image ") + input_mode_name(plan.input);
  if (plan.depthwise_rows != DepthwiseRows::kInt8) {
    title += std::string(", depthwise rows ") + depthwise_rows_name(plan.depthwise_rows);
  }
  return title + "\n" + aligned(rows, 1, "  ") +
         (plan.latency_ms ? "Latency " + latency_text(plan, 2) + "\n" : "");
}

std::string placement_kind(const Placement& place) {
  switch (place.kind) {
    case PlacementKind::kRing:
      return "ring of " + std::to_string(place.rows) + (place.wide ? " int16" : "") +
             (place.rows == 1 ? " row" : " rows");
    case PlacementKind::kScratch:
      return "column buffers";
    case PlacementKind::kAccumulators:
      return "sums of pooling";
    case PlacementKind::kWhole:
      break;
  }
  return "whole";
}

std::string shape_text(const Graph& graph, std::int32_t tensor) {
  if (tensor < 0) return "";
  const Shape& shape = graph.tensors[tensor].shape;
  return std::to_string(shape.h) + "x" + std::to_string(shape.w) + "x" + std::to_string(shape.c);
}

const Segment* segment_of(const MemoryPlan& plan, std::int32_t op) {
  for (const Segment& segment : plan.segments) {
    if (op >= segment.first_op && op < segment.end_op) return &segment;
  }
  return nullptr;
}

std::string segment_name(const Graph& graph, const Segment& segment) {
  const std::string first = op_name(graph, static_cast<std::size_t>(segment.first_op));
  if (segment.end_op - segment.first_op == 1) return first;
  return first + " to " + op_name(graph, static_cast<std::size_t>(segment.end_op - 1));
}

std::string peak_text(const Graph& graph, const MemoryPlan& plan) {
  const auto index = static_cast<std::size_t>(plan.peak_op);
  const OpPlan& entry = plan.per_op[index];
  const Segment* segment = segment_of(plan, plan.peak_op);
  std::vector<std::vector<std::string>> rows;
  if (segment != nullptr) {
    for (const Placement& place : plan.placements) {
      if (place.first_op >= segment->end_op || place.end_op <= segment->first_op) continue;
      rows.push_back({held_name(graph, place.first_tensor), placement_kind(place),
                      shape_text(graph, place.first_tensor), format_count(place.bytes),
                      "at " + format_count(place.offset_bytes)});
    }
    return "Peak: operators " + std::to_string(segment->first_op) + " to " +
           std::to_string(segment->end_op - 1) + ", " + segment_name(graph, *segment) + ", " +
           format_count(segment->bound_bytes) + " bytes\n" + aligned(rows, 2, "  ");
  }
  for (std::int32_t i = 0; i < entry.tensor_count; ++i) {
    const PlannedTensor& held = plan.op_tensors[entry.first_tensor + i];
    std::string use = tensor_use(graph, index, held.tensor);
    if (use == "output" && ran_in_place(graph, plan, index)) use = "output, over its input";
    rows.push_back({held_name(graph, held.tensor), use, shape_text(graph, held.tensor),
                    format_count(held.bytes), "at " + format_count(held.offset_bytes)});
  }
  return "Peak operator: " + std::to_string(index) + " " + op_name(graph, index) + ", " +
         format_count(entry.live_bytes) + " bytes live\n" + aligned(rows, 2, "  ");
}

/// The segments that stream several operators; the others run layer by layer.
std::string segments_text(const Graph& graph, const MemoryPlan& plan) {
  std::vector<std::vector<std::string>> rows = {{"segment", "how", "operators", "needs", "rings"}};
  for (const Segment& segment : plan.segments) {
    if (segment.end_op - segment.first_op == 1 && !segment.has_patches()) continue;
    std::int64_t rings = 0;
    for (const Placement& place : plan.placements) {
      const bool here = place.first_op == segment.first_op && place.end_op == segment.end_op;
      if (here && place.kind == PlacementKind::kRing) rings += place.bytes;
    }
    std::string how = segment.bottom_up ? "rows, bottom-up" : "rows";
    if (segment.has_patches()) {
      how = std::to_string(segment.patch_rows) + "x" + std::to_string(segment.patch_columns) +
            " patches";
    }
    rows.push_back({segment_name(graph, segment), how,
                    std::to_string(segment.first_op) + "-" + std::to_string(segment.end_op - 1),
                    format_count(segment.bound_bytes), format_count(rings)});
  }
  if (rows.size() == 1) return "";
  return "Operators that stream rows together, in bytes; all others run layer by layer\n" +
         aligned(rows, 2, "  ") + "\n";
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

std::string format_ms(double ms) {
  char text[32];
  std::snprintf(text, sizeof text, ms < 10 ? "%.2f ms" : "%.1f ms", ms);
  return text;
}

std::string latency_text(const MemoryPlan& plan, std::size_t indent) {
  std::string text = format_ms(plan.latency_ms->low_ms) + " to " +
                     format_ms(plan.latency_ms->high_ms) + "; " + plan.latency_source;
  for (std::size_t at = text.find("; "); at != std::string::npos; at = text.find("; ", at)) {
    text.replace(at, 2, "\n" + std::string(indent, ' '));
  }
  return text;
}

std::string front_text(const Graph& graph, const std::vector<FrontPoint>& front) {
  const auto macs = static_cast<double>(graph_macs(graph));
  std::vector<std::vector<std::string>> rows = {
      {"patches", "of operators", "depthwise rows", "SRAM", "MACs", "", "widened"}};
  for (const FrontPoint& point : front) {
    char ratio[32];
    std::snprintf(ratio, sizeof ratio, "%.2fx", static_cast<double>(point.macs) / macs);
    const bool patches = point.patch_end_op > 0;
    rows.push_back(
        {patches ? std::to_string(point.patch_rows) + "x" + std::to_string(point.patch_columns)
                 : "none",
         patches ? "0-" + std::to_string(point.patch_end_op - 1) : "",
         depthwise_rows_name(point.depthwise_rows), format_count(point.peak_sram_bytes),
         format_count(point.macs), ratio, format_count(point.widened_elements)});
  }
  return "Memory in bytes against MACs and elements that depthwise kernels widen to int16\n" +
         aligned(rows, 3, "  ");
}

std::string runtimes_text(const std::vector<MemoryPlan>& plans, const McuBudget* budget) {
  std::vector<std::vector<std::string>> rows = {{"runtime", "", "SRAM", "flash", "MACs"}};
  for (const MemoryPlan& plan : plans) {
    const bool fits = budget != nullptr && violation(plan.footprint(), *budget).fits();
    rows.push_back({plan.runtime,
                    budget == nullptr ? ""
                    : fits            ? "fits"
                                      : "does not fit",
                    format_count(plan.peak_sram_bytes), format_count(plan.flash.total_bytes()),
                    format_count(plan.macs)});
  }
  return "The same network under each runtime, in bytes\n" + aligned(rows, 2, "  ");
}

std::string relief_text(const Network& network, const RuntimeModel& runtime,
                        const MemoryPlan& plan) {
  const Graph& graph = network.under(runtime);
  std::vector<std::vector<std::string>> rows;
  const auto offer = [&](const std::string& what, std::int64_t bytes, const std::string& price) {
    if (bytes >= plan.peak_sram_bytes) return;
    rows.push_back(
        {what, price, format_count(bytes), "-" + format_count(plan.peak_sram_bytes - bytes)});
  };
  if (runtime.rules != RuntimeRules::kTinyNas) {
    const RuntimeModel ours = find_runtime(kDefaultRuntime, plan.core);
    offer("--runtime tinynas", plan_memory(network.graph, ours).peak_sram_bytes, "");
  } else {
    for (const InputMode input : {InputMode::kRows, InputMode::kExternal}) {
      PlanOptions options;
      options.input = input;
      options.depthwise_rows = plan.depthwise_rows;
      if (input == plan.input) continue;
      offer(std::string("--input ") + input_mode_name(input),
            plan_memory(graph, runtime, options).peak_sram_bytes,
            input == InputMode::kRows ? "the camera delivers rows" : "the image lies elsewhere");
    }
    if (plan.depthwise_rows == DepthwiseRows::kInt16) {
      PlanOptions options;
      options.input = plan.input;
      offer("--depthwise-rows int8", plan_memory(graph, runtime, options).peak_sram_bytes,
            "depthwise widens its rows");
    }
    const auto front = memory_macs_front(graph, runtime, plan.input);
    const auto smallest =
        std::min_element(front.begin(), front.end(), [](const FrontPoint& a, const FrontPoint& b) {
          return a.peak_sram_bytes < b.peak_sram_bytes;
        });
    if (smallest->patch_end_op > 0) {
      char price[64];
      std::snprintf(price, sizeof price, "%.2fx the MACs",
                    static_cast<double>(smallest->macs) / static_cast<double>(plan.macs));
      offer("patches", smallest->peak_sram_bytes, price);
    }
  }
  std::string text;
  const std::int64_t image = graph.tensors[graph.input].bytes();
  if (plan.input == InputMode::kResident && 2 * image > plan.peak_sram_bytes) {
    text += "  the image itself is " + format_count(image) + " of " +
            format_count(plan.peak_sram_bytes) + " bytes: a smaller resolution shrinks both\n";
  }
  std::size_t heaviest = 0;
  for (std::size_t i = 0; i < plan.per_op.size(); ++i) {
    if (plan.per_op[i].weight_bytes > plan.per_op[heaviest].weight_bytes) heaviest = i;
  }
  const std::int64_t weights = plan.per_op[heaviest].weight_bytes;
  if (5 * weights > plan.flash.weight_bytes) {
    text += "  flash: " + op_name(graph, heaviest) + " holds " + format_count(weights) + " of " +
            format_count(plan.flash.weight_bytes) + " bytes of weights\n";
  }
  if (!rows.empty()) text = aligned(rows, 2, "  ") + text;
  return text.empty() ? "" : "What would relieve it, SRAM in bytes\n" + text;
}

std::string left_out_text(const Network& network, const RuntimeModel& runtime) {
  if (network.left_out.empty() || &network.under(runtime) != &network.graph) return "";
  std::string text;
  for (const std::string& what : network.left_out) text += (text.empty() ? "" : ", ") + what;
  return "\nOf the file's operators these need no kernel: " + text + "\n";
}

std::string plan_text(const std::string& title, const Graph& graph, const MemoryPlan& plan,
                      const McuBudget* budget) {
  const std::string verdict = budget != nullptr ? verdict_text(title, plan, *budget) : title + "\n";
  return verdict + "\n" + breakdown_text(plan) + "\n" + peak_text(graph, plan) + "\n" +
         segments_text(graph, plan) + operators_text(graph, plan);
}

}  // namespace tinynas
