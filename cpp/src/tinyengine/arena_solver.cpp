#include "tinyengine/arena_solver.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "tinyengine/arena_search.h"

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
  void greedy(const std::vector<std::int32_t>& order);
  void by_size(std::vector<std::int32_t>& order) const;
  void by_load(std::vector<std::int32_t>& order);
  bool bisect(std::int64_t node_limit);
  void load_search();
  void keep(std::int64_t arena);

  std::int32_t count_ = 0;
  std::int64_t alignment_ = 4, bound_ = 0, best_ = kNone;
  std::vector<ArenaRecord> records_;
  std::vector<std::int64_t> gaps_;               ///< [above][below]
  std::vector<std::int32_t> first_near_, near_;  ///< records that meet record i
  std::vector<std::int64_t> offsets_, best_offsets_;
  std::vector<std::uint8_t> placed_;
  std::vector<Forbidden> forbidden_;
  std::vector<std::int32_t> order_;
  std::vector<ArenaPair> pairs_;
  ArenaSearch search_;
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

/// The smallest arena by bisection between the bound and the best that is known. Returns whether it
/// is proven.
bool ArenaSolver::bisect(std::int64_t node_limit) {
  load_search();
  bool proven = true;
  std::int64_t nodes = node_limit, least = bound_;
  for (std::int64_t limit = bound_; least < best_; limit = least + (best_ - 1 - least) / 2) {
    std::int64_t share = std::min(nodes, std::max<std::int64_t>(1, node_limit / 8));
    nodes -= share;
    const Fit fit = search_.fit(limit, share);
    nodes += std::max<std::int64_t>(0, share);
    if (fit != Fit::kYes) {
      proven = proven && fit == Fit::kNo;
      least = limit + 1;
      continue;
    }
    offsets_ = search_.offsets();
    std::int64_t arena = 0;
    for (std::int32_t i = 0; i < count_; ++i) {
      arena = std::max(arena, offsets_[i] + records_[i].bytes);
    }
    keep(arena);
  }
  return proven;
}

void ArenaSolver::load_search() {
  load_.clear();
  pairs_.clear();
  for (std::int32_t i = 0; i < count_; ++i) {
    load_.push_back(records_[i].bytes);
    for (std::int32_t k = first_near_[i]; k < first_near_[i + 1]; ++k) {
      const std::int32_t j = near_[k];
      if (i < j) pairs_.push_back({i, j, gap(i, j), gap(j, i)});
    }
  }
  search_.load(load_, pairs_, alignment_);
}

ArenaResult ArenaSolver::solve(std::span<ArenaRecord> records,
                               std::span<const ArenaOverlap> overlaps,
                               const ArenaOptions& options) {
  load(records, overlaps, options);
  by_load(order_);
  greedy(order_);
  if (best_ > bound_) {
    by_size(order_);
    greedy(order_);
  }
  const bool proven = best_ <= bound_ || bisect(options.node_limit);
  for (std::int32_t i = 0; i < count_; ++i) records[i].offset_bytes = best_offsets_[i];
  if (count_ == 0) best_ = 0;
  return {best_, proven};
}

}  // namespace

ArenaResult solve_arena(std::span<ArenaRecord> records, std::span<const ArenaOverlap> overlaps,
                        const ArenaOptions& options) {
  thread_local ArenaSolver solver;
  return solver.solve(records, overlaps, options);
}

}  // namespace tinynas
