// Offsets against brute force over which of two records is above the other.

#include "tinyengine/arena_solver.h"

#include <algorithm>
#include <iostream>
#include <vector>

#include "catch.h"
#include "tinynas/rng.h"

using namespace tinynas;

namespace {

struct Instance {
  std::vector<ArenaRecord> records;
  std::vector<ArenaOverlap> overlaps;

  bool meet(std::size_t i, std::size_t j) const {
    return records[i].first < records[j].end && records[j].first < records[i].end;
  }
  /// Least distance of the starts of `above` over `below`.
  std::int64_t gap(std::size_t above, std::size_t below) const {
    for (const ArenaOverlap& o : overlaps) {
      if (o.a == static_cast<int>(above) && o.b == static_cast<int>(below)) return o.a_above_b;
      if (o.b == static_cast<int>(above) && o.a == static_cast<int>(below)) return o.b_above_a;
    }
    return records[below].bytes;
  }
};

Instance random_instance(Rng& rng, int count) {
  const auto below = [&](int n) { return static_cast<int>(rng.below(static_cast<unsigned>(n))); };
  Instance instance;
  for (int i = 0; i < count; ++i) {
    ArenaRecord record;
    record.bytes = 1 + below(12);
    record.first = below(5);
    record.end = record.first + 1 + below(3);
    instance.records.push_back(record);
  }
  for (int i = 0; i < count; ++i) {
    for (int j = i + 1; j < count; ++j) {
      if (!instance.meet(i, j) || !rng.chance(0.25)) continue;
      const auto& a = instance.records[i];
      const auto& b = instance.records[j];
      instance.overlaps.push_back({i, j, below(static_cast<int>(b.bytes) + 4) - 3,
                                   below(static_cast<int>(a.bytes) + 4) - 3});
      // A distance is never more than being apart.
      auto& o = instance.overlaps.back();
      o.a_above_b = std::min(o.a_above_b, b.bytes);
      o.b_above_a = std::min(o.b_above_a, a.bytes);
    }
  }
  return instance;
}

/// Every way to say which of two records is above the other. Distances may be below zero, so that
/// a may be above b, b above c and c above a: orders of stacking would not do.
class BruteForce {
 public:
  explicit BruteForce(const Instance& instance) : instance_(instance) {
    for (std::size_t i = 0; i < instance.records.size(); ++i) {
      for (std::size_t j = i + 1; j < instance.records.size(); ++j) {
        if (instance.meet(i, j)) pairs_.push_back({i, j});
      }
    }
  }
  std::int64_t smallest() {
    orient(0);
    return best_;
  }

 private:
  struct Edge {
    std::size_t above, below;
  };
  /// Arena of the lowest offsets that the edges allow; at least best_ where there are none.
  std::int64_t arena() const {
    std::vector<std::int64_t> offsets(instance_.records.size(), 0);
    for (bool moved = true; moved;) {
      moved = false;
      for (const Edge& e : edges_) {
        const std::int64_t least = offsets[e.below] + instance_.gap(e.above, e.below);
        if (least <= offsets[e.above]) continue;
        offsets[e.above] = least;
        moved = true;
        if (least > best_) return best_;
      }
    }
    std::int64_t end = 0;
    for (std::size_t i = 0; i < offsets.size(); ++i) {
      end = std::max(end, offsets[i] + instance_.records[i].bytes);
    }
    return end;
  }
  void orient(std::size_t pair) {
    const std::int64_t end = arena();
    if (end >= best_) return;
    if (pair == pairs_.size()) {
      best_ = end;
      return;
    }
    const Edge edge = pairs_[pair];
    for (const Edge& e : {edge, Edge{edge.below, edge.above}}) {
      edges_.push_back(e);
      orient(pair + 1);
      edges_.pop_back();
    }
  }

  const Instance& instance_;
  std::vector<Edge> pairs_, edges_;
  std::int64_t best_ = 1000;
};

void check_sound(const Instance& instance, std::int64_t arena) {
  std::int64_t end = 0;
  for (std::size_t i = 0; i < instance.records.size(); ++i) {
    const std::int64_t x = instance.records[i].offset_bytes;
    REQUIRE(x >= 0);
    end = std::max(end, x + instance.records[i].bytes);
    for (std::size_t j = i + 1; j < instance.records.size(); ++j) {
      if (!instance.meet(i, j)) continue;
      const std::int64_t y = instance.records[j].offset_bytes;
      REQUIRE((x >= y + instance.gap(i, j) || y >= x + instance.gap(j, i)));
    }
  }
  REQUIRE(end == arena);
}

}  // namespace

TEST_CASE("arenas of up to six records are optimal: brute force over all pairs") {
  int proven = 0;
  ArenaOptions options;
  options.alignment_bytes = 1;
  options.node_limit = 1000000;
  for (std::uint64_t seed = 0; seed < 4000; ++seed) {
    Rng rng(seed);
    Instance instance = random_instance(rng, 2 + static_cast<int>(seed % 5));
    const ArenaResult result = solve_arena(instance.records, instance.overlaps, options);
    INFO("seed " << seed);
    check_sound(instance, result.arena_bytes);
    const std::int64_t best = BruteForce(instance).smallest();
    if (result.proven) CHECK(result.arena_bytes == best);
    CHECK(result.arena_bytes >= best);
    proven += result.proven;
  }
  CHECK(proven == 4000);
}

TEST_CASE("arenas of forty records are sound, the same each time, and end at the node limit") {
  ArenaOptions options;
  options.alignment_bytes = 4;
  options.node_limit = 500;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    Rng rng(seed);
    Instance instance = random_instance(rng, 40);
    for (ArenaRecord& record : instance.records) record.bytes *= 4;
    for (ArenaOverlap& o : instance.overlaps) {
      o.a_above_b *= 4;
      o.b_above_a *= 4;
    }
    Instance again = instance;
    const ArenaResult result = solve_arena(instance.records, instance.overlaps, options);
    check_sound(instance, result.arena_bytes);
    CHECK(solve_arena(again.records, again.overlaps, options).arena_bytes == result.arena_bytes);
    for (std::size_t i = 0; i < again.records.size(); ++i) {
      CHECK(again.records[i].offset_bytes == instance.records[i].offset_bytes);
    }
  }
}
