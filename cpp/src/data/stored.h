#pragma once
// What a format's reader hands over: the parts as stored, before anything is assigned to a split.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tinynas/dataset.h"

namespace tinynas {

/// One part of a data set. `hashes[i]` identifies image i as it was stored (size, channels,
/// pixels), before any resizing, so that splits do not depend on the resolution asked for.
struct StoredImages {
  ImageSet images;
  std::vector<std::uint64_t> hashes;
};

/// A part that the data set does not have holds no images; `train` always has some.
struct StoredDataset {
  std::string name;    ///< "": the folder's
  std::string format;  ///< see DatasetReport
  std::vector<std::string> class_names;
  StoredImages train, validation, test;
  StoredSizes sizes;
  std::optional<AudioFrontEnd> audio;  ///< see Dataset
  std::vector<BadFile> skipped;        ///< see Dataset
  std::vector<std::string> ignored;    ///< see Dataset
};

/// One decoded image, uint8, HWC.
struct Image {
  int height = 0, width = 0, channels = 0;
  std::vector<std::uint8_t> pixels;
};

/// Identity of an image's content: size, channels and pixels.
std::uint64_t hash_image(const std::uint8_t* pixels, int height, int width, int channels);

/// Sizes of a data set whose images are all of one.
StoredSizes equal_sizes(const ImageSet& images);

/// Hashes images of one size, then brings them to options.resolution and options.channels.
StoredImages convert_images(ImageSet images, const DatasetOptions& options);

/// `text` with control characters replaced, so that a strange file name cannot break an error line.
std::string printable(const std::string& text);

/// Images larger than this are refused: 64 Mpixel.
inline constexpr std::int64_t kMaxImagePixels = std::int64_t{64} << 20;

}  // namespace tinynas
