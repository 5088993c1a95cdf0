#include "tinyengine/arena_search.h"

#include <algorithm>

namespace tinynas {
namespace {

constexpr std::int64_t kFirstShare = 100;  ///< nodes of the first start

}  // namespace

void ArenaSearch::load(std::span<const std::int64_t> bytes, std::span<const ArenaPair> pairs,
                       std::int64_t alignment) {
  alignment_ = alignment;
  bytes_.assign(bytes.begin(), bytes.end());
  pairs_.clear();
  for (const ArenaPair& pair : pairs) {
    // No aligned offset lies between: the two never conflict.
    if (pair.a_above_b + pair.b_above_a > alignment) pairs_.push_back(pair);
  }
  first_pair_.assign(bytes_.size() + 1, 0);
  for (const ArenaPair& pair : pairs_) {
    ++first_pair_[pair.a + 1];
    ++first_pair_[pair.b + 1];
  }
  for (std::size_t r = 0; r < bytes_.size(); ++r) first_pair_[r + 1] += first_pair_[r];
  queue_.assign(first_pair_.begin(), first_pair_.end());
  pairs_of_.resize(2 * pairs_.size());
  for (std::size_t p = 0; p < pairs_.size(); ++p) {
    pairs_of_[queue_[pairs_[p].a]++] = static_cast<std::int32_t>(p);
    pairs_of_[queue_[pairs_[p].b]++] = static_cast<std::int32_t>(p);
  }
}

void ArenaSearch::remember(std::int32_t record) {
  trail_.push_back({record, low_[record], high_[record]});
  if (queued_[record] != 0) return;
  queued_[record] = 1;
  queue_.push_back(record);
}

bool ArenaSearch::raise_low(std::int32_t record, std::int64_t low) {
  if (low <= low_[record]) return true;
  if (low > high_[record]) return false;
  remember(record);
  low_[record] = low;
  return true;
}

bool ArenaSearch::drop_high(std::int32_t record, std::int64_t high) {
  if (high >= high_[record]) return true;
  if (high < low_[record]) return false;
  remember(record);
  high_[record] = high;
  return true;
}

bool ArenaSearch::keep_above(std::int32_t above, std::int32_t below, std::int64_t distance) {
  return raise_low(above, low_[below] + distance) && drop_high(below, high_[above] - distance);
}

bool ArenaSearch::decide(std::int32_t pair, Order order) {
  trail_.push_back({-1 - pair, 0, 0});
  orders_[pair] = order;
  return look_at(pair);
}

/// Draws what follows from one pair.
bool ArenaSearch::look_at(std::int32_t index) {
  const ArenaPair& pair = pairs_[index];
  if (orders_[index] == Order::kOpen) {
    const bool a_above = high_[pair.a] >= low_[pair.b] + pair.a_above_b;
    const bool b_above = high_[pair.b] >= low_[pair.a] + pair.b_above_a;
    if (a_above && b_above) return true;
    if (!a_above && !b_above) {
      weights_[index] += 1;
      return false;
    }
    return decide(index, a_above ? Order::kAAbove : Order::kBAbove);
  }
  const bool kept = orders_[index] == Order::kAAbove ? keep_above(pair.a, pair.b, pair.a_above_b)
                                                     : keep_above(pair.b, pair.a, pair.b_above_a);
  if (!kept) weights_[index] += 1;
  return kept;
}

bool ArenaSearch::propagate() {
  bool sound = true;
  while (sound && !queue_.empty()) {
    const std::int32_t record = queue_.back();
    queue_.pop_back();
    queued_[record] = 0;
    for (std::int32_t k = first_pair_[record]; sound && k < first_pair_[record + 1]; ++k) {
      sound = look_at(pairs_of_[k]);
    }
  }
  for (const std::int32_t record : queue_) queued_[record] = 0;
  queue_.clear();
  return sound;
}

void ArenaSearch::undo_to(std::size_t mark) {
  while (trail_.size() > mark) {
    const Undo& undo = trail_.back();
    if (undo.index < 0) {
      orders_[-1 - undo.index] = Order::kOpen;
    } else {
      low_[undo.index] = undo.low;
      high_[undo.index] = undo.high;
    }
    trail_.pop_back();
  }
}

/// Of the pairs that conflict while every record lies as low as it can, the one with the least
/// room either way, for those that failed before as if it were less; -1: none, so that this is a
/// solution.
std::int32_t ArenaSearch::tightest_conflict() const {
  std::int32_t tightest = -1;
  double least = 0;
  for (std::size_t p = 0; p < pairs_.size(); ++p) {
    const ArenaPair& pair = pairs_[p];
    if (orders_[p] != Order::kOpen) continue;
    const std::int64_t a = low_[pair.a], b = low_[pair.b];
    if (a >= b + pair.a_above_b || b >= a + pair.b_above_a) continue;
    const auto one = static_cast<double>(high_[pair.a] - b - pair.a_above_b + alignment_);
    const auto other = static_cast<double>(high_[pair.b] - a - pair.b_above_a + alignment_);
    const double room = one * other / (weights_[p] * weights_[p]);
    if (tightest >= 0 && room >= least) continue;
    least = room;
    tightest = static_cast<std::int32_t>(p);
  }
  return tightest;
}

Fit ArenaSearch::branch(std::int64_t& nodes) {
  const std::int32_t index = tightest_conflict();
  if (index < 0) return Fit::kYes;
  if (nodes-- <= 0) return Fit::kUnknown;
  const ArenaPair& pair = pairs_[index];
  const std::int64_t a_room = high_[pair.a] - low_[pair.b] - pair.a_above_b;
  const std::int64_t b_room = high_[pair.b] - low_[pair.a] - pair.b_above_a;
  const Order first = a_room >= b_room ? Order::kAAbove : Order::kBAbove;
  const Order second = a_room >= b_room ? Order::kBAbove : Order::kAAbove;
  for (const Order order : {first, second}) {
    const std::size_t mark = trail_.size();
    const bool sound = decide(index, order);
    if (propagate() && sound) {
      const Fit fit = branch(nodes);
      if (fit != Fit::kNo) return fit;
    }
    undo_to(mark);
  }
  return Fit::kNo;
}

Fit ArenaSearch::fit(std::int64_t limit, std::int64_t& nodes) {
  weights_.assign(pairs_.size(), 1);
  // Started again and again, so that a choice far from the failure does not cost the whole search.
  for (std::int64_t share = kFirstShare; nodes > 0; share *= 2) {
    std::int64_t left = std::min(share, nodes);
    nodes -= left;
    const Fit fit = search(limit, left);
    nodes += std::max<std::int64_t>(0, left);
    if (fit != Fit::kUnknown) return fit;
  }
  return Fit::kUnknown;
}

Fit ArenaSearch::search(std::int64_t limit, std::int64_t& nodes) {
  const std::size_t count = bytes_.size();
  low_.assign(count, 0);
  high_.resize(count);
  orders_.assign(pairs_.size(), Order::kOpen);
  queued_.assign(count, 0);
  queue_.clear();
  trail_.clear();
  for (std::size_t r = 0; r < count; ++r) {
    if (bytes_[r] > limit) return Fit::kNo;
    high_[r] = (limit - bytes_[r]) & -alignment_;
  }
  for (std::size_t p = 0; p < pairs_.size(); ++p) {
    if (!look_at(static_cast<std::int32_t>(p))) return Fit::kNo;
  }
  if (!propagate()) return Fit::kNo;
  return branch(nodes);
}

}  // namespace tinynas
