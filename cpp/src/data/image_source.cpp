#include "data/image_source.h"

#include <zip.h>

#include <algorithm>
#include <filesystem>
#include <mutex>

#include "base/files.h"
#include "data/stored.h"
#include "tinynas/error.h"

namespace tinynas {
namespace fs = std::filesystem;
namespace {

constexpr std::uint64_t kMaxEntryBytes = std::uint64_t{256} << 20;

void sort_entries(std::vector<SourceEntry>& entries) {
  std::sort(entries.begin(), entries.end(), [](const SourceEntry& a, const SourceEntry& b) {
    return a.path != b.path ? a.path < b.path : a.index < b.index;
  });
}

class FolderSource : public ImageSource {
 public:
  explicit FolderSource(const std::string& folder) : folder_(folder) {
    constexpr int kDeepest = 2;  // <split>/<class>/<file>
    try {
      const auto options = fs::directory_options::follow_directory_symlink;
      for (auto it = fs::recursive_directory_iterator(folder, options);
           it != fs::recursive_directory_iterator(); ++it) {
        const bool hidden = it->path().filename().string().starts_with('.');
        if (it->is_directory()) {
          if (hidden || it.depth() == kDeepest) it.disable_recursion_pending();
        } else if (!hidden && !it->is_other()) {  // a pipe would block
          entries_.push_back({it->path().lexically_relative(folder).generic_string(), 0});
        }
      }
    } catch (const fs::filesystem_error& error) {
      throw BadInput(printable(error.path1().string()) + ": cannot be read (" +
                     error.code().message() + "); check its permissions");
    }
    sort_entries(entries_);
  }

  const std::vector<SourceEntry>& entries() const override { return entries_; }
  std::string read(const SourceEntry& entry) const override {
    const fs::path path = fs::path(folder_) / entry.path;
    std::error_code ignored;
    const std::uintmax_t bytes = fs::file_size(path, ignored);
    if (!ignored && bytes > kMaxEntryBytes) {
      throw BadInput(where(entry) + ": is larger than 256 MiB; remove or shrink it");
    }
    return read_file(path.string());
  }
  std::string where(const SourceEntry& entry) const override {
    return printable((fs::path(folder_) / entry.path).string());
  }

 private:
  std::string folder_;
  std::vector<SourceEntry> entries_;
};

/// libzip handles are not thread-safe, so reading is serial (entries are small); decoding is not.
class ZipSource : public ImageSource {
 public:
  explicit ZipSource(const std::string& path) : path_(path) {
    int code = 0;
    zip_.reset(zip_open(path.c_str(), ZIP_RDONLY, &code));
    if (!zip_) {
      zip_error_t error;
      zip_error_init_with_code(&error, code);
      const std::string text = zip_error_strerror(&error);
      zip_error_fini(&error);
      throw BadInput(path + ": is no readable zip archive (" + text +
                     "); download or pack it again");
    }
    const auto count = static_cast<std::uint64_t>(zip_get_num_entries(zip_.get(), 0));
    for (std::uint64_t i = 0; i < count; ++i) {
      const char* name = zip_get_name(zip_.get(), i, ZIP_FL_ENC_RAW);
      if (name == nullptr) fail(path_, zip_strerror(zip_.get()));
      const std::string text = name;
      if (!text.empty() && text.back() != '/') entries_.push_back({text, i});
    }
    sort_entries(entries_);
  }

  const std::vector<SourceEntry>& entries() const override { return entries_; }

  std::string read(const SourceEntry& entry) const override {
    const std::lock_guard lock(mutex_);
    zip_stat_t stat;
    zip_stat_init(&stat);
    if (zip_stat_index(zip_.get(), entry.index, 0, &stat) != 0) {
      fail(where(entry), zip_strerror(zip_.get()));
    }
    if ((stat.valid & ZIP_STAT_SIZE) == 0 || stat.size > kMaxEntryBytes) {
      fail(where(entry), "it is larger than 256 MiB");
    }
    const std::unique_ptr<zip_file_t, decltype(&zip_fclose)> file(
        zip_fopen_index(zip_.get(), entry.index, 0), &zip_fclose);
    if (!file) fail(where(entry), zip_strerror(zip_.get()));
    return read_open(file.get(), stat.size, entry);
  }

  std::string where(const SourceEntry& entry) const override {
    return path_ + ": " + printable(entry.path);
  }

 private:
  /// Grows with what is really there: the size in the directory may be a lie.
  std::string read_open(zip_file_t* file, std::uint64_t size, const SourceEntry& entry) const {
    constexpr std::size_t kChunk = std::size_t{1} << 20;
    std::string bytes;
    for (;;) {
      const std::size_t at = bytes.size();
      // One byte more than promised: only a read at the end makes libzip check the checksum.
      const std::size_t step = std::min<std::size_t>(kChunk, size - at + 1);
      bytes.resize(at + step);
      const std::int64_t got = zip_fread(file, bytes.data() + at, step);
      if (got < 0) fail(where(entry), zip_file_strerror(file));
      bytes.resize(at + static_cast<std::size_t>(got));
      if (got == 0) break;
      if (bytes.size() > size) fail(where(entry), "it is longer than the archive says");
    }
    if (bytes.size() != size) fail(where(entry), "it is shorter than the archive says");
    return bytes;
  }

  [[noreturn]] static void fail(const std::string& where, const std::string& reason) {
    throw BadInput(where + ": damaged zip entry (" + reason +
                   "); download or pack the archive again");
  }

  std::string path_;
  std::unique_ptr<zip_t, decltype(&zip_discard)> zip_{nullptr, &zip_discard};
  mutable std::mutex mutex_;
  std::vector<SourceEntry> entries_;
};

}  // namespace

std::unique_ptr<ImageSource> open_folder(const std::string& folder) {
  return std::make_unique<FolderSource>(folder);
}

std::unique_ptr<ImageSource> open_zip(const std::string& path) {
  return std::make_unique<ZipSource>(path);
}

}  // namespace tinynas
