#include "data/resize.h"

#include <cmath>

#include "catch.h"
#include "support.h"

using namespace tinynas;
using namespace tinynas::testing;

namespace {

/// The definition, one pixel at a time in double: triangle weights over all source pixels.
double reference(const Image& image, int resolution, int row, int column, int channel) {
  const int side = std::min(image.height, image.width);
  const double scale = static_cast<double>(side) / resolution, support = std::max(1.0, scale);
  const double cy = (image.height - side) / 2.0 + (row + 0.5) * scale - 0.5;
  const double cx = (image.width - side) / 2.0 + (column + 0.5) * scale - 0.5;
  double sum = 0, weights = 0;
  for (int y = 0; y < image.height; ++y) {
    for (int x = 0; x < image.width; ++x) {
      const double weight = std::max(0.0, 1 - std::abs(y - cy) / support) *
                            std::max(0.0, 1 - std::abs(x - cx) / support);
      const auto at = (static_cast<std::size_t>(y) * image.width + x) * image.channels + channel;
      sum += weight * image.pixels[at];
      weights += weight;
    }
  }
  return sum / weights;
}

}  // namespace

TEST_CASE("Resizing equals the definition within a grey level") {
  Rng rng(3);
  for (int trial = 0; trial < 60; ++trial) {
    const int height = 1 + static_cast<int>(rng.below(40));
    const int width = 1 + static_cast<int>(rng.below(40));
    const int resolution = 1 + static_cast<int>(rng.below(24));
    const Image image = random_image(height, width, trial % 2 == 0 ? 1 : 3, rng);
    const Image small = resize_image(image, resolution);
    REQUIRE(small.height == resolution);
    REQUIRE(small.width == resolution);
    REQUIRE(small.channels == image.channels);
    std::size_t i = 0;
    double worst = 0;
    for (int y = 0; y < resolution; ++y) {
      for (int x = 0; x < resolution; ++x) {
        for (int c = 0; c < image.channels; ++c) {
          const double want = reference(image, resolution, y, x, c);
          worst = std::max(worst, std::abs(small.pixels[i++] - want));
        }
      }
    }
    CHECK(worst <= 0.52);
  }
}

TEST_CASE("Resizing keeps an image of the right size and a constant image") {
  Rng rng(4);
  const Image image = random_image(17, 17, 3, rng);
  CHECK(resize_image(image, 17).pixels == image.pixels);
  for (const int value : {0, 1, 127, 255}) {
    Image flat{50, 31, 1, std::vector<std::uint8_t>(50 * 31, static_cast<std::uint8_t>(value))};
    for (const int resolution : {1, 7, 31, 64}) {
      for (const std::uint8_t pixel : resize_image(flat, resolution).pixels) CHECK(pixel == value);
    }
  }
}

TEST_CASE("An extreme strip needs no more memory than its crop") {
  const Image strip{1 << 24, 1, 1, std::vector<std::uint8_t>(1 << 24, 77)};
  const Image square = resize_image(strip, 512);
  CHECK(square.pixels == std::vector<std::uint8_t>(512 * 512, 77));
}

TEST_CASE("Channels: grey is copied, colour becomes luma") {
  const Image grey{1, 2, 1, {10, 200}};
  CHECK(convert_channels(grey, 3).pixels == std::vector<std::uint8_t>{10, 10, 10, 200, 200, 200});
  CHECK(convert_channels(grey, 0).pixels == grey.pixels);
  const Image colour{1, 4, 3, {255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255}};
  CHECK(convert_channels(colour, 1).pixels == std::vector<std::uint8_t>{76, 150, 29, 255});
  CHECK(convert_channels(convert_channels(grey, 3), 1).pixels == grey.pixels);
}
