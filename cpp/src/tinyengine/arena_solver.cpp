#include "tinyengine/arena_solver.h"

#include <algorithm>
#include <limits>
#include <numeric>

namespace tinynas {
namespace {

constexpr std::int64_t kNone = std::numeric_limits<std::int64_t>::max();

/// Offsets that a record cannot have: (begin, end), both exclusive.
struct Forbidden {
  std::int64_t begin = 0, end = 0;
};

/// One instance. Records are numbered as the caller's.
class ArenaSolver {
 public:
  ArenaResult solve(std::span<ArenaRecord> records, std::span<const ArenaOverlap> overlaps,
                    const ArenaOptions& options);

 private:
  void load(std::span<const ArenaRecord> records, std::span<const ArenaOverlap> overlaps,
            const ArenaOptions& options);
  bool meet(std::int32_t i, std::int32_t j) const {
    return records_[i].first < records_[j].end && records_[j].first < records_[i].end;
  }
  std::int64_t& gap(std::int32_t above, std::int32_t below) {
    return gaps_[static_cast<std::size_t>(above) * count_ + below];
  }
  std::int64_t round_up(std::int64_t bytes) const {
    return (bytes + alignment_ - 1) & -alignment_;  // towards +infinity for negative gaps too
  }
  void find_forbidden(std::int32_t record);
  std::int64_t lowest() const;
  std::int64_t highest(std::int64_t limit) const;
  void greedy(const std::vector<std::int32_t>& order);
  void by_size(std::vector<std::int32_t>& order) const;
  void by_load(std::vector<std::int32_t>& order);
  bool fit(std::size_t depth, std::int64_t limit);
  void branch(std::size_t placed, std::int64_t arena);
  void keep(std::int64_t arena);

  std::int32_t count_ = 0;
  std::int64_t alignment_ = 4, bound_ = 0, best_ = kNone, nodes_ = 0;
  std::vector<ArenaRecord> records_;
  std::vector<std::int64_t> gaps_;               ///< [above][below]
  std::vector<std::int32_t> first_near_, near_;  ///< records that meet record i
  std::vector<std::int64_t> offsets_, best_offsets_;
  std::vector<std::uint8_t> placed_;
  std::vector<Forbidden> forbidden_;
  std::vector<std::int32_t> order_, stack_;
  std::vector<std::int64_t> load_;
};

void ArenaSolver::load(std::span<const ArenaRecord> records, std::span<const ArenaOverlap> overlaps,
                       const ArenaOptions& options) {
  count_ = static_cast<std::int32_t>(records.size());
  alignment_ = options.alignment_bytes;
  bound_ = options.lower_bound_bytes;
  best_ = kNone;
  records_.assign(records.begin(), records.end());
  gaps_.resize(static_cast<std::size_t>(count_) * count_);
  first_near_.assign(count_ + 1, 0);
  near_.clear();
  for (std::int32_t i = 0; i < count_; ++i) {
    first_near_[i] = static_cast<std::int32_t>(near_.size());
    for (std::int32_t j = 0; j < count_; ++j) {
      if (i == j || !meet(i, j)) continue;
      near_.push_back(j);
      gap(i, j) = round_up(records_[j].bytes);
    }
  }
  first_near_[count_] = static_cast<std::int32_t>(near_.size());
  for (const ArenaOverlap& overlap : overlaps) {
    gap(overlap.a, overlap.b) = round_up(overlap.a_above_b);
    gap(overlap.b, overlap.a) = round_up(overlap.b_above_a);
  }
  offsets_.assign(count_, 0);
  best_offsets_.assign(count_, 0);
}

/// Of `record`, against the records placed so far; sorted by where they begin.
void ArenaSolver::find_forbidden(std::int32_t record) {
  forbidden_.clear();
  for (std::int32_t k = first_near_[record]; k < first_near_[record + 1]; ++k) {
    const std::int32_t j = near_[k];
    if (placed_[j] == 0) continue;
    const Forbidden range{offsets_[j] - gap(j, record), offsets_[j] + gap(record, j)};
    if (range.begin + 1 < range.end) forbidden_.push_back(range);
  }
  std::sort(forbidden_.begin(), forbidden_.end(),
            [](const Forbidden& a, const Forbidden& b) { return a.begin < b.begin; });
}

std::int64_t ArenaSolver::lowest() const {
  std::int64_t offset = 0;
  for (const Forbidden& range : forbidden_) {
    if (range.begin >= offset) break;
    offset = std::max(offset, range.end);
  }
  return offset;
}

/// The highest offset up to `limit`, or negative.
std::int64_t ArenaSolver::highest(std::int64_t limit) const {
  std::int64_t offset = limit & -alignment_;
  for (bool moved = true; moved && offset >= 0;) {
    moved = false;
    for (const Forbidden& range : forbidden_) {
      if (range.begin < offset && offset < range.end) {
        offset = range.begin;
        moved = true;
      }
    }
  }
  return offset;
}

void ArenaSolver::keep(std::int64_t arena) {
  if (arena >= best_) return;
  best_ = arena;
  best_offsets_ = offsets_;
}

void ArenaSolver::greedy(const std::vector<std::int32_t>& order) {
  placed_.assign(count_, 0);
  std::int64_t arena = 0;
  for (const std::int32_t r : order) {
    find_forbidden(r);
    offsets_[r] = lowest();
    placed_[r] = 1;
    arena = std::max(arena, offsets_[r] + records_[r].bytes);
    if (arena >= best_) return;
  }
  keep(arena);
}

void ArenaSolver::by_size(std::vector<std::int32_t>& order) const {
  order.resize(count_);
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](std::int32_t a, std::int32_t b) {
    return records_[a].bytes != records_[b].bytes ? records_[a].bytes > records_[b].bytes : a < b;
  });
}

/// Records of the fullest moments first: they have the least choice.
void ArenaSolver::by_load(std::vector<std::int32_t>& order) {
  std::int32_t end = 0;
  for (const ArenaRecord& record : records_) end = std::max(end, record.end);
  // A record's load: the largest sum of what is live at one of its moments.
  std::vector<std::int64_t>& at = load_;
  at.assign(end + count_, 0);
  for (const ArenaRecord& record : records_) {
    for (std::int32_t t = record.first; t < record.end; ++t) at[t] += record.bytes;
  }
  for (std::int32_t i = 0; i < count_; ++i) {
    std::int64_t most = 0;
    for (std::int32_t t = records_[i].first; t < records_[i].end; ++t) most = std::max(most, at[t]);
    at[end + i] = most;
  }
  by_size(order);
  std::stable_sort(order.begin(), order.end(),
                   [&](std::int32_t a, std::int32_t b) { return at[end + a] > at[end + b]; });
}

/// Whether the records from order_[depth] on can be placed under `limit`: each at an end of a gap
/// between those placed, lowest first, with backtracking until nodes_ are used up.
bool ArenaSolver::fit(std::size_t depth, std::int64_t limit) {
  if (depth == order_.size()) return true;
  if (nodes_-- <= 0) return false;
  const std::int32_t r = order_[depth];
  const std::int64_t top = limit - records_[r].bytes;
  find_forbidden(r);
  std::int64_t choices[16];
  std::size_t choice_count = 0;
  const auto add = [&](std::int64_t offset) {
    if (offset < 0 || offset > top || choice_count == std::size(choices)) return;
    for (const Forbidden& range : forbidden_) {
      if (range.begin < offset && offset < range.end) return;
    }
    if (std::find(choices, choices + choice_count, offset) == choices + choice_count) {
      choices[choice_count++] = offset;
    }
  };
  add(lowest());
  add(highest(top));
  for (const Forbidden& range : forbidden_) {
    add(range.end);
    add(range.begin);
  }
  placed_[r] = 1;
  for (std::size_t c = 0; c < choice_count; ++c) {
    offsets_[r] = choices[c];
    if (fit(depth + 1, limit)) return true;
  }
  placed_[r] = 0;
  return false;
}

/// Every solution can be pushed down until each record rests on 0 or on another, so placing records
/// one on top of another in all orders meets an optimal one.
void ArenaSolver::branch(std::size_t placed, std::int64_t arena) {
  if (placed == static_cast<std::size_t>(count_)) {
    keep(arena);
    return;
  }
  if (nodes_ <= 0 || best_ <= bound_) return;
  // Where each record left would rest, and whether it still fits under the best.
  const std::size_t base = stack_.size();
  for (std::int32_t r = 0; r < count_; ++r) {
    if (placed_[r] != 0) continue;
    std::int64_t offset = 0;
    for (std::int32_t k = first_near_[r]; k < first_near_[r + 1]; ++k) {
      const std::int32_t j = near_[k];
      if (placed_[j] != 0) offset = std::max(offset, offsets_[j] + gap(r, j));
    }
    if (offset + records_[r].bytes >= best_) {
      stack_.resize(base);
      return;
    }
    offsets_[r] = offset;
    stack_.push_back(r);
  }
  std::sort(stack_.begin() + static_cast<std::ptrdiff_t>(base), stack_.end(),
            [&](std::int32_t a, std::int32_t b) {
              if (offsets_[a] != offsets_[b]) return offsets_[a] < offsets_[b];
              return records_[a].bytes != records_[b].bytes ? records_[a].bytes > records_[b].bytes
                                                            : a < b;
            });
  const std::size_t end = stack_.size();
  for (std::size_t k = base; k < end && nodes_ > 0; ++k) {
    const std::int32_t r = stack_[k];
    std::int64_t offset = 0;  // children have moved offsets_
    bool independent = true;
    for (std::int32_t n = first_near_[r]; n < first_near_[r + 1]; ++n) {
      const std::int32_t j = near_[n];
      if (placed_[j] != 0) offset = std::max(offset, offsets_[j] + gap(r, j));
      independent = independent && placed_[j] != 0;
    }
    --nodes_;
    offsets_[r] = offset;
    placed_[r] = 1;
    branch(placed + 1, std::max(arena, offset + records_[r].bytes));
    placed_[r] = 0;
    if (independent) break;  // nothing left meets it: its turn does not matter
  }
  stack_.resize(base);
}

ArenaResult ArenaSolver::solve(std::span<ArenaRecord> records,
                               std::span<const ArenaOverlap> overlaps,
                               const ArenaOptions& options) {
  load(records, overlaps, options);
  by_load(order_);
  greedy(order_);
  if (best_ > bound_) {
    std::vector<std::int32_t>& sizes = stack_;
    by_size(sizes);
    greedy(sizes);
  }
  if (best_ > bound_ && bound_ > 0) {
    placed_.assign(count_, 0);
    nodes_ = options.node_limit / 10;
    if (fit(0, bound_)) {
      std::int64_t arena = 0;
      for (std::int32_t i = 0; i < count_; ++i) {
        arena = std::max(arena, offsets_[i] + records_[i].bytes);
      }
      keep(arena);
    }
  }
  bool exhausted = false;
  if (best_ > bound_) {
    placed_.assign(count_, 0);
    stack_.clear();
    nodes_ = options.node_limit;
    branch(0, 0);
    exhausted = nodes_ > 0;
  }
  for (std::int32_t i = 0; i < count_; ++i) records[i].offset_bytes = best_offsets_[i];
  if (count_ == 0) best_ = 0;
  return {best_, best_ <= bound_ || exhausted};
}

}  // namespace

ArenaResult solve_arena(std::span<ArenaRecord> records, std::span<const ArenaOverlap> overlaps,
                        const ArenaOptions& options) {
  thread_local ArenaSolver solver;
  return solver.solve(records, overlaps, options);
}

}  // namespace tinynas
