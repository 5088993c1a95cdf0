#include "supernet/image_batches.h"

#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>

#include <array>
#include <numeric>

#include "supernet/augmentation.h"
#include "supernet/device.h"

namespace tinynas {
namespace {

/// fill(image, target) for each of the images, one after another.
template <typename Fill>
torch::Tensor fill_batch(const ImageSet& images, std::span<const std::int32_t> indices, Fill fill) {
  auto nhwc = torch::empty(
      {static_cast<std::int64_t>(indices.size()), images.height, images.width, images.channels});
  std::vector<std::uint8_t> bytes(indices.size() * images.image_bytes());
  auto* target = nhwc.data_ptr<float>();
  const auto fill_one = [&](std::size_t i) {
    const std::size_t at = i * images.image_bytes();
    fill(i, ImageView{bytes.data() + at, images.height, images.width, images.channels},
         target + at);
  };
  // Isolated: who waits here must not begin with another shard.
  tbb::this_task_arena::isolate([&] {
    images.read(indices, bytes.data());
    tbb::parallel_for(std::size_t{0}, indices.size(), fill_one);
  });
  return nhwc.permute({0, 3, 1, 2});
}

std::vector<std::int32_t> first_indices(const ImageSet& images, int count) {
  const auto available = static_cast<int>(images.count());
  std::vector<std::int32_t> indices(count > 0 ? std::min(count, available) : available);
  std::iota(indices.begin(), indices.end(), 0);
  return indices;
}

constexpr std::uint64_t kCalibrationSeed = 0x63616c6962;  ///< whatever the training's

}  // namespace

torch::Tensor image_batch(const ImageSet& images, std::span<const std::int32_t> indices,
                          const Normalisation& normalisation) {
  const ByteTables tables = byte_tables(normalisation);
  return fill_batch(images, indices, [&](std::size_t, const ImageView& image, float* target) {
    const std::size_t bytes = images.image_bytes();
    for (std::size_t k = 0; k < bytes; ++k) target[k] = tables[k % image.channels][image.pixels[k]];
  });
}

torch::Tensor augmented_batch(const ImageSet& images, std::span<const std::int32_t> indices,
                              const Normalisation& normalisation, const Augmentation& augmentation,
                              std::uint64_t seed, std::uint64_t stream) {
  const ByteTables tables = byte_tables(normalisation);
  return fill_batch(images, indices, [&](std::size_t i, const ImageView& image, float* target) {
    augment_image(image, tables, augmentation, Rng(seed, stream, static_cast<std::uint32_t>(i)),
                  target);
  });
}

torch::Tensor label_batch(const ImageSet& images, std::span<const std::int32_t> indices) {
  auto labels = torch::empty({static_cast<std::int64_t>(indices.size())}, torch::kLong);
  auto* target = labels.data_ptr<std::int64_t>();
  for (std::size_t i = 0; i < indices.size(); ++i) target[i] = images.labels[indices[i]];
  return labels;
}

torch::Tensor smoothed_targets(const torch::Tensor& labels, int classes, double smoothing) {
  return at::one_hot(labels, classes)
      .to(torch::kFloat)
      .mul_(1 - smoothing)
      .add_(smoothing / classes);
}

void mix_in_pairs(torch::Tensor& images, torch::Tensor& targets, double share) {
  // Batches are in random order already, so that a neighbour is any image.
  images = images * share + images.roll(1, 0) * (1 - share);
  targets = targets * share + targets.roll(1, 0) * (1 - share);
}

torch::Tensor resize_batch(const torch::Tensor& batch, int resolution) {
  if (batch.size(2) == resolution && batch.size(3) == resolution)
    return batch.contiguous(map_format(batch.device()));
  return at::_upsample_bilinear2d_aa(batch, {resolution, resolution}, /*align_corners=*/false)
      .contiguous(map_format(batch.device()));
}

LabelledImages first_images(const ImageSet& images, int count, const Normalisation& normalisation,
                            int resolution, torch::Device device) {
  const std::vector<std::int32_t> indices = first_indices(images, count);
  return {resize_batch(image_batch(images, indices, normalisation).to(device), resolution),
          label_batch(images, indices).to(device)};
}

torch::Tensor calibration_images(const ImageSet& images, int count,
                                 const Normalisation& normalisation,
                                 const Augmentation& augmentation, int resolution,
                                 torch::Device device) {
  Augmentation uncropped = augmentation;
  uncropped.least_crop = 1;
  const torch::Tensor augmented = augmented_batch(images, first_indices(images, count),
                                                  normalisation, uncropped, kCalibrationSeed, 0);
  return resize_batch(augmented.to(device), resolution);
}

}  // namespace tinynas
