#include "tinynas/rng.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <set>
#include <vector>

#include "catch.h"

using namespace tinynas;

namespace {

using Words = std::array<std::uint32_t, 4>;

/// Philox4x32-10 straight from the paper, one block: independent of the code under test.
Words philox(Words counter, std::uint32_t key0, std::uint32_t key1) {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t left = 0xD2511F53ull * counter[0];
    const std::uint64_t right = 0xCD9E8D57ull * counter[2];
    const std::uint32_t k0 = key0 + static_cast<std::uint32_t>(round) * 0x9E3779B9u;
    const std::uint32_t k1 = key1 + static_cast<std::uint32_t>(round) * 0xBB67AE85u;
    counter = {static_cast<std::uint32_t>(right >> 32) ^ counter[1] ^ k0,
               static_cast<std::uint32_t>(right & 0xFFFFFFFFu),
               static_cast<std::uint32_t>(left >> 32) ^ counter[3] ^ k1,
               static_cast<std::uint32_t>(left & 0xFFFFFFFFu)};
  }
  return counter;
}

double chi_square(const std::vector<int>& counts, double expected) {
  double sum = 0;
  for (const int count : counts) sum += (count - expected) * (count - expected) / expected;
  return sum;
}

}  // namespace

TEST_CASE("Philox gives the known answers of its authors") {
  // Random123, kat_vectors, philox4x32-10.
  CHECK(philox({0, 0, 0, 0}, 0, 0) == Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  CHECK(philox({~0u, ~0u, ~0u, ~0u}, ~0u, ~0u) ==
        Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  CHECK(philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, 0xa4093822, 0x299f31d0) ==
        Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
  Rng rng(0);
  for (const std::uint32_t word : {0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u}) {
    CHECK(rng.next_u32() == word);
  }
}

TEST_CASE("a stream is Philox under (seed, stream, substream)") {
  Rng names(99);
  for (int i = 0; i < 200; ++i) {
    const std::uint64_t seed = names.next_u64(), stream = names.next_u64();
    const std::uint32_t substream = names.next_u32();
    Rng rng(seed, stream, substream);
    for (std::uint32_t block = 0; block < 3; ++block) {
      const Words expected =
          philox({block, substream, static_cast<std::uint32_t>(stream),
                  static_cast<std::uint32_t>(stream >> 32)},
                 static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32));
      for (const std::uint32_t word : expected) REQUIRE(rng.next_u32() == word);
    }
  }
}

TEST_CASE("next_u64 is two words, low first") {
  Rng a(5, 6, 7), b(5, 6, 7);
  const std::uint64_t low = a.next_u32(), high = a.next_u32();
  CHECK(b.next_u64() == (low | high << 32));
}

TEST_CASE("streams with other names share nothing") {
  std::set<std::uint64_t> firsts;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    for (std::uint64_t stream = 0; stream < 20; ++stream) {
      for (std::uint32_t substream = 0; substream < 20; ++substream) {
        firsts.insert(Rng(seed, stream, substream).next_u64());
      }
    }
  }
  CHECK(firsts.size() == 8000);
}

TEST_CASE("neighbouring streams are uncorrelated") {
  // The mean of n products of centred uniforms has deviation 1 / (12 sqrt n); 5 of them.
  constexpr int kDraws = 200000;
  const std::array<Rng, 4> names{Rng(0, 0, 0), Rng(1, 0, 0), Rng(0, 1, 0), Rng(0, 0, 1)};
  for (std::size_t i = 0; i < names.size(); ++i) {
    for (std::size_t j = i + 1; j < names.size(); ++j) {
      Rng a = names[i], b = names[j];
      double sum = 0;
      for (int n = 0; n < kDraws; ++n) sum += (a.uniform() - 0.5) * (b.uniform() - 0.5);
      CHECK(std::abs(sum / kDraws) < 5.0 / (12 * std::sqrt(double{kDraws})));
    }
  }
}

TEST_CASE("below is uniform and stays below") {
  Rng rng(3);
  for (const std::uint32_t n : {1u, 2u, 3u, 7u, 10u, 100u}) {
    constexpr int kDraws = 100000;
    std::vector<int> counts(n);
    for (int i = 0; i < kDraws; ++i) {
      const std::uint32_t value = rng.below(n);
      REQUIRE(value < n);
      ++counts[value];
    }
    // Mean n - 1, variance 2 (n - 1); 5 deviations.
    const double freedom = n - 1;
    CHECK(chi_square(counts, double{kDraws} / n) <= freedom + 5 * std::sqrt(2 * freedom) + 1e-9);
  }
}

TEST_CASE("below has no modulo bias where it would show") {
  // With n = 3 * 2^30 plain multiplication would give every third value twice the chance.
  Rng rng(4);
  constexpr std::uint32_t kN = 3u << 30;
  constexpr int kDraws = 90000;
  std::vector<int> counts(3);
  for (int i = 0; i < kDraws; ++i) ++counts[rng.below(kN) % 3];
  CHECK(chi_square(counts, kDraws / 3.0) < 2 + 5 * 2);
}

TEST_CASE("uniform fills [0, 1)") {
  Rng rng(8);
  double low = 1, high = 0, sum = 0;
  constexpr int kDraws = 100000;
  for (int i = 0; i < kDraws; ++i) {
    const double u = rng.uniform();
    low = std::min(low, u);
    high = std::max(high, u);
    sum += u;
  }
  CHECK(low >= 0);
  CHECK(low < 1e-3);
  CHECK(high < 1);
  CHECK(high > 1 - 1e-3);
  CHECK(std::abs(sum / kDraws - 0.5) < 5 * std::sqrt(1.0 / 12 / kDraws));
  CHECK_FALSE(Rng(1).chance(0));
  CHECK(Rng(1).chance(1));
}

TEST_CASE("shuffle gives every permutation the same chance") {
  Rng rng(11);
  constexpr int kDraws = 24000;
  std::vector<int> counts(24);
  for (int i = 0; i < kDraws; ++i) {
    std::array<int, 4> items{0, 1, 2, 3};
    rng.shuffle(items);
    std::array<int, 4> walk{0, 1, 2, 3};
    int rank = 0;
    while (walk != items) {
      REQUIRE(std::next_permutation(walk.begin(), walk.end()));
      ++rank;
    }
    ++counts[static_cast<std::size_t>(rank)];
  }
  CHECK(chi_square(counts, kDraws / 24.0) < 23 + 5 * std::sqrt(46.0));
}

TEST_CASE("hash_bytes is FNV-1a") {
  CHECK(hash_bytes("", 0) == 0xcbf29ce484222325ull);
  CHECK(hash_bytes("a", 1) == 0xaf63dc4c8601ec8cull);
  CHECK(hash_bytes("foobar", 6) == 0x85944171f73967e8ull);
  CHECK(hash_bytes("bar", 3, hash_bytes("foo", 3)) == hash_bytes("foobar", 6));
}
