#include "supernet/augmentation.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "catch.h"
#include "supernet/image_batches.h"
#include "tiny_supernet.h"

namespace tinynas {
namespace {

const Normalisation kPlain{{0.0, 0.0, 0.0}, {1.0, 1.0, 1.0}};

/// A colour ramp: every pixel differs.
std::vector<std::uint8_t> ramp(int side) {
  std::vector<std::uint8_t> pixels;
  for (int y = 0; y < side; ++y) {
    for (int x = 0; x < side; ++x) {
      pixels.push_back(static_cast<std::uint8_t>(10 * x + 40));
      pixels.push_back(static_cast<std::uint8_t>(10 * y + 40));
      pixels.push_back(static_cast<std::uint8_t>(90));
    }
  }
  return pixels;
}

std::vector<float> augmented(const std::vector<std::uint8_t>& pixels, int side,
                             const Augmentation& how, std::uint64_t seed) {
  std::vector<float> out(pixels.size());
  augment_image({pixels.data(), side, side, 3}, byte_tables(kPlain), how, Rng(seed), out.data());
  return out;
}

TEST_CASE("crops of the whole image change nothing but rounding") {
  const std::vector<std::uint8_t> pixels = ramp(16);
  Augmentation how;
  how.operations = 1;
  how.magnitude = 0;
  const std::vector<float> same = augmented(pixels, 16, how, 3);
  for (std::size_t i = 0; i < same.size(); ++i)
    CHECK(same[i] == Approx(pixels[i] / 255.0f).margin(1e-6));
}

TEST_CASE("a crop shows a part of the image, larger, nothing from outside") {
  const std::vector<std::uint8_t> pixels = ramp(16);
  Augmentation how;
  how.least_crop = 0.3;
  double least_span = 1e9, most_span = 0;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const std::vector<float> out = augmented(pixels, 16, how, seed);
    // Red rises with x as 10 a pixel times the crop's share of the width.
    const double span = (out[3 * 12] - out[3 * 3]) * 255 / (10 * 9);
    least_span = std::min(least_span, span);
    most_span = std::max(most_span, span);
    for (std::size_t y = 1; y < 15; ++y) {
      for (std::size_t x = 1; x < 15; ++x) CHECK(out[3 * (16 * y + x)] * 255 > 39);
    }
  }
  CHECK(least_span < 0.7);
  CHECK(least_span > std::sqrt(0.3 * 0.75) - 0.01);
  CHECK(most_span <= 1.001);
}

TEST_CASE("operations stay within their strength") {
  const std::vector<std::uint8_t> pixels = ramp(16);
  Augmentation how;
  how.operations = 2;
  how.magnitude = 0.3;
  int changed = 0;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    const std::vector<float> out = augmented(pixels, 16, how, seed);
    const auto [low, high] = std::minmax_element(out.begin(), out.end());
    CHECK(*low >= 0);
    CHECK(*high <= 1);
    double difference = 0;
    for (std::size_t i = 0; i < out.size(); ++i)
      difference += std::abs(out[i] - pixels[i] / 255.0) / static_cast<double>(out.size());
    changed += difference > 0.005;
    CHECK(difference < 0.35);
  }
  CHECK(changed > 40);
}

TEST_CASE("shares of mixup lie in 0 to 1, evenly for alpha 1, at the ends for less") {
  Rng rng(5);
  double sum = 0, ends = 0;
  for (int i = 0; i < 2000; ++i) sum += draw_beta(1.0, rng) / 2000;
  CHECK(sum == Approx(0.5).margin(0.03));
  for (int i = 0; i < 2000; ++i) {
    const double share = draw_beta(0.2, rng);
    REQUIRE(share >= 0);
    REQUIRE(share <= 1);
    ends += (share < 0.1 || share > 0.9) / 2000.0;
  }
  // Of Beta(0.2, 0.2) 65 % lie there.
  CHECK(ends == Approx(0.65).margin(0.04));
}

TEST_CASE("mixing keeps targets probabilities") {
  torch::Tensor images = torch::rand({6, 1, 4, 4}), targets = torch::eye(6);
  const torch::Tensor before = images;
  mix_in_pairs(images, targets, 0.7);
  CHECK(targets.sum(1).allclose(torch::ones({6})));
  CHECK(targets[2][2].item<float>() == Approx(0.7));
  CHECK(targets[2][1].item<float>() == Approx(0.3));
  CHECK(images[2].allclose(0.7 * before[2] + 0.3 * before[1]));
}

}  // namespace
}  // namespace tinynas
