#include "supernet/event_log.h"

#include <cstring>
#include <filesystem>

#include "base/files.h"
#include "catch.h"
#include "errors.h"
#include "temporary_folder.h"

namespace tinynas {
namespace {

/// tests/e2e/test_train_log.py reads files with TensorBoard's own reader.
std::string only_file(const std::string& folder) {
  std::string path;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) path = entry.path();
  return path;
}

std::uint64_t number(const std::string& bytes, std::size_t at, int size) {
  std::uint64_t value = 0;
  std::memcpy(&value, bytes.data() + at, static_cast<std::size_t>(size));
  return value;
}

TEST_CASE("CRC-32C of RFC 3720's examples") {
  CHECK(crc32c("123456789") == 0xE3069283u);
  CHECK(crc32c(std::string(32, '\0')) == 0x8A9136AAu);
  CHECK(crc32c(std::string(32, '\xFF')) == 0x62A8AB43u);
}

TEST_CASE("an event file is whole after every event") {
  const testing::TemporaryFolder folder;
  EventLog log(folder.path(), 7);
  for (std::size_t events = 2; events < 5; ++events) {
    const std::string bytes = read_file(only_file(folder.path()));
    std::size_t at = 0, records = 0;
    for (; at < bytes.size(); ++records) {
      const auto unmasked = [&](std::size_t place) {
        const auto masked = static_cast<std::uint32_t>(number(bytes, place, 4)) - 0xA282EAD8u;
        return masked >> 17 | masked << 15;
      };
      const std::size_t length = number(bytes, at, 8);
      CHECK(unmasked(at + 8) == crc32c(bytes.substr(at, 8)));
      CHECK(unmasked(at + 12 + length) == crc32c(bytes.substr(at + 12, length)));
      at += length + 16;
    }
    CHECK(at == bytes.size());
    CHECK(records == events);
    log.add(static_cast<std::int64_t>(300 * events), {{"train/loss", 0.5}, {"x", -1}});
  }
}

TEST_CASE("a folder that is not there is named") {
  CHECK(testing::contains(testing::bad_input([] { EventLog("/nowhere/at/all", 0); }), "/nowhere"));
}

}  // namespace
}  // namespace tinynas
