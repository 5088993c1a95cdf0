#include "tinyengine/streaming_plan.h"

#include <algorithm>
#include <numeric>
#include <optional>

#include "tinyengine/kernel_costs.h"
#include "tinyengine/patches.h"
#include "tinyengine/plan_builder.h"
#include "tinyengine/plan_front.h"
#include "tinyengine/row_recurrence.h"
#include "tinyengine/segment_table.h"
#include "tinyengine/storage_records.h"

namespace tinynas {
namespace {

/// Bytes of the arena that some placement holds during a segment, and the list of these.
void list_live(const Graph& graph, MemoryPlan& plan) {
  thread_local std::vector<std::pair<std::int64_t, std::int64_t>> spans;
  plan.op_tensors.clear();
  plan.peak_op = 0;
  plan.scratch_bytes = 0;
  std::int64_t most = -1;
  for (const Segment& segment : plan.segments) {
    spans.clear();
    std::int64_t scratch = 0;
    const auto first_listed = static_cast<std::int32_t>(plan.op_tensors.size());
    for (const Placement& placement : plan.placements) {
      if (placement.first_op >= segment.end_op || placement.end_op <= segment.first_op) continue;
      if (placement.kind == PlacementKind::kScratch) {
        scratch = placement.bytes;
      } else {
        spans.push_back({placement.offset_bytes, placement.offset_bytes + placement.bytes});
      }
      plan.op_tensors.push_back({placement.first_tensor, placement.offset_bytes, placement.bytes});
    }
    const auto listed = static_cast<std::int32_t>(plan.op_tensors.size()) - first_listed;
    std::sort(spans.begin(), spans.end());
    std::int64_t live = 0, reached = 0;
    for (const auto& [begin, end] : spans) {
      live += std::max<std::int64_t>(0, end - std::max(begin, reached));
      reached = std::max(reached, end);
    }
    for (std::int32_t i = segment.first_op; i < segment.end_op; ++i) {
      plan.per_op[i].live_bytes = live;
      plan.per_op[i].first_tensor = first_listed;
      plan.per_op[i].tensor_count = listed;
    }
    if (segment.bound_bytes > most) {
      most = segment.bound_bytes;
      plan.peak_op = segment.first_op;
      plan.scratch_bytes = scratch;
      for (std::int32_t i = segment.first_op; i < segment.end_op; ++i) {
        if (graph.tensors[graph.ops[i].output].bytes() >
            graph.tensors[graph.ops[plan.peak_op].output].bytes()) {
          plan.peak_op = i;
        }
      }
    }
  }
  plan.activation_bytes = plan.peak_sram_bytes - plan.scratch_bytes;
}

struct Workspace {
  Schedules schedules;
  Cuts cuts, other_cuts;
  PlanBuilder builder;
};

void build_point(Workspace& work, const Graph& graph, InputMode input, const FrontPoint& point,
                 MemoryPlan& plan) {
  Schedule& schedule = work.schedules.of(point.depthwise_rows);
  const auto build = [&](const Cuts& cuts) {
    work.builder.build(graph, schedule.facts, schedule.table, input, point, cuts, plan);
  };
  schedule.cut_rest(graph, point, work.cuts);
  build(work.cuts);
  if (plan.peak_sram_bytes <= plan.lower_bound_bytes) return;
  const std::int64_t simplest_peak = plan.peak_sram_bytes;
  roomiest_cuts(schedule.table, schedule.suffix, point.patch_end_op, work.other_cuts);
  build(work.other_cuts);
  if (plan.peak_sram_bytes > simplest_peak) build(work.cuts);
}

/// Costs of computing again: MACs of the op's regions over all tiles.
void add_extra_macs(const Graph& graph, const FrontPoint& point, MemoryPlan& plan) {
  if (point.patch_end_op == 0) return;
  TileAxis rows, columns;
  measure_tiles(graph, point.patch_end_op, false, point.patch_rows, rows);
  measure_tiles(graph, point.patch_end_op, true, point.patch_columns, columns);
  for (std::int32_t i = 0; i < point.patch_end_op; ++i) {
    const Shape& shape = graph.out_shape(graph.ops[i]);
    const std::int64_t pixels = std::int64_t{shape.h} * shape.w;
    const std::int32_t out = graph.ops[i].output;
    const std::int64_t macs = plan.per_op[i].macs / pixels * (rows.total[out] * columns.total[out]);
    plan.extra_macs += macs - plan.per_op[i].macs;
    plan.per_op[i].macs = macs;
  }
  plan.macs += plan.extra_macs;
}

/// `plain`, the preferred point without extra MACs, does not do; `plan` is it, if `is_built`. The
/// first point that fits, by MACs, then by widened elements, else the smallest, or nothing where
/// `only_within` the budget. Returns what `plan` is then.
std::optional<FrontPoint> fit_budget(Workspace& work, const Graph& graph,
                                     const RuntimeModel& runtime, InputMode input,
                                     const PlanOptions& options, const FrontPoint& plain,
                                     bool is_built, bool only_within, MemoryPlan& plan) {
  const std::int64_t budget = options.sram_budget_bytes;
  std::vector<FrontPoint> points;
  if (options.depthwise_rows == DepthwiseRows::kInt8) {
    const Schedule& schedule = work.schedules.of(DepthwiseRows::kInt8);
    points = find_patches(graph, schedule.facts, schedule.table, input, schedule.suffix, budget);
  } else {
    points = work.schedules.whole_front(graph, runtime, input);
  }
  std::stable_sort(points.begin(), points.end(), [](const FrontPoint& a, const FrontPoint& b) {
    return a.macs != b.macs ? a.macs < b.macs : a.widened_elements < b.widened_elements;
  });
  std::optional<FrontPoint> built;
  if (is_built) built = plain;
  for (const FrontPoint& point : points) {
    if (point.peak_sram_bytes > budget) continue;
    build_point(work, graph, input, point, plan);
    built = point;
    if (plan.peak_sram_bytes <= budget) return built;
  }
  const auto smallest =
      std::min_element(points.begin(), points.end(), [](const FrontPoint& a, const FrontPoint& b) {
        return a.peak_sram_bytes < b.peak_sram_bytes;
      });
  if (smallest != points.end() && smallest->peak_sram_bytes > budget) built.reset();
  if (built && (!only_within || plan.peak_sram_bytes <= budget)) return built;
  if (only_within) return std::nullopt;
  const FrontPoint& chosen = smallest == points.end() ? plain : *smallest;
  build_point(work, graph, input, chosen, plan);
  return chosen;
}

}  // namespace

bool plan_streaming(const Graph& graph, const RuntimeModel& runtime, const PlanOptions& options,
                    bool only_within, MemoryPlan& plan) {
  thread_local Workspace work;
  const bool wide_rows = options.depthwise_rows == DepthwiseRows::kInt16;
  const std::int64_t budget = options.sram_budget_bytes;
  Schedule& schedule = work.schedules.of(options.depthwise_rows);
  // int16 rows look beyond the budget for what widens less.
  const bool bounded = only_within && !wide_rows && !options.layer_by_layer;
  const InputMode input = schedule.build(graph, runtime, options.input, options.depthwise_rows,
                                         bounded ? budget : kBeyondLimit);
  FrontPoint point;
  point.depthwise_rows = options.depthwise_rows;
  if (options.layer_by_layer) {
    work.cuts.cuts.resize(graph.ops.size() + 1);
    std::iota(work.cuts.cuts.begin(), work.cuts.cuts.end(), 0);
    work.builder.build(graph, schedule.facts, schedule.table, input, point, work.cuts, plan);
    list_live(graph, plan);
    return true;
  }
  point.peak_sram_bytes = schedule.suffix[0];
  if (wide_rows) {
    const std::int64_t limit = budget >= schedule.suffix[0] ? budget : kBeyondLimit;
    point.peak_sram_bytes = schedule.least_peak(graph, limit);
  }
  // Other ways only where they are asked for and may help; what is too large by its bound is not
  // even placed.
  const bool may_fit = wide_rows || budget < 0 || point.peak_sram_bytes <= budget;
  if (may_fit) build_point(work, graph, input, point, plan);
  const std::int64_t peak = may_fit ? plan.peak_sram_bytes : point.peak_sram_bytes;
  const bool too_large =
      budget >= 0 && peak > budget && sram_lower_bound(graph, runtime, input) < peak;
  const auto has_wide_ring = [&] {
    return std::any_of(plan.placements.begin(), plan.placements.end(),
                       [](const Placement& place) { return place.wide; });
  };
  if (too_large || (wide_rows && budget >= 0 && !has_wide_ring())) {
    const auto fitted =
        fit_budget(work, graph, runtime, input, options, point, may_fit, only_within, plan);
    if (!fitted) return false;
    point = *fitted;
  } else if (!may_fit) {
    if (only_within) return false;
    build_point(work, graph, input, point, plan);
  }
  add_extra_macs(graph, point, plan);
  list_live(graph, plan);
  return true;
}

bool plan_choice(const Graph& graph, const RuntimeModel& runtime, InputMode input,
                 const FrontPoint& point, std::span<const std::int32_t> cuts, MemoryPlan& plan) {
  thread_local Workspace work;
  Schedule& schedule = work.schedules.of(point.depthwise_rows);
  const InputMode delivered = schedule.build(graph, runtime, input, point.depthwise_rows);
  if (cuts.empty()) {
    build_point(work, graph, delivered, point, plan);
  } else {
    for (std::size_t i = 0; i + 1 < cuts.size(); ++i) {
      if (schedule.table.bytes(cuts[i], cuts[i + 1]) == kNoSegment) return false;
    }
    work.cuts.cuts.assign(cuts.begin(), cuts.end());
    work.builder.build(graph, schedule.facts, schedule.table, delivered, point, work.cuts, plan);
  }
  add_extra_macs(graph, point, plan);
  list_live(graph, plan);
  return true;
}

std::vector<FrontPoint> memory_macs_front(const Graph& graph, const RuntimeModel& runtime,
                                          InputMode input) {
  if (runtime.rules != RuntimeRules::kTinyNas) {
    const MemoryPlan plan = plan_memory(graph, runtime);
    FrontPoint point;
    point.peak_sram_bytes = plan.peak_sram_bytes;
    point.macs = plan.macs;
    return {point};
  }
  thread_local Schedules schedules;
  return schedules.whole_front(graph, runtime, input);
}

std::int64_t sram_lower_bound(const Graph& graph, const RuntimeModel& runtime, InputMode input) {
  if (runtime.rules != RuntimeRules::kTinyNas) return 0;
  const std::int64_t alignment = runtime.tensor_alignment_bytes;
  const auto whole = [&](std::int32_t tensor) {
    return align_up(graph.tensors[tensor].bytes(), alignment);
  };
  const bool resident = input == InputMode::kResident;
  std::int64_t bound = 0;
  for (std::size_t t = 0; t < graph.tensors.size(); ++t) {
    const auto tensor = static_cast<std::int32_t>(t);
    if (graph.is_output(tensor) && (resident || tensor != graph.input)) bound += whole(tensor);
  }
  if (!resident || graph.ops.empty()) return bound;
  // The whole image is there while the first op makes its first pixel, which may lie over the pixel
  // that was just read, or over rows at the end that nobody reads.
  const Op& first = graph.ops[0];
  const bool over_image = op_is_pixelwise(graph, first) ||
                          end_padding(graph.in_shape(first).h, graph.out_shape(first).h,
                                      first.kernel_h, first.stride_h, first.pad_top) < 0;
  std::int64_t start = graph.tensors[graph.input].bytes();
  if (!over_image) start += graph.out_shape(first).c;
  // Patches can be so narrow that the kernel sees one column.
  start += row_kernel_scratch(graph, first, 1);
  return std::max(bound, align_up(start, alignment));
}

}  // namespace tinynas
