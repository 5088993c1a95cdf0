// What generated C makes of pixels is what accuracies are measured on.

#include "catch.h"
#include "supernet/image_batches.h"
#include "supernet/int8_measurement.h"
#include "tinynas/preprocessing.h"
#include "tinynas/rng.h"

namespace tinynas {
namespace {

/// One image of 16 x 16 pixels in which every channel takes each of the 256 values once.
ImageSet all_values(int channels) {
  ImageSet set;
  set.height = set.width = 16;
  set.channels = channels;
  for (int value = 0; value < 256; ++value) {
    for (int c = 0; c < channels; ++c) {
      set.pixels.push_back(static_cast<std::uint8_t>((value + 85 * c) % 256));
    }
  }
  set.labels = {0};
  return set;
}

void check_all_values(const Normalisation& normalisation, const Tensor& input) {
  const int channels = input.shape.c;
  const ImageSet set = all_values(channels);
  const std::vector<std::int32_t> first = {0};
  const auto measured = quantised_images(input, image_batch(set, first, normalisation));
  const auto tables = quantised_pixels(normalisation, input);
  REQUIRE(measured.size() == set.pixels.size());
  REQUIRE(tables.size() == static_cast<std::size_t>(channels));
  int wrong = 0;
  for (std::size_t i = 0; i < measured.size(); ++i) {
    wrong += tables[i % tables.size()][set.pixels[i]] != measured[i];
  }
  CHECK(wrong == 0);
}

TEST_CASE("all 256 values of every channel are quantised as when accuracy is measured") {
  Rng random(1);
  const auto uniform = [&](double low, double high) {
    return low + (high - low) * random.below(1 << 20) / double(1 << 20);
  };
  for (int trial = 0; trial < 200; ++trial) {
    Tensor input;
    input.shape = {16, 16, trial % 2 == 0 ? 1 : 3};
    Normalisation normalisation;
    for (int c = 0; c < input.shape.c; ++c) {
      normalisation.mean.push_back(uniform(0.1, 0.9));
      normalisation.deviation.push_back(uniform(0.1, 0.5));
    }
    input.scale = static_cast<float>(uniform(0.004, 0.05));
    input.zero_point = static_cast<std::int32_t>(random.below(256)) - 128;
    check_all_values(normalisation, input);
  }
}

TEST_CASE("pixels half way between two values are quantised as when accuracy is measured") {
  Tensor input;
  input.shape = {16, 16, 1};
  input.scale = 1.0F / 127.5F;  // (pixel / 255 - 0.5) / 0.5 / scale = pixel - 127.5
  check_all_values({{0.5}, {0.5}}, input);
  input.scale = 1.0F / 64;
  check_all_values({{0.0}, {2.0 / 255}}, input);
}

}  // namespace
}  // namespace tinynas
