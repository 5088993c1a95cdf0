#include "data/archive_check.h"

#include <string>

#include "catch.h"
#include "support.h"

using namespace tinynas;
using namespace tinynas::testing;

TEST_CASE("a zip is whole until any byte of its content changes or any of its end is missing") {
  const TemporaryFolder folder;
  const std::string path = folder / "archive.zip";
  const std::string content = "the content of an entry, which has a checksum";
  const std::string whole = zip_bytes({{"a", content}, {"b/c", std::string(3000, 'x')}});
  const auto is_whole = [&](const std::string& bytes) {
    write_bytes(path, bytes);
    return archive_is_whole(path);
  };
  CHECK(is_whole(whole));
  const std::size_t first = whole.find(content);
  REQUIRE(first != std::string::npos);
  for (std::size_t i = 0; i < content.size(); ++i) {
    std::string changed = whole;
    changed[first + i] = static_cast<char>(changed[first + i] ^ 1);
    CHECK_FALSE(is_whole(changed));
  }
  for (std::size_t length = 0; length < whole.size(); length += 97) {
    CHECK_FALSE(is_whole(whole.substr(0, length)));
  }
  CHECK_FALSE(archive_is_whole(folder / "missing.zip"));
}
