#pragma once
// Whether records fit into an arena of a given size: branching on which of two records lies above
// the other, with bounds of offsets propagated over all pairs (disjunctive scheduling, Carlier and
// Pinson 1989; pairs chosen by slack, Smith and Cheng 1993, and by failures, Boussemart et al.
// 2004).

#include <cstdint>
#include <span>
#include <vector>

namespace tinynas {

/// Two records whose lives meet: offset(a) >= offset(b) + a_above_b, or the other way round. All
/// distances are multiples of the alignment.
struct ArenaPair {
  std::int32_t a = 0, b = 0;
  std::int64_t a_above_b = 0, b_above_a = 0;
};

enum class Fit { kYes, kNo, kUnknown };

/// Works in memory that is kept from instance to instance.
class ArenaSearch {
 public:
  void load(std::span<const std::int64_t> bytes, std::span<const ArenaPair> pairs,
            std::int64_t alignment);

  /// Searches for offsets under `limit` and takes what it needs from `nodes`; kUnknown when none is
  /// left. With kYes the offsets are in offsets().
  Fit fit(std::int64_t limit, std::int64_t& nodes);
  const std::vector<std::int64_t>& offsets() const { return low_; }

 private:
  enum class Order : std::uint8_t { kOpen, kAAbove, kBAbove };
  struct Undo {
    std::int32_t index = 0;  ///< of a record; -1 - pair for a pair's order
    std::int64_t low = 0, high = 0;
  };

  bool raise_low(std::int32_t record, std::int64_t low);
  bool drop_high(std::int32_t record, std::int64_t high);
  bool keep_above(std::int32_t above, std::int32_t below, std::int64_t distance);
  bool decide(std::int32_t pair, Order order);
  bool look_at(std::int32_t pair);
  bool propagate();
  void remember(std::int32_t record);
  void undo_to(std::size_t mark);
  std::int32_t tightest_conflict() const;
  Fit branch(std::int64_t& nodes);
  Fit search(std::int64_t limit, std::int64_t& nodes);

  std::vector<std::int64_t> bytes_, low_, high_;  ///< bounds of each offset
  std::vector<ArenaPair> pairs_;
  std::vector<Order> orders_;
  std::vector<double> weights_;  ///< of each pair: how often it was where the search failed
  std::vector<std::int32_t> first_pair_, pairs_of_;  ///< of each record
  std::vector<std::int32_t> queue_;
  std::vector<std::uint8_t> queued_;
  std::vector<Undo> trail_;
  std::int64_t alignment_ = 4;
};

}  // namespace tinynas
