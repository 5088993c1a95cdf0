#pragma once
// Labelled images and their fixed, disjoint splits. No torch here: images are bytes. Recordings
// become images too: see tinynas/audio.h.

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "tinynas/audio.h"
#include "tinynas/evaluator.h"
#include "tinynas/preprocessing.h"

namespace tinynas {

/// Images that are decoded whenever they are read, out of a folder or archive. Immutable, so any
/// number of threads may read.
class ImageReader {
 public:
  virtual ~ImageReader() = default;
  /// Writes image `i`: height * width * channels bytes of its set. Throws BadInput when its file is
  /// gone, damaged or of another size than when the set was loaded.
  virtual void read(std::size_t i, std::uint8_t* out) const = 0;
};

/// Images of one size, uint8, NHWC: all in memory, or decoded on demand to the same bytes.
struct ImageSet {
  int height = 0, width = 0, channels = 0;
  std::vector<std::uint8_t> pixels;  ///< count * height * width * channels; empty with a `reader`
  std::vector<std::int32_t> labels;
  std::shared_ptr<const ImageReader> reader = {};  ///< set where images are decoded on demand
  std::size_t count() const { return labels.size(); }
  std::size_t image_bytes() const { return static_cast<std::size_t>(height) * width * channels; }
  /// Writes image `i`, image_bytes() bytes. Thread-safe. Throws as ImageReader::read.
  void read(std::size_t i, std::uint8_t* out) const;
  /// Writes images `indices` one after another, decoding side by side. Thread-safe, throws alike.
  void read(std::span<const std::int32_t> indices, std::uint8_t* out) const;
};

/// A file that could not be used, as errors name it, and why (with the mend).
struct BadFile {
  std::string file, reason;
};

/// Sizes of images as stored, before any resizing; of recordings those of the images that they
/// become.
struct StoredSizes {
  int min_height = 0, max_height = 0, min_width = 0, max_width = 0;
  int min_side = 0, median_side = 0;  ///< of each image its shorter side
  std::size_t grey = 0, colour = 0;
  double min_seconds = 0, max_seconds = 0;  ///< of recordings
};

/// How a folder or archive is read; decoded images are resized (shorter side, then centre crop) to
/// `resolution` where their size differs.
struct DatasetOptions {
  std::string path;  ///< Fashion-MNIST idx folder, CIFAR-10 binary folder, ImageFolder as folder or
                     ///< zip, of images or of WAV recordings of keywords (see tinynas/audio.h)
  int resolution = 0;  ///< 0: the size of the images, which must then all be equal
  int channels = 0;    ///< 1 or 3; 0: as stored
  std::uint64_t split_seed = 0;
  int calibration_images = 0;  ///< 0: 2,000 or 4 % of the training images, whichever is less
  int validation_images = 0;   ///< 0: 5,000 or 10 %, whichever is less
  /// Files of a folder or zip that cannot be decoded are left out (Dataset::skipped names them)
  /// instead of ending the loading.
  bool skip_bad_files = false;
  /// Folders and zips whose decoded images take more are decoded on demand instead.
  std::int64_t memory_limit_bytes = std::int64_t{2} << 30;
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
  StoredSizes sizes;
  /// How recordings became images: belongs to the data's identity beside split_hash, which covers
  /// the recordings themselves. None: they were images.
  std::optional<AudioFrontEnd> audio;
  std::vector<BadFile> skipped;      ///< with `skip_bad_files`, in the order of their names
  std::vector<std::string> ignored;  ///< files of a class folder that are no images by their names
  const ImageSet& split(Split which) const;
};

/// Detects the format, reads everything (decoding in parallel; the result does not depend on the
/// number of threads) and assigns the splits. Folders and zips of 1,000 files and more are
/// identified by content only once: hashes are kept in the user's cache folder
/// ($XDG_CACHE_HOME/tinynas), by path, bytes and time of each file. Throws BadInput of one line
/// that names the file (and the entry of an archive) and the mend: unknown layout, file cut short
/// or damaged, image over 64 Mpixel, images of several sizes without `resolution`, class with too
/// few images.
Dataset load_dataset(const DatasetOptions& options);

/// Mean and deviation of each channel (of pixel / 255) over a set's first 100,000 images.
Normalisation measure_normalisation(const ImageSet& images);

/// What `tinynas data inspect` tells of a data set.
struct DatasetReport {
  std::string name, format;  ///< "idx", "cifar10-binary", "image-folder", "wav-folder"
  std::vector<BadFile> bad;  ///< every file that cannot be used
  std::string problem;       ///< why it cannot be loaded even without those; "": it can
  Dataset data;              ///< loaded without the bad files; empty where there is a problem
  Normalisation normalisation;
  std::vector<std::array<std::size_t, 4>> class_images;  ///< of each class, by Split
  double imbalance = 1;  ///< training images of the largest class over those of the smallest
};

/// Reads everything, as load_dataset does, but goes on after bad files of folders and zips. Images
/// of several sizes without `resolution` are brought to the shortest side that occurs, at most 224
/// pixels. Throws BadInput only where there is no data set of a known format.
DatasetReport inspect_dataset(const DatasetOptions& options);

/// Where Debian's dataset-fashion-mnist package puts its files.
inline constexpr const char* kFashionMnistPath = "/usr/share/datasets/fashion-mnist";
/// What `load_dataset` reads, for messages.
inline constexpr const char* kDataLayouts =
    "a folder or zip with train/CLASS/FILE and test/CLASS/FILE (.jpg, .png or .wav), a folder with "
    "train.zip and test.zip of that layout, CIFAR-10 binaries, or idx files";

}  // namespace tinynas
