#pragma once
// Where an image folder's files come from: a folder on disk or a zip archive.

#include <memory>
#include <string>
#include <vector>

namespace tinynas {

/// One file of a folder or archive, by its path inside ('/' between components).
struct SourceEntry {
  std::string path;
  std::uint64_t index = 0;  ///< of the archive's directory
};

/// A listing and the bytes behind it. `read` may be called from several threads.
class ImageSource {
 public:
  virtual ~ImageSource() = default;
  virtual const std::vector<SourceEntry>& entries() const = 0;  ///< sorted by path
  /// Throws BadInput when the entry is unreadable, damaged (a zip's checksum) or over 256 MiB.
  virtual std::string read(const SourceEntry& entry) const = 0;
  /// Hash of path, bytes and time of the file (of an entry: of its archive), which stands for
  /// content that was read before. 0 when the file changed less than two seconds ago, so that a
  /// second change need not show in its time.
  virtual std::uint64_t stamp(const SourceEntry& entry) const = 0;
  /// The file or entry as errors name it: "train.zip: train/cat/1.jpg".
  virtual std::string where(const SourceEntry& entry) const = 0;
};

/// Files of `folder` and its subfolders down to `<split>/<class>/<file>`; hidden ones are left out.
std::unique_ptr<ImageSource> open_folder(const std::string& folder);
/// Entries of a zip archive. Throws BadInput when it is none or is damaged.
std::unique_ptr<ImageSource> open_zip(const std::string& path);

}  // namespace tinynas
