#include "data/facts_cache.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "base/files.h"
#include "base/log.h"
#include "tinynas/error.h"
#include "tinynas/rng.h"

namespace tinynas {
namespace fs = std::filesystem;
namespace {

/// A change of what is hashed or how files are decoded needs another number.
constexpr char kHead[] = "tinynas-files 1\n";
constexpr std::size_t kHeadBytes = sizeof kHead - 1;
constexpr std::size_t kEntryBytes = 28;

std::string cache_folder() {
  if (const char* given = std::getenv("XDG_CACHE_HOME"); given != nullptr && *given == '/') {
    return std::string(given) + "/tinynas";
  }
  const char* home = std::getenv("HOME");
  return home != nullptr && *home == '/' ? std::string(home) + "/.cache/tinynas" : "";
}

std::string cache_file(const std::string& dataset_path) {
  const std::string folder = cache_folder();
  if (folder.empty()) return "";
  std::error_code error;
  const std::string path = fs::canonical(dataset_path, error).string();
  char name[40];
  std::snprintf(name, sizeof name, "/files-%016llx.bin",
                static_cast<unsigned long long>(hash_bytes(path.data(), path.size())));
  return error ? "" : folder + name;
}

template <typename T>
void append(std::string& bytes, T value) {
  bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
}

template <typename T>
T take(const char*& at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  at += sizeof value;
  return value;
}

/// The machine's own byte order: a cache is not carried elsewhere.
std::string encode(const std::vector<FactsCache::Entry>& entries) {
  std::string body;
  body.reserve(entries.size() * kEntryBytes);
  for (const auto& [stamp, facts] : entries) {
    append(body, stamp);
    append(body, facts.hash);
    append(body, facts.height);
    append(body, facts.width);
    append(body, facts.channels);
  }
  std::string bytes(kHead, kHeadBytes);
  append(bytes, hash_bytes(body.data(), body.size()));
  return bytes + body;
}

std::vector<FactsCache::Entry> decode(const std::string& bytes) {
  std::vector<FactsCache::Entry> entries;
  constexpr std::size_t kBody = kHeadBytes + sizeof(std::uint64_t);
  if (!bytes.starts_with(kHead) || bytes.size() < kBody) return entries;
  const char* at = bytes.data() + kHeadBytes;
  const auto checksum = take<std::uint64_t>(at);
  const std::size_t body = bytes.size() - kBody;
  if (body % kEntryBytes != 0 || hash_bytes(at, body) != checksum) return entries;
  entries.resize(body / kEntryBytes);
  for (auto& [stamp, facts] : entries) {
    stamp = take<std::uint64_t>(at);
    facts.hash = take<std::uint64_t>(at);
    facts.height = take<std::int32_t>(at);
    facts.width = take<std::int32_t>(at);
    facts.channels = take<std::int32_t>(at);
  }
  return entries;
}

bool before(const FactsCache::Entry& a, const FactsCache::Entry& b) { return a.stamp < b.stamp; }

}  // namespace

FactsCache::FactsCache(const std::string& dataset_path) : path_(cache_file(dataset_path)) {
  std::error_code ignored;
  if (path_.empty() || !fs::is_regular_file(path_, ignored)) return;
  try {
    entries_ = decode(read_file(path_));
  } catch (const BadInput& error) {
    log_debug(std::string("cache passed over: ") + error.what());
  }
}

std::optional<FileFacts> FactsCache::find(std::uint64_t stamp) const {
  const auto at = std::lower_bound(entries_.begin(), entries_.end(), Entry{stamp, {}}, before);
  if (stamp == 0 || at == entries_.end() || at->stamp != stamp) return std::nullopt;
  return at->facts;
}

void FactsCache::save(std::vector<Entry> entries) const {
  if (path_.empty()) return;
  std::erase_if(entries, [](const Entry& entry) { return entry.stamp == 0; });
  std::sort(entries.begin(), entries.end(), before);
  try {
    std::error_code ignored;
    fs::create_directories(fs::path(path_).parent_path(), ignored);
    write_file_atomic(path_, encode(entries));
  } catch (const BadInput& error) {
    log_debug(std::string("cache not written: ") + error.what());
  }
}

}  // namespace tinynas
