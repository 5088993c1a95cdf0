#include "int8/multiply_block.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace tinynas {
namespace {

void multiply_plain(const std::int16_t* columns, const std::int16_t* weights, std::int32_t depth,
                    const std::int32_t* bias, std::int32_t* sums) {
  for (std::int32_t p = 0; p < kPixelBlock; ++p) {
    std::int32_t block[kChannelBlock];
    for (std::int32_t lane = 0; lane < kChannelBlock; ++lane) block[lane] = bias[lane];
    for (std::int32_t k = 0; k < depth; k += 2) {
      const std::int32_t a = columns[std::int64_t{p} * depth + k];
      const std::int32_t b = columns[std::int64_t{p} * depth + k + 1];
      const std::int16_t* w = weights + std::int64_t{k} * kChannelBlock;
      for (std::int32_t lane = 0; lane < kChannelBlock; ++lane) {
        block[lane] += a * w[2 * lane] + b * w[2 * lane + 1];
      }
    }
    for (std::int32_t lane = 0; lane < kChannelBlock; ++lane) {
      sums[p * kChannelBlock + lane] = block[lane];
    }
  }
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) void multiply_avx2(const std::int16_t* columns,
                                                   const std::int16_t* weights, std::int32_t depth,
                                                   const std::int32_t* bias, std::int32_t* sums) {
  __m256i block[kPixelBlock][2];
  for (auto& pixel : block) {
    pixel[0] = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(bias));
    pixel[1] = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(bias + 8));
  }
  for (std::int32_t k = 0; k < depth; k += 2) {
    const std::int16_t* w = weights + std::int64_t{k} * kChannelBlock;
    const __m256i first = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(w));
    const __m256i second = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(w + 16));
    for (std::int32_t p = 0; p < kPixelBlock; ++p) {
      std::int32_t pair;
      __builtin_memcpy(&pair, columns + std::int64_t{p} * depth + k, sizeof pair);
      const __m256i values = _mm256_set1_epi32(pair);
      block[p][0] = _mm256_add_epi32(block[p][0], _mm256_madd_epi16(values, first));
      block[p][1] = _mm256_add_epi32(block[p][1], _mm256_madd_epi16(values, second));
    }
  }
  for (std::int32_t p = 0; p < kPixelBlock; ++p) {
    auto* to = reinterpret_cast<__m256i*>(sums + p * kChannelBlock);
    _mm256_storeu_si256(to, block[p][0]);
    _mm256_storeu_si256(to + 1, block[p][1]);
  }
}
#endif

using MultiplyBlock = decltype(&multiply_plain);

MultiplyBlock choose() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2")) return multiply_avx2;
#endif
  return multiply_plain;
}

}  // namespace

void multiply_block(const std::int16_t* columns, const std::int16_t* weights, std::int32_t depth,
                    const std::int32_t* bias, std::int32_t* sums) {
  static const MultiplyBlock chosen = choose();
  chosen(columns, weights, depth, bias, sums);
}

}  // namespace tinynas
