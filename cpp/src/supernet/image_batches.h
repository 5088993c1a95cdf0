#pragma once
// From bytes to network input: normalisation, resizing, augmentation.

#include <torch/torch.h>

#include <cstdint>
#include <span>
#include <vector>

#include "tinynas/dataset.h"
#include "tinynas/preprocessing.h"
#include "tinynas/trainer.h"

namespace tinynas {

/// Images `indices` as (N, C, H, W) floats, channels_last, normalised, on the CPU.
torch::Tensor image_batch(const ImageSet& images, std::span<const std::int32_t> indices,
                          const Normalisation& normalisation);
/// The same, augmented: image i of the batch draws from the stream (seed, stream, i), whatever
/// thread does it.
torch::Tensor augmented_batch(const ImageSet& images, std::span<const std::int32_t> indices,
                              const Normalisation& normalisation, const Augmentation& augmentation,
                              std::uint64_t seed, std::uint64_t stream);
torch::Tensor label_batch(const ImageSet& images, std::span<const std::int32_t> indices);
/// (N, classes): what a network should say; `smoothing` is spread over all classes.
torch::Tensor smoothed_targets(const torch::Tensor& labels, int classes, double smoothing);
/// Each image with its neighbour in the batch, targets likewise: `share` of its own.
void mix_in_pairs(torch::Tensor& images, torch::Tensor& targets, double share);

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

/// What BN statistics are taken from, (N, C, resolution, resolution): the first `count` images of a
/// set (as above), augmented as training images are, each always in the same way, but neither
/// cropped nor mixed. Weights suit the statistics of the images that they learnt from: with those
/// of plain images subnets for CIFAR-10, trained on shifted ones with black borders, lose four
/// points and more. Crops enlarge what is seen, and nothing is enlarged where a network is used:
/// with them subnets for cats-vs-dogs lose a quarter of a point.
torch::Tensor calibration_images(const ImageSet& images, int count,
                                 const Normalisation& normalisation,
                                 const Augmentation& augmentation, int resolution,
                                 torch::Device device);

}  // namespace tinynas
