#include "tinyengine/plan_builder.h"

#include <algorithm>

#include "tinyengine/kernel_costs.h"
#include "tinyengine/plan_front.h"
#include "tinyengine/storage_records.h"

namespace tinynas {

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
    const bool writes_wide = i + 1 < segment.end_op && facts_->tensors[op.output].wide;
    const std::int64_t op_scratch = segment_scratch(
        *graph_, *facts_, i, segment.first_op, columns(in), writes_wide ? columns(op.output) : 0);
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
    const std::int32_t rows =
        segment.has_patches() ? patch_ring_rows(out, rows_, op.output) : out.ring_rows;
    const std::int64_t bytes = ring_bytes(*graph_, *facts_, op.output, rows, columns(op.output));
    Placement& ring = add(PlacementKind::kRing, op.output, bytes, index, index);
    ring.rows = rows;
    ring.row_bytes = bytes / rows;
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

}  // namespace tinynas
