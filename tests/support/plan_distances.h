#pragma once
// How far the placements of a streaming plan must be from each other: the planner's own rule, for a
// test that shows a change of a plan to be harmless.

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "tinyengine/row_recurrence.h"
#include "tinyengine/segment_table.h"
#include "tinynas/memory_plan.h"

namespace tinynas::testing {

class PlanDistances {
 public:
  /// Of the segments and placements of `plan`, by the row recurrence of `graph`.
  PlanDistances(const Graph& graph, const RuntimeModel& runtime, const MemoryPlan& plan) {
    GraphFacts facts;
    SegmentTable table;
    facts.build(graph, runtime);
    table.build(graph, facts, plan.input);
    std::vector<OverlapGap> gaps;
    for (std::size_t s = 0; s < plan.segments.size(); ++s) {
      const Segment& segment = plan.segments[s];
      if (segment.has_patches()) continue;
      table.find_overlaps(graph, facts, plan.input, segment.first_op, segment.end_op, gaps);
      const std::int32_t out = plan.tensor_records[graph.ops[segment.end_op - 1].output];
      for (const OverlapGap& gap : gaps) {
        distances_[{plan.tensor_records[gap.input], out}] = {gap, s};
      }
    }
  }

  /// Whether placements of `plan` (whose segments are the same) that live at the same time are
  /// apart, or, of an output and an input that its segment reads last, far enough from each other.
  bool kept(const MemoryPlan& plan) const {
    const auto count = static_cast<std::int32_t>(plan.placements.size());
    for (std::int32_t i = 0; i < count; ++i) {
      const Placement& a = plan.placements[i];
      if (a.offset_bytes < 0) return false;
      for (std::int32_t j = 0; j < i; ++j) {
        const Placement& b = plan.placements[j];
        const bool meet = a.first_op < b.end_op && b.first_op < a.end_op &&
                          a.offset_bytes < b.offset_bytes + b.bytes &&
                          b.offset_bytes < a.offset_bytes + a.bytes;
        if (meet && !slides(plan, i, j) && !slides(plan, j, i)) return false;
      }
    }
    return true;
  }

 private:
  struct Distance {
    OverlapGap gap;
    std::size_t segment = 0;
  };

  bool slides(const MemoryPlan& plan, std::int32_t in, std::int32_t out) const {
    const auto found = distances_.find({in, out});
    if (found == distances_.end()) return false;
    const bool bottom_up = plan.segments[found->second.segment].bottom_up;
    const std::int64_t above = found->second.gap.above[bottom_up ? kBottomUp : kTopDown];
    const std::int64_t distance =
        plan.placements[in].offset_bytes - plan.placements[out].offset_bytes;
    return above != kNoSegment && (bottom_up ? -distance : distance) >= above;
  }

  std::map<std::pair<std::int32_t, std::int32_t>, Distance> distances_;  ///< of input and output
};

}  // namespace tinynas::testing
