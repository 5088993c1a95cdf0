#include "data/resize.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace tinynas {
namespace {

constexpr int kWeightBits = 16;

/// Source positions [first, first + weights.size()) of one output position; the weights sum to
/// 2^kWeightBits exactly.
struct Tap {
  int first = 0;
  std::vector<std::int32_t> weights;
};

std::vector<Tap> filter_taps(int source, double offset, double scale, int target) {
  const double support = std::max(scale, 1.0);
  std::vector<Tap> taps(static_cast<std::size_t>(target));
  for (int i = 0; i < target; ++i) {
    Tap& tap = taps[static_cast<std::size_t>(i)];
    const double centre = offset + (i + 0.5) * scale - 0.5;
    tap.first = std::max(0, static_cast<int>(std::ceil(centre - support)));
    const int last = std::min(source - 1, static_cast<int>(std::floor(centre + support)));
    std::vector<double> raw;
    double sum = 0;
    for (int s = tap.first; s <= last; ++s) {
      raw.push_back(std::max(0.0, 1.0 - std::abs(s - centre) / support));
      sum += raw.back();
    }
    std::int32_t left = 1 << kWeightBits;
    for (const double weight : raw) {
      tap.weights.push_back(
          static_cast<std::int32_t>(std::lround(weight / sum * (1 << kWeightBits))));
      left -= tap.weights.back();
    }
    *std::max_element(tap.weights.begin(), tap.weights.end()) += left;
  }
  return taps;
}

}  // namespace

Image resize_image(Image image, int resolution) {
  if (image.height == resolution && image.width == resolution) return image;
  const int side = std::min(image.height, image.width);
  const double scale = static_cast<double>(side) / resolution;
  const auto columns = filter_taps(image.width, (image.width - side) / 2.0, scale, resolution);
  const auto rows = filter_taps(image.height, (image.height - side) / 2.0, scale, resolution);
  const int channels = image.channels;
  const auto row_values = static_cast<std::size_t>(resolution) * channels;

  // Horizontal pass over the rows that the crop needs, kept with 7 bits after the point so that
  // rounding twice costs nothing visible.
  const int first_row = rows.front().first;
  const int end_row = rows.back().first + static_cast<int>(rows.back().weights.size());
  std::vector<std::int32_t> narrow(row_values * static_cast<std::size_t>(end_row - first_row));
  for (int y = first_row; y < end_row; ++y) {
    const std::uint8_t* source =
        image.pixels.data() + static_cast<std::size_t>(y) * image.width * channels;
    std::int32_t* out = narrow.data() + static_cast<std::size_t>(y - first_row) * row_values;
    for (const Tap& tap : columns) {
      for (int c = 0; c < channels; ++c) {
        std::int32_t sum = 0;
        for (std::size_t k = 0; k < tap.weights.size(); ++k) {
          sum += tap.weights[k] * source[(tap.first + k) * channels + c];
        }
        *out++ = sum >> (kWeightBits - 7);
      }
    }
  }

  Image result{resolution, resolution, channels, {}};
  result.pixels.resize(row_values * resolution);
  for (int y = 0; y < resolution; ++y) {
    const Tap& tap = rows[static_cast<std::size_t>(y)];
    for (std::size_t x = 0; x < row_values; ++x) {
      std::int64_t sum = std::int64_t{1} << (kWeightBits + 6);
      for (std::size_t k = 0; k < tap.weights.size(); ++k) {
        sum += std::int64_t{tap.weights[k]} * narrow[(tap.first - first_row + k) * row_values + x];
      }
      result.pixels[static_cast<std::size_t>(y) * row_values + x] =
          static_cast<std::uint8_t>(std::clamp<std::int64_t>(sum >> (kWeightBits + 7), 0, 255));
    }
  }
  return result;
}

Image convert_channels(Image image, int channels) {
  if (channels == 0 || image.channels == channels) return image;
  Image result{image.height, image.width, channels, {}};
  const std::size_t pixels = image.pixels.size() / static_cast<std::size_t>(image.channels);
  result.pixels.resize(pixels * static_cast<std::size_t>(channels));
  for (std::size_t i = 0; i < pixels; ++i) {
    if (channels == 3) {
      std::fill_n(&result.pixels[3 * i], 3, image.pixels[i]);
    } else {
      const std::uint8_t* rgb = &image.pixels[3 * i];
      result.pixels[i] = static_cast<std::uint8_t>(
          (19595 * rgb[0] + 38470 * rgb[1] + 7471 * rgb[2] + 32768) >> 16);
    }
  }
  return result;
}

}  // namespace tinynas
