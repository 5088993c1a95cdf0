#pragma once
// A plan whose segments are drawn, not chosen: long ones that the planner has no need of.

#include <cstdint>
#include <vector>

#include "tinyengine/row_recurrence.h"
#include "tinyengine/segment_table.h"
#include "tinyengine/streaming_plan.h"
#include "tinynas/memory_plan.h"
#include "tinynas/rng.h"

namespace tinynas::testing {

/// `plan` is the graph's own plan without patches, and is replaced.
inline void plan_random_cuts(const Graph& graph, const RuntimeModel& runtime, Rng rng,
                             MemoryPlan& plan) {
  GraphFacts facts;
  SegmentTable table;
  std::vector<std::int64_t> suffix;
  facts.build(graph, runtime);
  table.build(graph, facts, plan.input);
  suffix_peaks(table, suffix);
  std::vector<std::int32_t> cuts{0}, ends;
  while (cuts.back() < table.op_count()) {
    ends.clear();
    for (std::int32_t end = cuts.back() + 1; end <= table.op_count(); ++end) {
      const bool possible =
          table.bytes(cuts.back(), end) != kNoSegment && suffix[end] != kNoSegment;
      if (possible) ends.push_back(end);
    }
    // The longest every other time.
    const auto count = static_cast<std::uint32_t>(ends.size());
    cuts.push_back(rng.chance(0.5) ? ends.back() : ends[rng.below(count)]);
  }
  plan_choice(graph, runtime, plan.input, {}, cuts, plan);
}

}  // namespace tinynas::testing
