#pragma once
// Exact placement of records in one arena: the smallest arena in which no two records that are live
// at the same time overlap, except pairs for which a distance is enough.

#include <cstdint>
#include <span>
#include <vector>

namespace tinynas {

struct ArenaRecord {
  std::int64_t bytes = 0;
  std::int32_t first = 0, end = 0;  ///< live in [first, end), any unit of time
  std::int64_t offset_bytes = 0;    ///< the answer
};

/// Replaces "disjoint" for two records whose lives meet: sound when
///   offset(a) >= offset(b) + a_above_b   or   offset(b) >= offset(a) + b_above_a.
/// For a disjoint pair these would be bytes(b) and bytes(a); here they may be less, also negative.
struct ArenaOverlap {
  std::int32_t a = 0, b = 0;
  std::int64_t a_above_b = 0, b_above_a = 0;
};

struct ArenaOptions {
  std::int64_t alignment_bytes = 4;    ///< of offsets
  std::int64_t lower_bound_bytes = 0;  ///< known to the caller: the search stops when it is reached
  std::int64_t node_limit = 20000;     ///< of the search for a smaller arena
};
struct ArenaResult {
  std::int64_t arena_bytes = 0;
  bool proven = false;  ///< no smaller arena exists (bound reached, or the search said so)
};

/// Writes offset_bytes of all records. Greedy orders first (microseconds: this runs in the search's
/// inner loop); where they miss the bound, bisection with an exact search. Deterministic,
/// thread-safe; keeps its memory per thread between calls.
ArenaResult solve_arena(std::span<ArenaRecord> records, std::span<const ArenaOverlap> overlaps,
                        const ArenaOptions& options);

}  // namespace tinynas
