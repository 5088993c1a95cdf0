#pragma once
// Counter-based random numbers: a stream is named by (seed, stream, substream), so results do not
// depend on the number of threads or on the order in which work is done.

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace tinynas {

/// Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011). Two
/// streams with other names are independent. Copyable value; not thread-safe (give each task its
/// own stream).
class Rng {
 public:
  explicit Rng(std::uint64_t seed, std::uint64_t stream = 0, std::uint32_t substream = 0);

  std::uint32_t next_u32();
  std::uint64_t next_u64();
  /// Uniform in [0, n), without modulo bias; n > 0.
  std::uint32_t below(std::uint32_t n);
  /// Uniform in [0, 1), 53 bits.
  double uniform();
  bool chance(double probability) { return uniform() < probability; }

  /// Fisher-Yates, the same permutation on every platform (std::shuffle's is not specified).
  template <typename Container>
  void shuffle(Container& items) {
    for (std::size_t i = items.size(); i > 1; --i) {
      std::swap(items[i - 1], items[below(static_cast<std::uint32_t>(i))]);
    }
  }

 private:
  void refill();
  std::array<std::uint32_t, 2> key_;
  std::array<std::uint32_t, 4> counter_;
  std::array<std::uint32_t, 4> block_{};
  unsigned used_ = 4;
};

/// FNV-1a over bytes, 64 bits: identities that are stored in files (space hash, genotype id, split
/// assignment).
std::uint64_t hash_bytes(const void* data, std::size_t bytes,
                         std::uint64_t seed = 14695981039346656037ull);

}  // namespace tinynas
