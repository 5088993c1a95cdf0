#include "data/image_source.h"

#include <zip.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <mutex>

#include "base/files.h"
#include "data/stored.h"
#include "tinynas/error.h"
#include "tinynas/rng.h"

namespace tinynas {
namespace fs = std::filesystem;
namespace {

constexpr std::uint64_t kMaxEntryBytes = std::uint64_t{256} << 20;

void sort_entries(std::vector<SourceEntry>& entries) {
  std::sort(entries.begin(), entries.end(), [](const SourceEntry& a, const SourceEntry& b) {
    return a.path != b.path ? a.path < b.path : a.index < b.index;
  });
}

/// See ImageSource::stamp; 0 too when the file cannot be looked at.
std::uint64_t stamp_of(const fs::path& path) {
  constexpr auto kSettled = std::chrono::seconds(2);
  std::error_code size_error, time_error, path_error;
  const auto bytes = static_cast<std::uint64_t>(fs::file_size(path, size_error));
  const fs::file_time_type time = fs::last_write_time(path, time_error);
  const std::string name = fs::absolute(path, path_error).lexically_normal().string();
  if (size_error || time_error || path_error) return 0;
  if (fs::file_time_type::clock::now() - time < kSettled) return 0;
  const std::array<std::uint64_t, 2> what = {
      bytes, static_cast<std::uint64_t>(time.time_since_epoch().count())};
  return hash_bytes(what.data(), sizeof what, hash_bytes(name.data(), name.size()));
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
  std::uint64_t stamp(const SourceEntry& entry) const override {
    return stamp_of(fs::path(folder_) / entry.path);
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
  explicit ZipSource(const std::string& path) : path_(path), stamp_(stamp_of(path)) {
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

  std::uint64_t stamp(const SourceEntry& entry) const override {
    if (stamp_ == 0) return 0;
    const std::uint64_t index = hash_bytes(&entry.index, sizeof entry.index, stamp_);
    return hash_bytes(entry.path.data(), entry.path.size(), index);
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
  std::uint64_t stamp_;
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
