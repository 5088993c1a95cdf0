#include "data/archive_check.h"

#include <zip.h>

#include <memory>
#include <vector>

namespace tinynas {
namespace {

/// libzip compares the checksum once the last byte is read.
bool entry_is_whole(zip_t* archive, zip_uint64_t index, std::vector<char>& buffer) {
  const std::unique_ptr<zip_file_t, decltype(&zip_fclose)> file(zip_fopen_index(archive, index, 0),
                                                                &zip_fclose);
  if (!file) return false;
  zip_int64_t got = 0;
  while ((got = zip_fread(file.get(), buffer.data(), buffer.size())) > 0) {
  }
  return got == 0;
}

}  // namespace

bool archive_is_whole(const std::string& path) {
  int code = 0;
  const std::unique_ptr<zip_t, decltype(&zip_discard)> archive(
      zip_open(path.c_str(), ZIP_RDONLY, &code), &zip_discard);
  if (!archive) return false;
  std::vector<char> buffer(std::size_t{1} << 16);
  const zip_int64_t entries = zip_get_num_entries(archive.get(), 0);
  for (zip_int64_t i = 0; i < entries; ++i) {
    if (!entry_is_whole(archive.get(), static_cast<zip_uint64_t>(i), buffer)) return false;
  }
  return true;
}

}  // namespace tinynas
