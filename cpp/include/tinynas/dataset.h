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

/// Train, calibration, validation and test. Fashion-MNIST: 53,000 / 2,000 / 5,000 and the official
/// 10,000. Immutable after loading, so any number of threads may read it.
///
/// Policy of the splits:
/// - Each training image has a rank: a hash of its content as stored (size, channels, pixels) mixed
///   with the seed. Of each class the lowest ranks go to validation, the next to calibration, the
///   rest to training; each split holds the classes in proportion to their sizes (equal sizes:
///   equal numbers). File names and order, `resolution` and `channels` have no influence.
/// - An image that occurs elsewhere too (twice in the training part, or also in an official test or
///   validation part) never goes to validation or calibration: it stays in training, as the
///   official split has it. So no image is in two of train, calibration and validation, none of
///   validation or calibration is in test, and `repeated_images` says how many stayed for this
///   reason.
/// - A test part of the data is taken whole. Without one, 10 % of the training images, lowest ranks
///   first, are the test split, before anything else is dealt. A validation part of the data (val/)
///   is the validation split, less the images that occur elsewhere too.
/// - Every split is ordered by rank with its classes interleaved: each prefix is class-balanced (in
///   proportion), so the first n images are the class-balanced part of n images.
struct Dataset {
  std::string name;  ///< "fashion-mnist", "cifar10" or the folder's name
  std::string path;
  std::vector<std::string> class_names;
  DatasetOptions options;
  ImageSet train, calibration, validation, test;
  std::size_t repeated_images = 0;  ///< kept out of validation and calibration, see above
  /// 16 hex digits over every split's images (as stored) and labels, in order: stored with a
  /// supernet, compared at search time. The same for every `resolution` and `channels`.
  std::string split_hash;
  const ImageSet& split(Split which) const;
};

/// Detects the format, reads everything (decoding in parallel; the result does not depend on the
/// number of threads) and assigns the splits. Throws BadInput of one line that names the file (and
/// the entry of an archive) and the mend: unknown layout, file cut short or damaged, image over 64
/// Mpixel, images of several sizes without `resolution`, class with too few images.
Dataset load_dataset(const DatasetOptions& options);

/// Where Debian's dataset-fashion-mnist package puts its files.
inline constexpr const char* kFashionMnistPath = "/usr/share/datasets/fashion-mnist";

}  // namespace tinynas
