#pragma once
// From bytes to network input: normalisation, resizing, augmentation.

#include <torch/torch.h>

#include <cstdint>
#include <span>
#include <vector>

#include "tinynas/dataset.h"
#include "tinynas/preprocessing.h"

namespace tinynas {

struct Augmentation {
  int shift_pixels = 0;  ///< uniform in [-shift, shift] on both axes, zeros come in
  bool horizontal_flip = false;
  int erase_pixels = 0;  ///< side of a square that is set to the mean, at a uniform place; 0: none
};

/// Images `indices` as (N, C, H, W) floats, channels_last, normalised, on the CPU.
torch::Tensor image_batch(const ImageSet& images, std::span<const std::int32_t> indices,
                          const Normalisation& normalisation);
/// The same, augmented: image i of the batch draws from the stream (seed, stream, i), whatever
/// thread does it.
torch::Tensor augmented_batch(const ImageSet& images, std::span<const std::int32_t> indices,
                              const Normalisation& normalisation, const Augmentation& augmentation,
                              std::uint64_t seed, std::uint64_t stream);
torch::Tensor label_batch(const ImageSet& images, std::span<const std::int32_t> indices);

/// Antialiased bilinear resize of a batch to resolution x resolution pixels; the same tensor when
/// it has that size.
torch::Tensor resize_batch(const torch::Tensor& batch, int resolution);

struct LabelledImages {
  torch::Tensor pixels;  ///< (N, C, resolution, resolution)
  torch::Tensor labels;  ///< (N)
};
/// The first `count` images of a set (0, or more than there are: all), resized, on the device.
LabelledImages first_images(const ImageSet& images, int count, const Normalisation& normalisation,
                            int resolution, torch::Device device);

}  // namespace tinynas
