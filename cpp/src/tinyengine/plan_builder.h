#pragma once
// From a schedule (cuts, and a prefix in patches) to placements with offsets.

#include <cstdint>
#include <vector>

#include "tinyengine/arena_solver.h"
#include "tinyengine/patches.h"
#include "tinyengine/row_recurrence.h"
#include "tinyengine/segment_table.h"
#include "tinynas/graph.h"
#include "tinynas/memory_plan.h"

namespace tinynas {

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

}  // namespace tinynas
