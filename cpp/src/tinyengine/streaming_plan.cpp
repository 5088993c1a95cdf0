#include "tinyengine/streaming_plan.h"

#include <algorithm>

#include "tinyengine/arena_solver.h"
#include "tinyengine/kernel_costs.h"
#include "tinyengine/patches.h"
#include "tinyengine/plan_front.h"
#include "tinyengine/row_recurrence.h"
#include "tinyengine/segment_table.h"
#include "tinyengine/storage_records.h"

namespace tinynas {
namespace {

/// A schedule turned into placements, and these into offsets.
class PlanBuilder {
 public:
  void build(const Graph& graph, const GraphFacts& facts, SegmentTable& table, InputMode input,
             const FrontPoint& point, const Cuts& cuts, MemoryPlan& plan);

 private:
  void add_segments(const FrontPoint& point, const Cuts& cuts);
  void add_whole(std::int32_t tensor, std::int32_t first_segment);
  void add_rings(std::int32_t segment);
  void add_image();
  void add_overlaps(std::int32_t segment);
  void place();
  void set_directions();
  Placement& add(PlacementKind kind, std::int32_t tensor, std::int64_t bytes, std::int32_t first,
                 std::int32_t last);
  std::int32_t segment_of(std::int32_t op) const;

  const Graph* graph_ = nullptr;
  const GraphFacts* facts_ = nullptr;
  SegmentTable* table_ = nullptr;
  MemoryPlan* plan_ = nullptr;
  TileAxis rows_, columns_;  ///< of the segment in patches
  std::vector<ArenaRecord> records_;
  std::vector<ArenaOverlap> overlaps_;
  std::vector<std::int32_t> overlap_segments_;  ///< parallel to overlaps_
  std::vector<OverlapGap> gaps_;
};

std::int32_t PlanBuilder::segment_of(std::int32_t op) const {
  const auto after =
      std::upper_bound(plan_->segments.begin(), plan_->segments.end(), op,
                       [](std::int32_t o, const Segment& segment) { return o < segment.end_op; });
  const auto index = static_cast<std::int32_t>(after - plan_->segments.begin());
  return std::min(index, static_cast<std::int32_t>(plan_->segments.size()) - 1);
}

Placement& PlanBuilder::add(PlacementKind kind, std::int32_t tensor, std::int64_t bytes,
                            std::int32_t first, std::int32_t last) {
  Placement& placement = plan_->placements.emplace_back();
  placement.kind = kind;
  placement.first_tensor = tensor;
  placement.bytes = bytes;
  placement.first_op = plan_->segments[first].first_op;
  placement.end_op = plan_->segments[last].end_op;
  records_.push_back({bytes, first, last + 1, 0});
  return placement;
}

void PlanBuilder::add_whole(std::int32_t tensor, std::int32_t first_segment) {
  plan_->tensor_records[tensor] = static_cast<std::int32_t>(plan_->placements.size());
  const TensorFacts& facts = facts_->tensors[tensor];
  Placement& whole =
      add(PlacementKind::kWhole, tensor, facts.bytes, first_segment, segment_of(facts.last_op));
  whole.rows = graph_->tensors[tensor].shape.h;
  whole.row_bytes = facts.row_bytes;
}

void PlanBuilder::add_image() {
  const std::int32_t image = graph_->input;
  const TensorFacts& facts = facts_->tensors[image];
  if (plan_->input == InputMode::kExternal) return;
  if (plan_->input == InputMode::kResident) {
    add_whole(image, 0);
    return;
  }
  const std::int32_t segment = facts.use_count > 0 ? segment_of(facts.last_op) : 0;
  const bool patches = plan_->segments[segment].has_patches();
  plan_->tensor_records[image] = static_cast<std::int32_t>(plan_->placements.size());
  const std::int32_t rows = patches ? rows_.largest[image] : facts.ring_rows;
  const std::int64_t row = align_up(facts.row_bytes, facts_->alignment_bytes);
  Placement& ring = add(PlacementKind::kRing, image, rows * row, segment, segment);
  ring.rows = rows;
  ring.row_bytes = row;
}

void PlanBuilder::add_rings(std::int32_t index) {
  const Segment segment = plan_->segments[index];
  std::int64_t scratch = 0;
  for (std::int32_t i = segment.first_op; i < segment.end_op; ++i) {
    const Op& op = graph_->ops[i];
    const std::int32_t in = graph_->inputs(op)[0];
    const auto columns = [&](std::int32_t tensor) {
      return segment.has_patches() ? columns_.largest[tensor] : graph_->tensors[tensor].shape.w;
    };
    const bool wide_input = facts_->reads_wide(*graph_, i, segment.first_op);
    const std::int64_t op_scratch =
        wide_input
            ? 0
            : align_up(row_kernel_scratch(*graph_, op, columns(in)), facts_->alignment_bytes);
    plan_->per_op[i].scratch_bytes = op_scratch;
    scratch = std::max(scratch, op_scratch);
    const bool camera = in == graph_->input && plan_->input == InputMode::kRows;
    if (facts_->ops[i].accumulates && (facts_->tensors[in].writer >= segment.first_op || camera)) {
      add(PlacementKind::kAccumulators, op.output,
          accumulator_bytes(*graph_, op, columns(op.output)), index, index);
    }
    if (i + 1 == segment.end_op) continue;
    const TensorFacts& out = facts_->tensors[op.output];
    if (out.over_input && facts_->tensors[in].writer >= segment.first_op) {
      plan_->over_input[op.output] = 1;
      plan_->tensor_records[op.output] = plan_->tensor_records[in];
      continue;
    }
    plan_->tensor_records[op.output] = static_cast<std::int32_t>(plan_->placements.size());
    const std::int64_t bytes = ring_bytes(*graph_, *facts_, op.output, columns(op.output));
    Placement& ring = add(PlacementKind::kRing, op.output, bytes, index, index);
    ring.rows = out.ring_rows;
    ring.row_bytes = bytes / out.ring_rows;
    ring.wide = out.wide;
  }
  if (scratch > 0) add(PlacementKind::kScratch, -1, scratch, index, index);
}

void PlanBuilder::add_overlaps(std::int32_t index) {
  const Segment& segment = plan_->segments[index];
  if (segment.has_patches()) return;
  table_->find_overlaps(*graph_, *facts_, plan_->input, segment.first_op, segment.end_op, gaps_);
  const std::int32_t output = graph_->ops[segment.end_op - 1].output;
  const std::int64_t out = facts_->tensors[output].bytes;
  for (const OverlapGap& gap : gaps_) {
    const std::int64_t in = facts_->tensors[gap.input].bytes;
    ArenaOverlap overlap;
    overlap.a = plan_->tensor_records[gap.input];
    overlap.b = plan_->tensor_records[output];
    overlap.a_above_b = std::min(out, gap.above[kTopDown]);
    overlap.b_above_a = in;
    if (gaps_.size() == 1) overlap.b_above_a = std::min(in, gap.above[kBottomUp]);
    if (overlap.a_above_b >= out && overlap.b_above_a >= in) continue;
    overlaps_.push_back(overlap);
    overlap_segments_.push_back(index);
  }
}

void PlanBuilder::set_directions() {
  for (std::size_t i = 0; i < overlaps_.size(); ++i) {
    const ArenaOverlap& overlap = overlaps_[i];
    const std::int64_t in = records_[overlap.a].offset_bytes;
    const std::int64_t out = records_[overlap.b].offset_bytes;
    const bool apart =
        in + records_[overlap.a].bytes <= out || out + records_[overlap.b].bytes <= in;
    plan_->segments[overlap_segments_[i]].bottom_up = !apart && in < out + overlap.a_above_b;
  }
}

void PlanBuilder::place() {
  ArenaOptions options;
  options.alignment_bytes = facts_->alignment_bytes;
  options.lower_bound_bytes = plan_->lower_bound_bytes;
  plan_->peak_sram_bytes = solve_arena(records_, overlaps_, options).arena_bytes;
  for (std::size_t r = 0; r < records_.size(); ++r) {
    plan_->placements[r].offset_bytes = records_[r].offset_bytes;
  }
}

void PlanBuilder::add_segments(const FrontPoint& point, const Cuts& cuts) {
  if (point.patch_end_op > 0) {
    measure_tiles(*graph_, point.patch_end_op, false, point.patch_rows, rows_);
    measure_tiles(*graph_, point.patch_end_op, true, point.patch_columns, columns_);
    Segment& patched = plan_->segments.emplace_back();
    patched.end_op = point.patch_end_op;
    patched.patch_rows = point.patch_rows;
    patched.patch_columns = point.patch_columns;
    patched.bound_bytes = patch_stage_bytes(*graph_, *facts_, *table_, plan_->input,
                                            point.patch_end_op, rows_, columns_);
  }
  for (std::size_t i = 0; i + 1 < cuts.cuts.size(); ++i) {
    Segment& segment = plan_->segments.emplace_back();
    segment.first_op = cuts.cuts[i];
    segment.end_op = cuts.cuts[i + 1];
    segment.bound_bytes = table_->bytes(segment.first_op, segment.end_op);
  }
  plan_->lower_bound_bytes = 0;
  for (const Segment& segment : plan_->segments) {
    plan_->lower_bound_bytes = std::max(plan_->lower_bound_bytes, segment.bound_bytes);
  }
}

void PlanBuilder::build(const Graph& graph, const GraphFacts& facts, SegmentTable& table,
                        InputMode input, const FrontPoint& point, const Cuts& cuts,
                        MemoryPlan& plan) {
  graph_ = &graph;
  facts_ = &facts;
  table_ = &table;
  plan_ = &plan;
  plan.input = input;
  plan.depthwise_rows = facts.depthwise_rows;
  plan.widened_elements = widened_elements(graph, facts, point, cuts);
  plan.placements.clear();
  plan.segments.clear();
  plan.tensor_records.assign(graph.tensors.size(), -1);
  plan.over_input.assign(graph.tensors.size(), 0);
  records_.clear();
  overlaps_.clear();
  overlap_segments_.clear();
  add_segments(point, cuts);
  add_image();
  for (std::int32_t s = 0; s < static_cast<std::int32_t>(plan.segments.size()); ++s) {
    add_rings(s);
    add_whole(graph.ops[plan.segments[s].end_op - 1].output, s);
    add_overlaps(s);
  }
  place();
  set_directions();
}

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

/// What is known of a graph under one kind of depthwise rows.
struct Schedule {
  GraphFacts facts;
  SegmentTable table;
  std::vector<std::int64_t> suffix;
};

struct Workspace {
  Schedule schedules[2];  ///< by DepthwiseRows
  Cuts cuts, other_cuts;
  PlanBuilder builder;

  Schedule& of(DepthwiseRows rows) { return schedules[static_cast<std::size_t>(rows)]; }
};

/// Costs of all segments and suffixes. Returns how the image is held: rows from a camera need all
/// readers of the image in one segment; where none can be, the image is gathered whole first.
InputMode prepare(Schedule& schedule, const Graph& graph, const RuntimeModel& runtime,
                  InputMode input, DepthwiseRows rows) {
  schedule.facts.build(graph, runtime, rows);
  schedule.table.build(graph, schedule.facts, input);
  suffix_peaks(schedule.table, schedule.suffix);
  if (input != InputMode::kRows || schedule.suffix[0] != kNoSegment) return input;
  return prepare(schedule, graph, runtime, InputMode::kResident, rows);
}

/// Cuts of what does not run in patches at `point`.
void cut_rest(const Schedule& schedule, const Graph& graph, const FrontPoint& point, Cuts& cuts) {
  const std::int64_t limit = schedule.suffix[point.patch_end_op];
  simplest_cuts(graph, schedule.facts, schedule.table, point.patch_end_op,
                std::max(limit, point.peak_sram_bytes), cuts);
}

void build_point(Workspace& work, const Graph& graph, InputMode input, const FrontPoint& point,
                 MemoryPlan& plan) {
  Schedule& schedule = work.of(point.depthwise_rows);
  const auto build = [&](const Cuts& cuts) {
    work.builder.build(graph, schedule.facts, schedule.table, input, point, cuts, plan);
  };
  cut_rest(schedule, graph, point, work.cuts);
  build(work.cuts);
  if (plan.peak_sram_bytes <= plan.lower_bound_bytes) return;
  const std::int64_t simplest_peak = plan.peak_sram_bytes;
  roomiest_cuts(schedule.table, schedule.suffix, point.patch_end_op, work.other_cuts);
  build(work.other_cuts);
  if (plan.peak_sram_bytes > simplest_peak) build(work.cuts);
}

/// The least peak without patches at which as few elements are widened as within `limit_bytes`.
std::int64_t least_peak(Workspace& work, const Schedule& schedule, const Graph& graph,
                        std::int64_t limit_bytes) {
  thread_local std::vector<std::int64_t> peaks;
  const auto widened_within = [&](std::int64_t bytes) {
    simplest_cuts(graph, schedule.facts, schedule.table, 0, bytes, work.cuts);
    return widened_elements(graph, schedule.facts, {}, work.cuts);
  };
  const std::int64_t fewest = widened_within(limit_bytes), enough = work.cuts.bytes;
  peaks.clear();
  for (std::int32_t first = 0; first < schedule.table.op_count(); ++first) {
    for (std::int32_t end = first + 1; end <= schedule.table.op_count(); ++end) {
      const std::int64_t bytes = schedule.table.bytes(first, end);
      if (bytes >= schedule.suffix[0] && bytes <= enough) peaks.push_back(bytes);
    }
  }
  std::sort(peaks.begin(), peaks.end());
  const auto least = std::partition_point(peaks.begin(), peaks.end(), [&](std::int64_t bytes) {
    return widened_within(bytes) > fewest;
  });
  return least == peaks.end() ? enough : *least;
}

std::vector<FrontPoint> front_of(Workspace& work, const Schedule& schedule, const Graph& graph,
                                 InputMode input) {
  auto front = find_front(graph, schedule.facts, schedule.table, input, schedule.suffix);
  if (schedule.facts.depthwise_rows == DepthwiseRows::kInt8) return front;
  // More bytes may widen less.
  FrontPoint plain = front[0];
  front.erase(front.begin());
  std::int64_t limit = kNoSegment - 1;
  while (limit >= schedule.suffix[0]) {
    plain.peak_sram_bytes = least_peak(work, schedule, graph, limit);
    front.push_back(plain);
    limit = plain.peak_sram_bytes - 1;
  }
  return front;
}

std::vector<FrontPoint> whole_front(Workspace& work, const Graph& graph,
                                    const RuntimeModel& runtime, InputMode input) {
  std::vector<FrontPoint> fronts[2];
  for (const DepthwiseRows rows : {DepthwiseRows::kInt8, DepthwiseRows::kInt16}) {
    Schedule& schedule = work.of(rows);
    const InputMode delivered = prepare(schedule, graph, runtime, input, rows);
    auto& front = fronts[static_cast<std::size_t>(rows)];
    front = front_of(work, schedule, graph, delivered);
    for (FrontPoint& point : front) {
      cut_rest(schedule, graph, point, work.cuts);
      point.widened_elements = widened_elements(graph, schedule.facts, point, work.cuts);
    }
  }
  return merge_fronts(fronts[0], fronts[1]);
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

/// `plan` is `built`, the preferred one without extra MACs, and does not do: the first that fits,
/// by MACs, then by widened elements, else the smallest. Returns what `plan` is then.
FrontPoint fit_budget(Workspace& work, const Graph& graph, const RuntimeModel& runtime,
                      InputMode input, const PlanOptions& options, FrontPoint built,
                      MemoryPlan& plan) {
  const std::int64_t budget = options.sram_budget_bytes;
  const bool one_kernel = options.depthwise_rows == DepthwiseRows::kInt8;
  auto points = one_kernel ? front_of(work, work.of(DepthwiseRows::kInt8), graph, input)
                           : whole_front(work, graph, runtime, input);
  if (one_kernel) points.erase(points.begin());  // `built`
  std::stable_sort(points.begin(), points.end(), [](const FrontPoint& a, const FrontPoint& b) {
    return a.macs != b.macs ? a.macs < b.macs : a.widened_elements < b.widened_elements;
  });
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
  if (smallest == points.end() || smallest->peak_sram_bytes <= budget) return built;
  build_point(work, graph, input, *smallest, plan);
  return *smallest;
}

}  // namespace

void plan_streaming(const Graph& graph, const RuntimeModel& runtime, const PlanOptions& options,
                    MemoryPlan& plan) {
  thread_local Workspace work;
  const bool wide_rows = options.depthwise_rows == DepthwiseRows::kInt16;
  const std::int64_t budget = options.sram_budget_bytes;
  Schedule& schedule = work.of(options.depthwise_rows);
  const InputMode input = prepare(schedule, graph, runtime, options.input, options.depthwise_rows);
  FrontPoint point;
  point.peak_sram_bytes = schedule.suffix[0];
  if (wide_rows) {
    const std::int64_t limit = budget >= schedule.suffix[0] ? budget : kNoSegment - 1;
    point.peak_sram_bytes = least_peak(work, schedule, graph, limit);
  }
  point.depthwise_rows = options.depthwise_rows;
  build_point(work, graph, input, point, plan);
  // Other ways only where they are asked for and may help.
  const bool too_large = budget >= 0 && plan.peak_sram_bytes > budget &&
                         sram_lower_bound(graph, runtime, input) < plan.peak_sram_bytes;
  const auto has_wide_ring = [&] {
    return std::any_of(plan.placements.begin(), plan.placements.end(),
                       [](const Placement& place) { return place.wide; });
  };
  if (too_large || (wide_rows && budget >= 0 && !has_wide_ring())) {
    point = fit_budget(work, graph, runtime, input, options, point, plan);
  }
  add_extra_macs(graph, point, plan);
  list_live(graph, plan);
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
  thread_local Workspace work;
  return whole_front(work, graph, runtime, input);
}

std::int64_t sram_lower_bound(const Graph& graph, const RuntimeModel& runtime, InputMode input) {
  if (runtime.rules != RuntimeRules::kTinyNas) return 0;
  const std::int64_t alignment = runtime.tensor_alignment_bytes;
  const auto whole = [&](std::int32_t tensor) {
    return align_up(graph.tensors[tensor].bytes(), alignment);
  };
  std::int64_t bound = whole(graph.output);
  if (input != InputMode::kResident || graph.ops.empty()) return bound;
  // The whole image is there while the first op makes its first pixel.
  const Op& first = graph.ops[0];
  bound = std::max(bound, whole(graph.input) + align_up(graph.out_shape(first).c, alignment));
  if (graph.inputs(first)[0] == graph.input) {
    const std::int64_t scratch = row_kernel_scratch(graph, first, first.kernel_w);
    bound = std::max(bound, whole(graph.input) + align_up(scratch, alignment));
  }
  return bound;
}

}  // namespace tinynas
