#pragma once
// Streaming plans with one number changed: every offset, ring height, row delay and halo, and what
// else a plan says. A change that a plain rule proves harmless must be accepted by the verifier,
// any other must be rejected.

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "byte_lives.h"
#include "plan_distances.h"
#include "tinyengine/kernel_costs.h"
#include "tinyengine/patches.h"
#include "tinyengine/plan_executor.h"
#include "tinyengine/plan_front.h"
#include "tinyengine/row_recurrence.h"
#include "tinyengine/storage_records.h"
#include "tinyengine/streaming_plan.h"
#include "tinynas/error.h"
#include "tinynas/memory_plan.h"

namespace tinynas::testing {

struct MutantTally {
  std::int64_t caught = 0, survived = 0;
  std::int64_t harmless = 0;  ///< proven by a plain rule, and accepted
  std::int64_t slack = 0;     ///< accepted, and no byte is needed by two values at a time
  std::int64_t refuted = 0;   ///< proven, and yet rejected
};
/// By "kind: change".
using MutantTallies = std::map<std::string, MutantTally>;

class PlanMutants {
 public:
  PlanMutants(const Graph& graph, const RuntimeModel& runtime, const MemoryPlan& plan,
              MutantTallies& tallies)
      : graph_(graph),
        runtime_(runtime),
        plan_(plan),
        tallies_(tallies),
        distances_(graph, runtime, plan) {
    facts_.build(graph, runtime, plan.depthwise_rows);
    readers_.assign(graph.tensors.size(), 0);
    for (const std::int32_t t : graph.op_inputs) ++readers_[t];
  }

  void run_all() {
    for (std::size_t p = 0; p < plan_.placements.size(); ++p) {
      mutate_offset(p);
      mutate_life(p);
      if (plan_.placements[p].kind == PlacementKind::kRing) mutate_ring(p);
    }
    for (std::size_t s = 0; s < plan_.segments.size(); ++s) mutate_segment(s);
    for (std::size_t t = 0; t < plan_.over_input.size(); ++t) mutate_over_input(t);
    for (std::size_t i = 0; i < graph_.ops.size(); ++i) {
      mutate_delay(i);
      mutate_halo(i);
    }
  }

 private:
  void judge(const std::string& name, MemoryPlan mutant, bool harmless) {
    judge(name, graph_, std::move(mutant), harmless);
  }
  void judge(const std::string& name, const Graph& graph, MemoryPlan mutant, bool harmless) {
    repair(mutant);
    const bool accepted = execute_plan(graph, runtime_, mutant).empty();
    MutantTally& tally = tallies_[name];
    if (harmless) {
      ++(accepted ? tally.harmless : tally.refuted);
    } else if (accepted) {
      ++(ByteLives(graph, mutant).disjoint() ? tally.slack : tally.survived);
    } else {
      ++tally.caught;
    }
  }

  /// Sums follow the change, so that only what execution reads can give it away.
  static void repair(MemoryPlan& plan) {
    std::int64_t end = 0;
    for (const Placement& place : plan.placements) {
      end = std::max(end, place.offset_bytes + place.bytes);
    }
    plan.peak_sram_bytes = end;
    plan.activation_bytes = end - plan.scratch_bytes;
    plan.lower_bound_bytes = std::min(plan.lower_bound_bytes, end);
    for (Segment& segment : plan.segments) {
      segment.bound_bytes = std::min(segment.bound_bytes, plan.lower_bound_bytes);
    }
  }

  /// Results are looked at after the last op.
  bool op_uses(std::size_t record, std::int32_t op_index) const {
    const Op& op = graph_.ops[op_index];
    const Placement& place = plan_.placements[record];
    if (place.kind == PlacementKind::kScratch) {
      return plan_.per_op[op_index].scratch_bytes > 0;
    }
    if (place.kind == PlacementKind::kAccumulators) return op.output == place.first_tensor;
    const auto here = [&](std::int32_t t) {
      return plan_.tensor_records[t] == static_cast<std::int32_t>(record);
    };
    const auto inputs = graph_.inputs(op);
    const bool last = op_index + 1 == static_cast<std::int32_t>(graph_.ops.size());
    const bool result = last && place.kind == PlacementKind::kWhole &&
                        facts_.tensors[place.first_tensor].last_op > op_index;
    return result || here(op.output) || std::any_of(inputs.begin(), inputs.end(), here);
  }

  void mutate_offset(std::size_t p) {
    const std::int64_t unit = runtime_.tensor_alignment_bytes;
    for (const std::int64_t step : {-unit, unit}) {
      MemoryPlan mutant = plan_;
      mutant.placements[p].offset_bytes += step;
      const bool harmless = distances_.kept(mutant);
      judge(step < 0 ? "offset: - alignment" : "offset: + alignment", mutant, harmless);
    }
    for (const std::int64_t step : {-1, 1}) {
      if (unit == 1) break;
      MemoryPlan mutant = plan_;
      mutant.placements[p].offset_bytes += step;
      judge("offset: 1 byte, unaligned", mutant, false);
    }
  }

  void mutate_life(std::size_t p) {
    const Placement& place = plan_.placements[p];
    MemoryPlan less = plan_;
    less.placements[p].bytes -= runtime_.tensor_alignment_bytes;
    judge("other: bytes - alignment", less, false);
    MemoryPlan late = plan_;
    ++late.placements[p].first_op;
    judge("other: life starts later", late, !op_uses(p, place.first_op));
    MemoryPlan early = plan_;
    --early.placements[p].end_op;
    judge("other: life ends earlier", early, !op_uses(p, place.end_op - 1));
  }

  /// The rows of a ring that several ops read are how far one reader may lag behind another.
  void mutate_ring(std::size_t p) {
    const Placement& place = plan_.placements[p];
    const bool branch = readers_[place.first_tensor] > 1;
    const std::string kind = branch ? "row delay: branch ring " : "ring height: ";
    for (const int step : {-1, 1}) {
      MemoryPlan mutant = plan_;
      Placement& ring = mutant.placements[p];
      ring.rows += step;
      ring.bytes = ring.rows * ring.row_bytes;
      judge(kind + (step < 0 ? "- 1 row" : "+ 1 row"), mutant, step > 0 && distances_.kept(mutant));
    }
    MemoryPlan other = plan_;
    other.placements[p].wide = !place.wide;
    judge("other: width of elements", other, false);
    MemoryPlan narrow = plan_;
    narrow.placements[p].row_bytes -= runtime_.tensor_alignment_bytes;
    narrow.placements[p].bytes = place.rows * narrow.placements[p].row_bytes;
    judge("halo: ring's columns - alignment", narrow, false);
  }

  void mutate_over_input(std::size_t t) {
    if (plan_.over_input[t] == 0) return;
    MemoryPlan mutant = plan_;
    mutant.over_input[t] = 0;
    // At the same rows either way, in the one slot, nothing changes.
    const Placement& place = plan_.placements[plan_.tensor_records[t]];
    const bool one_slot = place.kind == PlacementKind::kRing && place.rows == 1;
    judge("row delay: over input dropped", mutant, one_slot);
  }

  void mutate_segment(std::size_t s) {
    const Segment& segment = plan_.segments[s];
    if (!segment.has_patches()) {
      MemoryPlan mutant = plan_;
      mutant.segments[s].bottom_up = !segment.bottom_up;
      const bool camera = plan_.input == InputMode::kRows && s == 0;
      judge("other: direction", mutant, !camera && distances_.kept(mutant));
    }
    for (const int step : {-1, 1}) {
      if (s + 1 == plan_.segments.size()) break;
      MemoryPlan mutant = plan_;
      mutant.segments[s].end_op += step;
      mutant.segments[s + 1].first_op += step;
      judge("other: border", mutant, false);
    }
    for (const int step : {-1, 1}) {
      if (!segment.has_patches()) break;
      MemoryPlan mutant = plan_;
      mutant.segments[s].patch_rows += step;
      judge("halo: grid rows", mutant, false);
      mutant = plan_;
      mutant.segments[s].patch_columns += step;
      judge("halo: grid columns", mutant, false);
    }
  }

  const Segment& segment_of(std::size_t op) const {
    return *std::find_if(plan_.segments.begin(), plan_.segments.end(), [&](const Segment& s) {
      return static_cast<std::int32_t>(op) < s.end_op;
    });
  }
  static bool valid(const Graph& graph) {
    try {
      validate(graph, "mutant");
      return true;
    } catch (const BadInput&) {
      return false;
    }
  }

  /// Whether what the planner computes for `other` (this graph with another window) does not ask
  /// for more rows than the plan keeps, in tiles or whole.
  bool rings_suffice(const Graph& other, const Segment& segment) {
    GraphFacts facts;
    facts.build(other, runtime_, plan_.depthwise_rows);
    TileAxis rows, old_rows, columns, old_columns;
    if (segment.has_patches()) {
      measure_tiles(other, segment.end_op, false, segment.patch_rows, rows);
      measure_tiles(graph_, segment.end_op, false, segment.patch_rows, old_rows);
      measure_tiles(other, segment.end_op, true, segment.patch_columns, columns);
      measure_tiles(graph_, segment.end_op, true, segment.patch_columns, old_columns);
      if (columns.largest != old_columns.largest) return false;
      if (plan_.input == InputMode::kRows &&
          rows.largest[graph_.input] > old_rows.largest[graph_.input]) {
        return false;
      }
    }
    for (const Placement& place : plan_.placements) {
      if (place.kind != PlacementKind::kRing || place.first_op != segment.first_op) continue;
      const TensorFacts& tensor = facts.tensors[place.first_tensor];
      const bool image = place.first_tensor == graph_.input;
      if (place.wide) {  // gaps between channels are the window's
        const auto reader = static_cast<std::size_t>(facts.uses[tensor.first_use].op);
        const std::int32_t width = other.tensors[place.first_tensor].shape.w;
        if (wide_slot(other, other.ops[reader], width).bytes >
            wide_slot(graph_, graph_.ops[reader], width).bytes) {
          return false;
        }
      }
      const std::int32_t needed = segment.has_patches() && !image
                                      ? patch_ring_rows(tensor, rows, place.first_tensor)
                                      : tensor.ring_rows;
      if (!(image && segment.has_patches()) && (needed == 0 || needed > place.rows)) return false;
    }
    for (std::int32_t i = segment.first_op; i + 1 < segment.end_op; ++i) {
      const std::int32_t t = graph_.ops[i].output;
      if (plan_.over_input[t] != 0 && !facts.tensors[t].over_input) return false;
      if (facts.ops[i + 1].accumulates != facts_.ops[i + 1].accumulates) return false;
    }
    return true;
  }

  /// As the plan of `graph` says it, were its segments and tiles this plan's.
  std::int64_t widened(const Graph& graph) const {
    GraphFacts facts;
    facts.build(graph, runtime_, plan_.depthwise_rows);
    FrontPoint point;
    Cuts rest;
    for (const Segment& segment : plan_.segments) {
      if (segment.has_patches()) {
        point.patch_end_op = segment.end_op;
        point.patch_rows = segment.patch_rows;
        point.patch_columns = segment.patch_columns;
      } else {
        rest.cuts.push_back(segment.first_op);
      }
    }
    rest.cuts.push_back(static_cast<std::int32_t>(graph.ops.size()));
    return widened_elements(graph, facts, point, rest);
  }

  /// MACs and widened elements of `other` in this plan's segments and tiles.
  void follow_costs(const Graph& other, const Segment& segment, MemoryPlan& mutant) const {
    mutant.widened_elements = widened(other);
    if (segment.has_patches()) {
      PlanOptions options;
      options.input = plan_.input;
      MemoryPlan honest = plan_memory(other, runtime_, options);
      const FrontPoint point{0, 0, segment.end_op, segment.patch_rows, segment.patch_columns};
      plan_choice(other, runtime_, plan_.input, point, {}, honest);
      for (std::size_t i = 0; i < graph_.ops.size(); ++i) {
        mutant.per_op[i].macs = honest.per_op[i].macs;
      }
      mutant.macs = honest.macs;
      mutant.extra_macs = honest.extra_macs;
      return;
    }
    for (std::int32_t i = segment.first_op; i < segment.end_op; ++i) {
      const std::int64_t more = op_macs(other, other.ops[i]) - op_macs(graph_, graph_.ops[i]);
      mutant.per_op[i].macs += more;
      mutant.macs += more;
    }
  }

  /// As much scratch as `other` needs, out of the way, so that only rows can give it away.
  void give_scratch(const Graph& other, const Segment& segment, MemoryPlan& mutant) const {
    for (Placement& place : mutant.placements) {
      if (place.kind != PlacementKind::kScratch || place.first_op != segment.first_op) continue;
      place.offset_bytes = align_up(plan_.peak_sram_bytes, runtime_.tensor_alignment_bytes);
      for (std::int32_t i = segment.first_op; i < segment.end_op; ++i) {
        const Op& op = other.ops[i];
        place.bytes = std::max(place.bytes, row_kernel_scratch(other, op, other.in_shape(op).w) +
                                                wide_row_scratch(other, op, other.out_shape(op).w));
      }
    }
  }

  /// The window of one op reaches one row further ahead or less far: what reads beside it lags
  /// by another row.
  void mutate_delay(std::size_t i) {
    const Op& op = graph_.ops[i];
    const Segment& segment = segment_of(i);
    const bool windowed = op.kind == OpKind::kDepthwiseConv2d || op.kind == OpKind::kConv2d;
    if (!windowed || segment.end_op - segment.first_op < 2) return;
    for (const int step : {-1, 1}) {
      Graph shifted = graph_;
      shifted.ops[i].pad_top = static_cast<std::int16_t>(op.pad_top + step);
      if (!valid(shifted)) continue;
      MemoryPlan mutant = plan_;
      follow_costs(shifted, segment, mutant);
      const bool harmless =
          rings_suffice(shifted, segment) && PlanDistances(shifted, runtime_, plan_).kept(mutant);
      judge(step < 0 ? "row delay: a row ahead" : "row delay: a row behind", shifted, mutant,
            harmless);
    }
  }

  /// The window of one op is a row, or a column, larger at both ends.
  void mutate_halo(std::size_t i) {
    const Op& op = graph_.ops[i];
    const Segment& segment = segment_of(i);
    const bool windowed = op.kind == OpKind::kDepthwiseConv2d || op.kind == OpKind::kConv2d;
    if (!windowed || segment.end_op - segment.first_op < 2) return;
    const std::string where = segment.has_patches() ? " of patches" : "";
    for (const bool columns : {false, true}) {
      if (columns && !segment.has_patches()) continue;
      Graph wider = graph_;
      auto& kernel = columns ? wider.ops[i].kernel_w : wider.ops[i].kernel_h;
      auto& pad = columns ? wider.ops[i].pad_left : wider.ops[i].pad_top;
      kernel = static_cast<std::int16_t>(kernel + 2);
      pad = static_cast<std::int16_t>(pad + 1);
      if (!valid(wider)) continue;
      MemoryPlan mutant = plan_;
      follow_costs(wider, segment, mutant);
      give_scratch(wider, segment, mutant);
      const bool harmless =
          rings_suffice(wider, segment) && PlanDistances(wider, runtime_, plan_).kept(mutant);
      judge("halo: " + std::string(columns ? "columns" : "rows") + where, wider, mutant, harmless);
    }
  }

  const Graph& graph_;
  const RuntimeModel& runtime_;
  const MemoryPlan& plan_;
  MutantTallies& tallies_;
  GraphFacts facts_;
  PlanDistances distances_;
  std::vector<int> readers_;
};

}  // namespace tinynas::testing
