#pragma once
// What each range of ops would need if it ran as one segment, and the cuts that need least.

#include <cstdint>
#include <limits>
#include <vector>

#include "tinyengine/row_recurrence.h"
#include "tinynas/graph.h"
#include "tinynas/memory_plan.h"

namespace tinynas {

inline constexpr std::int64_t kNoSegment = std::numeric_limits<std::int64_t>::max();
/// A segment beyond the limit that a table was built with: no more is known of it.
inline constexpr std::int64_t kBeyondLimit = kNoSegment - 1;

/// A whole input that a segment reads last, and how its output may lie over it.
struct OverlapGap {
  std::int32_t input = -1;
  /// kTopDown: bytes that the input's start must be above the output's; kBottomUp: the output's
  /// above the input's. May be negative. kNoSegment: the two must be apart.
  std::int64_t above[2] = {0, 0};
};

/// The cost of every range of ops, by the row recurrence: rings + scratch + whole tensors that pass
/// by + the least that inputs and output need over each other. O(1) amortised a range for networks
/// of blocks.
class SegmentTable {
 public:
  /// Segments that need more than `limit_bytes` may become kBeyondLimit, which is sooner told.
  void build(const Graph& graph, const GraphFacts& facts, InputMode input,
             std::int64_t limit_bytes = kBeyondLimit);

  /// Bytes of ops [first, end) as one segment; kNoSegment where they cannot be one.
  std::int64_t bytes(std::int32_t first, std::int32_t end) const {
    return bytes_[static_cast<std::size_t>(first) * (op_count_ + 1) + end];
  }
  std::int32_t op_count() const { return op_count_; }

  /// Overlaps of the segment [first, end) with the inputs that it reads last.
  void find_overlaps(const Graph& graph, const GraphFacts& facts, InputMode input,
                     std::int32_t first, std::int32_t end, std::vector<OverlapGap>& overlaps);

  /// Bytes of whole tensors that live through the segment without being its output or an input that
  /// dies in it.
  std::int64_t passing_bytes(const GraphFacts& facts, std::int32_t first, std::int32_t end) const;

 private:
  void build_live(const Graph& graph, const GraphFacts& facts, InputMode input);
  void build_column(const Graph& graph, const GraphFacts& facts, InputMode input, std::int32_t end);
  bool set_lead(const Graph& graph, const GraphFacts& facts, std::int32_t op, std::int32_t end);
  std::int64_t widening_scratch(const GraphFacts& facts, std::int32_t end) const;
  std::int64_t overlay_bytes(const GraphFacts& facts, std::int32_t output);
  std::int64_t widest_bytes(const GraphFacts& facts, std::int32_t output, std::int32_t end) const;
  void collect_overlaps(const Graph& graph, const GraphFacts& facts, InputMode input,
                        std::int32_t first, std::int32_t end, std::vector<OverlapGap>& overlaps);

  std::int32_t op_count_ = 0;
  std::int64_t limit_bytes_ = kBeyondLimit;
  std::vector<std::int64_t> bytes_;
  std::vector<std::int32_t> live_, first_live_;  ///< whole tensors that exist before op i
  std::vector<Lead> leads_;                      ///< of the current column's ops
  std::vector<std::int32_t> external_;           ///< tensors read in the current range, made before
  std::vector<OverlapGap> overlaps_;
};

/// Where a network is cut: segment i is [cuts[i], cuts[i + 1]).
struct Cuts {
  std::vector<std::int32_t> cuts;
  std::int64_t bytes = 0;  ///< largest segment
};

/// Least peak of ops [i, end) for each i, by minimax dynamic programming.
void suffix_peaks(const SegmentTable& table, std::vector<std::int64_t>& peaks);
/// Of all cuts of ops [first, end) whose segments stay within `limit_bytes`, those that widen the
/// fewest elements, and of these those with the fewest ops in segments of several. `limit_bytes`
/// must be reachable.
void simplest_cuts(const Graph& graph, const GraphFacts& facts, const SegmentTable& table,
                   std::int32_t first, std::int64_t limit_bytes, Cuts& cuts);

/// Cuts of ops [first, end) each of whose rests needs as little as it can: more room for offsets
/// than simplest_cuts leaves. `peaks` as suffix_peaks gives them.
void roomiest_cuts(const SegmentTable& table, const std::vector<std::int64_t>& peaks,
                   std::int32_t first, Cuts& cuts);

}  // namespace tinynas
