#include "tinyengine/streaming_plan.h"

#include <algorithm>

#include "tinyengine/kernel_costs.h"
#include "tinyengine/patches.h"
#include "tinyengine/plan_builder.h"
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
  GraphFacts facts;
  SegmentTable table;
  std::vector<std::int64_t> suffix;
  Cuts cuts, other_cuts;
  PlanBuilder builder;
};

/// An op that runs once, on whole tensors, cannot take the rows of a camera as they come.
bool image_can_stream(const Graph& graph) {
  for (const Op& op : graph.ops) {
    for (const std::int32_t t : graph.inputs(op)) {
      if (t == graph.input && !op_streams(graph, op)) return false;
    }
  }
  return true;
}

/// Costs of all segments and suffixes. Returns how the image is held: rows from a camera need all
/// readers of the image in one segment; where none can be, the image is gathered whole first.
InputMode prepare(Workspace& work, const Graph& graph, const RuntimeModel& runtime,
                  InputMode input) {
  if (input == InputMode::kRows && !image_can_stream(graph)) input = InputMode::kResident;
  work.facts.build(graph, runtime);
  work.table.build(graph, work.facts, input);
  suffix_peaks(work.table, work.suffix);
  if (input != InputMode::kRows || work.suffix[0] != kNoSegment) return input;
  return prepare(work, graph, runtime, InputMode::kResident);
}

void build_point(Workspace& work, const Graph& graph, InputMode input, const FrontPoint& point,
                 MemoryPlan& plan) {
  const std::int64_t limit =
      point.patch_end_op > 0 ? work.suffix[point.patch_end_op] : work.suffix[0];
  simplest_cuts(work.table, point.patch_end_op, std::max(limit, point.peak_sram_bytes), work.cuts);
  work.builder.build(graph, work.facts, work.table, input, point, work.cuts, plan);
  if (plan.peak_sram_bytes <= plan.lower_bound_bytes) return;
  const std::int64_t simplest_peak = plan.peak_sram_bytes;
  roomiest_cuts(work.table, work.suffix, point.patch_end_op, work.other_cuts);
  work.builder.build(graph, work.facts, work.table, input, point, work.other_cuts, plan);
  if (plan.peak_sram_bytes <= simplest_peak) return;
  work.builder.build(graph, work.facts, work.table, input, point, work.cuts, plan);
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

}  // namespace

void plan_streaming(const Graph& graph, const RuntimeModel& runtime, const PlanOptions& options,
                    MemoryPlan& plan) {
  thread_local Workspace work;
  const InputMode input = prepare(work, graph, runtime, options.input);
  FrontPoint point;
  point.peak_sram_bytes = work.suffix[0];
  build_point(work, graph, input, point, plan);
  // Patches only where they are asked for and may help.
  const bool too_large =
      options.sram_budget_bytes >= 0 && plan.peak_sram_bytes > options.sram_budget_bytes;
  if (too_large && sram_lower_bound(graph, runtime, input) < plan.peak_sram_bytes) {
    const auto front = find_front(graph, work.facts, work.table, input, work.suffix);
    for (std::size_t i = 0; i < front.size(); ++i) {
      if (front[i].patch_end_op == 0) continue;
      const bool last = i + 1 == front.size();
      if (!last && front[i].peak_sram_bytes > options.sram_budget_bytes) continue;
      point = front[i];
      build_point(work, graph, input, point, plan);
      if (plan.peak_sram_bytes <= options.sram_budget_bytes) break;
    }
  }
  add_extra_macs(graph, point, plan);
  list_live(graph, plan);
}

bool plan_choice(const Graph& graph, const RuntimeModel& runtime, InputMode input,
                 const FrontPoint& point, std::span<const std::int32_t> cuts, MemoryPlan& plan) {
  thread_local Workspace work;
  const InputMode delivered = prepare(work, graph, runtime, input);
  if (cuts.empty()) {
    build_point(work, graph, delivered, point, plan);
  } else {
    for (std::size_t i = 0; i + 1 < cuts.size(); ++i) {
      if (work.table.bytes(cuts[i], cuts[i + 1]) == kNoSegment) return false;
    }
    work.cuts.cuts.assign(cuts.begin(), cuts.end());
    work.builder.build(graph, work.facts, work.table, delivered, point, work.cuts, plan);
  }
  add_extra_macs(graph, point, plan);
  list_live(graph, plan);
  return true;
}

std::vector<FrontPoint> memory_macs_front(const Graph& graph, const RuntimeModel& runtime,
                                          InputMode input) {
  if (runtime.rules != RuntimeRules::kTinyNas) {
    const MemoryPlan plan = plan_memory(graph, runtime);
    return {FrontPoint{plan.peak_sram_bytes, plan.macs, 0, 1, 1}};
  }
  thread_local Workspace work;
  const InputMode delivered = prepare(work, graph, runtime, input);
  return find_front(graph, work.facts, work.table, delivered, work.suffix);
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
