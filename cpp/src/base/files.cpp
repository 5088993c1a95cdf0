#include "base/files.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <sstream>
#include <utility>

#include "tinynas/error.h"

namespace tinynas {
namespace fs = std::filesystem;

std::string read_file(const std::string& path) {
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) throw BadInput(path + ": is a folder, a file is expected");
  std::ifstream in(path, std::ios::binary);
  if (!in) throw BadInput(path + ": cannot be read: " + std::strerror(errno));
  std::ostringstream content;
  content << in.rdbuf();
  if (in.bad()) throw BadInput(path + ": reading failed: " + std::strerror(errno));
  return std::move(content).str();
}

namespace {

void sync_path(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY);
  if (fd < 0) return;
  ::fsync(fd);
  ::close(fd);
}

}  // namespace

void replace_file_atomic(const std::string& path,
                         const std::function<void(const std::string&)>& write) {
  const fs::path target(path);
  const std::string temporary = path + ".tmp" + std::to_string(::getpid());
  std::error_code error;
  if (target.has_parent_path()) fs::create_directories(target.parent_path(), error);
  if (error) throw BadInput(path + ": its folder cannot be made: " + error.message());
  try {
    write(temporary);
    sync_path(temporary);
    fs::rename(temporary, path, error);
    if (error) throw BadInput(path + ": cannot be written: " + error.message());
  } catch (...) {
    std::error_code ignored;
    fs::remove(temporary, ignored);
    throw;
  }
  sync_path(target.has_parent_path() ? target.parent_path().string() : std::string("."));
}

void write_file_atomic(const std::string& path, std::string_view content) {
  replace_file_atomic(path, [&](const std::string& temporary) {
    std::ofstream out(temporary, std::ios::binary | std::ios::trunc);
    out.write(content.data(), static_cast<std::streamsize>(content.size()));
    out.close();
    if (!out) throw BadInput(path + ": cannot be written: " + std::strerror(errno));
  });
}

namespace {

std::string& data_dir_override() {
  static std::string path;
  return path;
}

bool holds_data(const fs::path& path) {
  std::error_code ignored;
  return fs::is_directory(path / "configs", ignored) &&
         fs::is_directory(path / "search_spaces", ignored);
}

fs::path own_folder() {
  Dl_info info{};
  if (::dladdr(reinterpret_cast<void*>(&set_data_dir), &info) != 0 && info.dli_fname != nullptr) {
    // The executable is named as it was typed, which says nothing when it came from $PATH.
    const std::string name = info.dli_fname;
    std::error_code error;
    fs::path file;
    if (name.find('/') != std::string::npos) file = fs::canonical(name, error);
    if (file.empty()) file = fs::read_symlink("/proc/self/exe", error);
    return file.parent_path();
  }
  return {};
}

}  // namespace

void set_data_dir(const std::string& path) { data_dir_override() = path; }

std::string data_dir() {
  if (const char* env = std::getenv("TINYNAS_DATA_DIR"); env != nullptr && *env != '\0') {
    if (holds_data(env)) return env;
    throw BadInput(std::string("TINYNAS_DATA_DIR=") + env +
                   ": holds no configs/ and search_spaces/; unset it or correct it");
  }
  std::vector<fs::path> places;
  if (!data_dir_override().empty()) places.emplace_back(data_dir_override());
  const fs::path own = own_folder();
  if (!own.empty()) {
    places.push_back(own / "data");
    places.push_back(own.parent_path() / "share" / "tinynas");
  }
  places.emplace_back(TINYNAS_SOURCE_DATA_DIR);
  for (const fs::path& place : places) {
    if (holds_data(place)) return place.string();
  }
  throw BadInput(
      "the folder with configs/ and search_spaces/ was not found; set TINYNAS_DATA_DIR to it");
}

namespace {

/// Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before_last, last(b.size() + 1), row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    before_last = std::exchange(last, row);
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replace = last[j - 1] + (a[i - 1] != b[j - 1]);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, replace});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], before_last[j - 2] + 1);
      }
    }
  }
  return row.back();
}

}  // namespace

std::string nearest_name(std::string_view word, const std::vector<std::string>& candidates) {
  std::string best;
  std::size_t best_distance = std::max<std::size_t>(2, word.size() / 3) + 1;
  for (const std::string& candidate : candidates) {
    const std::size_t distance = edit_distance(word, candidate);
    if (distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best;
}

std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates) {
  const std::string nearest = nearest_name(word, candidates);
  return nearest.empty() ? "" : " (did you mean '" + nearest + "'?)";
}

}  // namespace tinynas
