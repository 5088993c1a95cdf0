#include <tbb/parallel_for.h>
#include <tbb/parallel_reduce.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "tinynas/dataset.h"

namespace tinynas {
namespace {

constexpr std::size_t kNormalisationImages = 100'000;

/// How often each byte value occurs in each channel: whole numbers, so that the order in which
/// threads add them up does not matter.
using Histogram = std::vector<std::array<std::int64_t, 256>>;

Histogram count_values(const ImageSet& images, std::size_t first, std::size_t end,
                       Histogram counts) {
  std::vector<std::uint8_t> pixels(images.image_bytes());
  for (std::size_t i = first; i < end; ++i) {
    images.read(i, pixels.data());
    for (std::size_t at = 0; at < pixels.size(); ++at) ++counts[at % counts.size()][pixels[at]];
  }
  return counts;
}

Histogram sum(Histogram a, const Histogram& b) {
  for (std::size_t c = 0; c < a.size(); ++c) {
    for (std::size_t value = 0; value < 256; ++value) a[c][value] += b[c][value];
  }
  return a;
}

}  // namespace

void ImageSet::read(std::size_t i, std::uint8_t* out) const {
  if (reader) {
    reader->read(i, out);
  } else {
    std::memcpy(out, pixels.data() + i * image_bytes(), image_bytes());
  }
}

void ImageSet::read(std::span<const std::int32_t> indices, std::uint8_t* out) const {
  const auto read_one = [&](std::size_t k) {
    read(static_cast<std::size_t>(indices[k]), out + k * image_bytes());
  };
  if (reader) {
    tbb::parallel_for(std::size_t{0}, indices.size(), read_one);
  } else {
    for (std::size_t k = 0; k < indices.size(); ++k) read_one(k);
  }
}

Normalisation measure_normalisation(const ImageSet& images) {
  const Histogram zero(static_cast<std::size_t>(images.channels));
  const Histogram histogram = tbb::parallel_reduce(
      tbb::blocked_range<std::size_t>(0, std::min(images.count(), kNormalisationImages), 64), zero,
      [&](const tbb::blocked_range<std::size_t>& range, Histogram counts) {
        return count_values(images, range.begin(), range.end(), std::move(counts));
      },
      [](Histogram a, const Histogram& b) { return sum(std::move(a), b); });
  Normalisation result;
  for (const auto& counts : histogram) {
    double count = 0, total = 0, squares = 0;
    for (int value = 0; value < 256; ++value) {
      const double n = static_cast<double>(counts[static_cast<std::size_t>(value)]);
      const double level = value / 255.0;
      count += n;
      total += n * level;
      squares += n * level * level;
    }
    const double mean = count > 0 ? total / count : 0.0;
    const double variance = count > 0 ? squares / count - mean * mean : 1.0;
    result.mean.push_back(mean);
    result.deviation.push_back(std::sqrt(std::max(variance, 1e-6)));
  }
  return result;
}

}  // namespace tinynas
