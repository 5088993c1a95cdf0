#include "supernet/image_batches.h"

#include <numeric>

#include "catch.h"
#include "tiny_supernet.h"

namespace tinynas {
namespace {

TEST_CASE("images are normalised to mean 0 and deviation 1, in channels_last") {
  const ImageSet set = testing::striped_images(90, 12, 5);
  const Normalisation normalisation = measure_normalisation(set);
  std::vector<std::int32_t> all(set.count());
  std::iota(all.begin(), all.end(), 0);
  const torch::Tensor batch = image_batch(set, all, normalisation);
  REQUIRE(batch.sizes() == at::IntArrayRef({90, 1, 12, 12}));
  CHECK(batch.is_contiguous(at::MemoryFormat::ChannelsLast));
  CHECK(batch.mean().item<float>() == Approx(0).margin(1e-4));
  CHECK(batch.std(/*unbiased=*/false).item<float>() == Approx(1).margin(1e-3));
  const float expected = (set.pixels[17 * set.image_bytes() + 3 * 12 + 4] / 255.0f -
                          static_cast<float>(normalisation.mean[0])) /
                         static_cast<float>(normalisation.deviation[0]);
  CHECK(batch[17][0][3][4].item<float>() == Approx(expected).margin(1e-5));
}

TEST_CASE("augmentation depends on seed, stream and place in the batch alone") {
  const ImageSet set = testing::striped_images(30, 12, 5);
  const Normalisation normalisation = measure_normalisation(set);
  const Augmentation augmentation{2, true, 3};
  const std::vector<std::int32_t> indices{3, 1, 4, 1, 5};
  const torch::Tensor first = augmented_batch(set, indices, normalisation, augmentation, 7, 2);
  CHECK(torch::equal(first, augmented_batch(set, indices, normalisation, augmentation, 7, 2)));
  CHECK_FALSE(
      torch::equal(first, augmented_batch(set, indices, normalisation, augmentation, 7, 3)));
  CHECK_FALSE(torch::equal(first[1], first[3]));  // the same image, drawn anew
}

TEST_CASE("calibration images are augmented, the same each time, and begin alike for any count") {
  const ImageSet set = testing::striped_images(30, 12, 5);
  const Normalisation normalisation = measure_normalisation(set);
  const auto images = [&](int count, const Augmentation& augmentation, int resolution) {
    return calibration_images(set, count, normalisation, augmentation, resolution, torch::kCPU);
  };
  const Augmentation shifts{.shift_pixels = 3, .horizontal_flip = true};
  const torch::Tensor all = images(0, shifts, 12);
  REQUIRE(all.size(0) == 30);
  CHECK(torch::equal(images(100, shifts, 12), all));
  CHECK(torch::equal(images(7, shifts, 12), all.slice(0, 0, 7)));
  const torch::Tensor plain = first_images(set, 0, normalisation, 12, torch::kCPU).pixels;
  CHECK(torch::equal(images(0, {}, 12), plain));
  CHECK(torch::equal(images(0, {.least_crop = 0.3}, 12), plain));
  CHECK_FALSE(torch::equal(all, plain));
  CHECK(images(7, shifts, 8).sizes() == at::IntArrayRef({7, 1, 8, 8}));
}

TEST_CASE("each augmentation is one of the shifted, mirrored images") {
  const ImageSet set = testing::striped_images(3, 12, 5);
  const Normalisation plain{{0.0}, {1.0}};
  const std::vector<std::int32_t> one{2};
  const torch::Tensor image = image_batch(set, one, plain)[0][0];
  const torch::Tensor mirrored = image.flip({1});
  int flips = 0;
  for (std::uint64_t stream = 0; stream < 40; ++stream) {
    const torch::Tensor drawn = augmented_batch(set, one, plain, {1, true, 0}, 1, stream)[0][0];
    bool found = false;
    for (int dy = -1; dy <= 1; ++dy) {
      for (int dx = -1; dx <= 1; ++dx) {
        const auto inner = [&](const torch::Tensor& t) {
          return t.slice(0, 1 + dy, 11 + dy).slice(1, 1 + dx, 11 + dx);
        };
        const torch::Tensor centre = drawn.slice(0, 1, 11).slice(1, 1, 11);
        found |= torch::equal(centre, inner(image));
        if (torch::equal(centre, inner(mirrored))) {
          found = true;
          ++flips;
        }
      }
    }
    CHECK(found);
  }
  CHECK(flips > 8);
  CHECK(flips < 32);
}

TEST_CASE("resizing keeps constant images constant and other sizes' means") {
  const torch::Tensor constant = torch::full({2, 1, 28, 28}, 3.5f);
  CHECK((resize_batch(constant, 20) - 3.5f).abs().max().item<float>() < 1e-5f);
  const torch::Tensor x = torch::rand({4, 1, 28, 28});
  CHECK(resize_batch(x, 28).is_same(x));
  const torch::Tensor small = resize_batch(x, 14);
  CHECK(small.sizes() == at::IntArrayRef({4, 1, 14, 14}));
  CHECK(small.mean().item<float>() == Approx(x.mean().item<float>()).margin(5e-3));
}

}  // namespace
}  // namespace tinynas
