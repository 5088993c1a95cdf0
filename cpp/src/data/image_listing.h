#pragma once
// Which files an image folder, zip or pair of zips holds, and what each is called to be.

#include <memory>
#include <string>
#include <vector>

#include "data/image_source.h"

namespace tinynas {

enum class DataPart : std::uint8_t { kTrain, kValidation, kTest };
inline constexpr std::size_t kDataParts = 3;

/// A file, placed but not yet read. Source and entry belong to the listing.
struct ListedFile {
  const ImageSource* source;
  const SourceEntry* entry;
  DataPart part;
  std::uint32_t class_index;  ///< into ImageListing::class_names
  std::string where() const { return source->where(*entry); }
};

struct ImageListing {
  std::vector<std::unique_ptr<ImageSource>> sources;
  std::vector<ListedFile> files;
  std::vector<std::string> class_names;  ///< of all parts, ascending
  bool recordings = false;               ///< the files are .wav, not images
  std::vector<std::string> ignored;  ///< files of other kinds in class folders, as errors name them
};

/// Whether `path` is a zip archive or a folder that holds subfolders or split archives (train.zip).
bool is_image_folder(const std::string& path);

/// Throws BadInput when there are no images and no recordings, or both.
ImageListing list_images(const std::string& path);

/// Throws BadInput when there are no training images, or when a class of another part has none.
void check_classes(const ImageListing& listing, const std::string& path);

}  // namespace tinynas
