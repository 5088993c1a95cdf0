#include "supernet/augmentation.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace tinynas {
namespace {

/// Moves and erasures by whole pixels.
struct PixelMoves {
  int shift_y = 0, shift_x = 0;
  bool flip = false;
  int erase_top = 0, erase_left = 0, erase_side = 0;
  bool erased(int y, int x) const {
    return erase_side > 0 && y >= erase_top && y < erase_top + erase_side && x >= erase_left &&
           x < erase_left + erase_side;
  }
};

PixelMoves draw_moves(const Augmentation& augmentation, const ImageView& image, Rng& rng) {
  PixelMoves moves;
  const auto span = static_cast<std::uint32_t>(2 * augmentation.shift_pixels + 1);
  moves.shift_y = static_cast<int>(rng.below(span)) - augmentation.shift_pixels;
  moves.shift_x = static_cast<int>(rng.below(span)) - augmentation.shift_pixels;
  moves.flip = augmentation.horizontal_flip && rng.chance(0.5);
  moves.erase_side = augmentation.erase_pixels;
  moves.erase_top = static_cast<int>(rng.below(image.height)) - augmentation.erase_pixels / 2;
  moves.erase_left = static_cast<int>(rng.below(image.width)) - augmentation.erase_pixels / 2;
  return moves;
}

void place_image(const ImageView& image, const ByteTables& tables, const PixelMoves& moves,
                 float* target) {
  const int height = image.height, width = image.width, channels = image.channels;
  for (int y = 0; y < height; ++y) {
    const int from_y = y + moves.shift_y;
    for (int x = 0; x < width; ++x) {
      const int from_x = (moves.flip ? width - 1 - x : x) + moves.shift_x;
      const bool inside = from_y >= 0 && from_y < height && from_x >= 0 && from_x < width;
      for (int c = 0; c < channels; ++c, ++target) {
        if (moves.erased(y, x)) {
          *target = 0.0f;
        } else {
          *target = tables[c][inside ? image.pixels[(from_y * width + from_x) * channels + c] : 0];
        }
      }
    }
  }
}

/// Where an output pixel looks in the source, relative to both centres, and what becomes of its
/// colour.
struct Warp {
  std::array<double, 4> matrix{1, 0, 0, 1};  ///< row by row, on (x, y)
  double centre_x = 0, centre_y = 0;         ///< in source pixels
  std::array<float, 256> tone{};             ///< byte -> 0 to 255
  float saturation = 1;

  /// The output is seen through `m` first.
  void before(const std::array<double, 4>& m) {
    const std::array<double, 4> a = matrix;
    matrix = {a[0] * m[0] + a[1] * m[2], a[0] * m[1] + a[1] * m[3], a[2] * m[0] + a[3] * m[2],
              a[2] * m[1] + a[3] * m[3]};
  }
};

void draw_crop(double least, const ImageView& image, Rng& rng, Warp& warp) {
  const double area = least + (1 - least) * rng.uniform();
  const double ratio = std::exp((2 * rng.uniform() - 1) * std::log(4.0 / 3));
  const double across = std::min(1.0, std::sqrt(area * ratio));
  const double down = std::min(1.0, std::sqrt(area / ratio));
  warp.matrix = {across, 0, 0, down};
  warp.centre_x += image.width * (1 - across) * (rng.uniform() - 0.5);
  warp.centre_y += image.height * (1 - down) * (rng.uniform() - 0.5);
}

double mean_byte(const ImageView& image) {
  const std::size_t bytes = static_cast<std::size_t>(image.height) * image.width * image.channels;
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < bytes; ++i) sum += image.pixels[i];
  return static_cast<double>(sum) / static_cast<double>(bytes);
}

template <typename Change>
void change_tone(Warp& warp, Change change) {
  for (float& value : warp.tone)
    value = static_cast<float>(std::clamp(change(static_cast<double>(value)), 0.0, 255.0));
}

/// One of RandAugment's operations; `strength` from -1 to 1.
void apply_operation(std::uint32_t which, double strength, const ImageView& image, Warp& warp) {
  const double amount = std::abs(strength);
  switch (which) {
    case 0: {  // rotation by 30 degrees at most
      const double angle = strength * std::numbers::pi / 6;
      warp.before({std::cos(angle), -std::sin(angle), std::sin(angle), std::cos(angle)});
      return;
    }
    case 1:
      return warp.before({1, 0.3 * strength, 0, 1});
    case 2:
      return warp.before({1, 0, 0.3 * strength, 1});
    case 3: {
      const double zoom = std::exp(0.5 * strength);
      return warp.before({zoom, 0, 0, zoom});
    }
    case 4:
      return change_tone(warp, [&](double v) { return v * (1 + 0.9 * strength); });
    case 5: {
      const double mean = mean_byte(image);
      return change_tone(warp, [&](double v) { return mean + (v - mean) * (1 + 0.9 * strength); });
    }
    case 6:
      warp.saturation *= static_cast<float>(1 + 0.9 * strength);
      return;
    case 7: {  // 8 to 4 bits
      const double step = std::exp2(std::round(4 * amount));
      return change_tone(warp, [&](double v) { return std::floor(v / step) * step; });
    }
    default: {
      const double threshold = 256 * (1 - amount);
      return change_tone(warp, [&](double v) { return v < threshold ? v : 255 - v; });
    }
  }
}
constexpr std::uint32_t kOperations = 9;

Warp draw_warp(const Augmentation& augmentation, const ImageView& image, Rng& rng) {
  Warp warp;
  warp.centre_x = 0.5 * image.width;
  warp.centre_y = 0.5 * image.height;
  for (int value = 0; value < 256; ++value) warp.tone[value] = static_cast<float>(value);
  if (augmentation.least_crop < 1) draw_crop(augmentation.least_crop, image, rng, warp);
  for (int i = 0; i < augmentation.operations; ++i) {
    const std::uint32_t which = rng.below(kOperations);
    apply_operation(which, augmentation.magnitude * (2 * rng.uniform() - 1), image, warp);
  }
  return warp;
}

class WarpedImage {
 public:
  WarpedImage(const ImageView& image, const ByteTables& tables, const Warp& warp)
      : image_(image), tables_(tables), warp_(warp) {}

  /// Between the four source pixels around (x, y); outside is black.
  void sample(double x, double y, float* target) const {
    const double left = std::floor(x), top = std::floor(y);
    const auto fx = static_cast<float>(x - left), fy = static_cast<float>(y - top);
    const int x0 = static_cast<int>(left), y0 = static_cast<int>(top);
    for (int c = 0; c < image_.channels; ++c) {
      const float above = (1 - fx) * at(y0, x0, c) + fx * at(y0, x0 + 1, c);
      const float below = (1 - fx) * at(y0 + 1, x0, c) + fx * at(y0 + 1, x0 + 1, c);
      target[c] = (1 - fy) * above + fy * below;
    }
    if (image_.channels == 3 && warp_.saturation != 1) saturate(target);
    for (int c = 0; c < image_.channels; ++c) {
      const float black = tables_[c][0], white = tables_[c][255];
      target[c] = black + target[c] * (white - black) / 255;
    }
  }

 private:
  float at(int y, int x, int c) const {
    if (y < 0 || y >= image_.height || x < 0 || x >= image_.width) return 0.0f;
    return warp_.tone[image_.pixels[(y * image_.width + x) * image_.channels + c]];
  }
  void saturate(float* rgb) const {
    const float grey = 0.299f * rgb[0] + 0.587f * rgb[1] + 0.114f * rgb[2];
    for (int c = 0; c < 3; ++c)
      rgb[c] = std::clamp(grey + (rgb[c] - grey) * warp_.saturation, 0.0f, 255.0f);
  }

  const ImageView& image_;
  const ByteTables& tables_;
  const Warp& warp_;
};

void warp_image(const ImageView& image, const ByteTables& tables, const PixelMoves& moves,
                const Warp& warp, float* target) {
  const WarpedImage source(image, tables, warp);
  const auto& m = warp.matrix;
  for (int y = 0; y < image.height; ++y) {
    const double v = y + 0.5 - 0.5 * image.height;
    for (int x = 0; x < image.width; ++x, target += image.channels) {
      if (moves.erased(y, x)) {
        std::fill_n(target, image.channels, 0.0f);
        continue;
      }
      const double across = x + 0.5 - 0.5 * image.width, u = moves.flip ? -across : across;
      source.sample(m[0] * u + m[1] * v + warp.centre_x + moves.shift_x - 0.5,
                    m[2] * u + m[3] * v + warp.centre_y + moves.shift_y - 0.5, target);
    }
  }
}

}  // namespace

ByteTables byte_tables(const Normalisation& normalisation) {
  ByteTables tables(normalisation.mean.size());
  for (std::size_t c = 0; c < tables.size(); ++c) {
    for (int value = 0; value < 256; ++value) {
      tables[c][value] = normalised_pixel(normalisation, c, value);
    }
  }
  return tables;
}

void augment_image(const ImageView& image, const ByteTables& tables,
                   const Augmentation& augmentation, Rng rng, float* target) {
  const PixelMoves moves = draw_moves(augmentation, image, rng);
  if (augmentation.least_crop >= 1 && augmentation.operations == 0) {
    place_image(image, tables, moves, target);
  } else {
    warp_image(image, tables, moves, draw_warp(augmentation, image, rng), target);
  }
}

double draw_beta(double alpha, Rng& rng) {
  // Jöhnk's way, whatever the platform; fast for alpha up to 1 or so.
  while (true) {
    const double a = std::pow(rng.uniform(), 1 / alpha), b = std::pow(rng.uniform(), 1 / alpha);
    if (a + b > 0 && a + b <= 1) return a / (a + b);
  }
}

}  // namespace tinynas
