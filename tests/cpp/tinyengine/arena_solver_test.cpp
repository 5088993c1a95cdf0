// Offsets against brute force over every order of stacking.

#include "tinyengine/arena_solver.h"

#include <algorithm>
#include <iostream>
#include <numeric>
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

std::int64_t brute_force(const Instance& instance) {
  std::vector<std::size_t> order(instance.records.size());
  std::iota(order.begin(), order.end(), 0);
  std::int64_t best = 1 << 30;
  do {
    std::vector<std::int64_t> offsets(order.size(), 0);
    std::int64_t arena = 0;
    for (std::size_t k = 0; k < order.size(); ++k) {
      for (std::size_t m = 0; m < k; ++m) {
        if (!instance.meet(order[k], order[m])) continue;
        offsets[order[k]] =
            std::max(offsets[order[k]], offsets[order[m]] + instance.gap(order[k], order[m]));
      }
      arena = std::max(arena, offsets[order[k]] + instance.records[order[k]].bytes);
    }
    best = std::min(best, arena);
  } while (std::next_permutation(order.begin(), order.end()));
  return best;
}

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

TEST_CASE("arenas of up to six records are optimal: brute force over all orders") {
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
    const std::int64_t best = brute_force(instance);
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
