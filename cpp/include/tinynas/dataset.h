#pragma once
// Labelled images and their fixed, disjoint splits. No torch here: images are bytes.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tinynas/evaluator.h"

namespace tinynas {

/// Images of one size, uint8, NHWC, all in memory.
struct ImageSet {
  int height = 0, width = 0, channels = 0;
  std::vector<std::uint8_t> pixels;  ///< count * height * width * channels
  std::vector<std::int32_t> labels;
  std::size_t count() const { return labels.size(); }
  std::size_t image_bytes() const { return static_cast<std::size_t>(height) * width * channels; }
  const std::uint8_t* image(std::size_t i) const { return pixels.data() + i * image_bytes(); }
};

/// How a folder or archive is read; decoded images are resized (shorter side, then centre crop) to
/// `resolution` where their size differs.
struct DatasetOptions {
  std::string
      path;  ///< Fashion-MNIST idx folder, CIFAR-10 binary folder, ImageFolder as folder or zip
  int resolution = 0;  ///< 0: the size of the images, which must then all be equal
  int channels = 0;    ///< 1 or 3; 0: as stored
  std::uint64_t split_seed = 0;
  int calibration_images = 0;  ///< 0: 2,000 or 4 % of the training images, whichever is less
  int validation_images = 0;   ///< 0: 5,000 or 10 %, whichever is less
};

/// Train, calibration, validation and test, disjoint. Training images are assigned by a hash of
/// their content and the seed: equal images land in one split, and the assignment does not depend
/// on file order. Fashion-MNIST: 53,000 / 2,000 / 5,000 and the official 10,000.
struct Dataset {
  std::string name;  ///< "fashion-mnist", "cifar10" or the folder's name
  std::string path;
  std::vector<std::string> class_names;
  DatasetOptions options;
  ImageSet train, calibration, validation, test;
  /// 16 hex digits over every split's images and labels: stored with a supernet, compared at search
  /// time.
  std::string split_hash;
  const ImageSet& split(Split which) const;
};

/// Detects the format. Throws BadInput that names the file and the layout expected.
Dataset load_dataset(const DatasetOptions& options);

/// Where Debian's dataset-fashion-mnist package puts its files.
inline constexpr const char* kFashionMnistPath = "/usr/share/datasets/fashion-mnist";

}  // namespace tinynas
