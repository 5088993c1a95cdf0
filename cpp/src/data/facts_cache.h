#pragma once
// What the first reading of a large folder or archive found out, kept in the user's cache folder,
// so that a million images are decoded for their hashes once and not at each start.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tinynas {

/// Of one file as stored: identity of its content (see hash_image) and size. A recording's height
/// is its sample rate, its width its samples a channel.
struct FileFacts {
  std::uint64_t hash = 0;
  std::int32_t height = 0, width = 0, channels = 0;
};

/// Facts by stamp: a hash of a file's path, bytes and time (ImageSource::stamp). The file that
/// holds them, $XDG_CACHE_HOME/tinynas/files-<hash of the data set's path>.bin (else under
/// ~/.cache), is a help and no more: one that is damaged, of another version or not writable is
/// passed over. Not thread-safe, except for `find`.
class FactsCache {
 public:
  struct Entry {
    std::uint64_t stamp;
    FileFacts facts;
  };
  explicit FactsCache(const std::string& dataset_path);
  std::optional<FileFacts> find(std::uint64_t stamp) const;
  /// Replaces what is kept; entries with stamp 0 are left out.
  void save(std::vector<Entry> entries) const;

 private:
  std::string path_;            ///< "": there is no cache folder
  std::vector<Entry> entries_;  ///< ascending by stamp
};

}  // namespace tinynas
