#pragma once
// All segments of a graph under each kind of depthwise rows, and the front of bytes against MACs
// against widened elements over both.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "tinyengine/row_recurrence.h"
#include "tinyengine/segment_table.h"
#include "tinynas/graph.h"
#include "tinynas/memory_plan.h"

namespace tinynas {

/// MemoryPlan::widened_elements of a network whose patches are those of `point` and whose other ops
/// are cut at `cuts`. In closed form.
std::int64_t widened_elements(const Graph& graph, const GraphFacts& facts, const FrontPoint& point,
                              const Cuts& cuts);

/// What is known of a graph under one kind of depthwise rows.
struct Schedule {
  GraphFacts facts;
  SegmentTable table;
  std::vector<std::int64_t> suffix;  ///< as suffix_peaks gives them

  /// Returns how the image is held: rows from a camera need all readers of the image in one
  /// segment; where none can be, the image is gathered whole first. `limit_bytes` as
  /// SegmentTable::build takes it.
  InputMode build(const Graph& graph, const RuntimeModel& runtime, InputMode input,
                  DepthwiseRows rows, std::int64_t limit_bytes = kBeyondLimit);
  /// Cuts of what does not run in patches at `point`.
  void cut_rest(const Graph& graph, const FrontPoint& point, Cuts& cuts) const;
  /// The least peak without patches at which as few elements are widened as within `limit_bytes`.
  std::int64_t least_peak(const Graph& graph, std::int64_t limit_bytes) const;
  /// As find_front; under int16 rows with more ways without patches, as more bytes may widen less.
  std::vector<FrontPoint> front(const Graph& graph, InputMode input) const;
};

/// Under both kinds, in memory that is kept from graph to graph.
class Schedules {
 public:
  Schedule& of(DepthwiseRows rows) { return schedules_[static_cast<std::size_t>(rows)]; }
  /// Builds both. As memory_macs_front.
  std::vector<FrontPoint> whole_front(const Graph& graph, const RuntimeModel& runtime,
                                      InputMode input);

 private:
  Schedule schedules_[2];
};

/// Points of both that no other beats, and that a plan can be asked for (see memory_macs_front).
/// By ascending MACs, then bytes.
std::vector<FrontPoint> merge_fronts(const std::vector<FrontPoint>& int8_rows,
                                     const std::vector<FrontPoint>& int16_rows);

}  // namespace tinynas
