#include "base/files.h"

#include <sys/stat.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <thread>

#include "catch.h"
#include "errors.h"
#include "temporary_folder.h"

using namespace tinynas;
using testing::bad_input;
using testing::contains;
using testing::TemporaryFolder;
namespace fs = std::filesystem;

namespace {

std::size_t entries(const std::string& folder) {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : fs::directory_iterator(folder)) ++count;
  return count;
}

}  // namespace

TEST_CASE("a file comes back as it was written") {
  const TemporaryFolder folder;
  const std::string content("with\0a zero\nand \xff", 17);
  write_file_atomic(folder.file("a/b/file"), content);
  CHECK(read_file(folder.file("a/b/file")) == content);
  write_file_atomic(folder.file("a/b/file"), "");
  CHECK(read_file(folder.file("a/b/file")).empty());
  CHECK(entries(folder.file("a/b")) == 1);
}

TEST_CASE("reading what is not there names it") {
  const TemporaryFolder folder;
  CHECK(contains(bad_input([&] { read_file(folder.file("none")); }),
                 folder.file("none") + ": cannot be read: No such file"));
  CHECK(contains(bad_input([&] { read_file(folder.path()); }), "is a folder"));
}

TEST_CASE("a writer that fails leaves the old file and nothing else") {
  const TemporaryFolder folder;
  const std::string path = folder.write("file", "old");
  CHECK_THROWS_AS(replace_file_atomic(path,
                                      [](const std::string& temporary) {
                                        std::ofstream(temporary) << "half of the ne";
                                        throw std::runtime_error("disk on fire");
                                      }),
                  std::runtime_error);
  CHECK(read_file(path) == "old");
  CHECK(entries(folder.path()) == 1);
}

TEST_CASE("a path that cannot be written is bad input") {
  const TemporaryFolder folder;
  const std::string file = folder.write("file", "x");
  CHECK(contains(bad_input([&] { write_file_atomic(file + "/below", "y"); }), file + "/below: "));
  fs::create_directory(folder.file("taken"));
  folder.write("taken/inside", "x");
  CHECK(contains(bad_input([&] { write_file_atomic(folder.file("taken"), "y"); }),
                 "taken: cannot be written"));
  CHECK(entries(folder.path()) == 2);
}

TEST_CASE("a reader never sees half of a file") {
  const TemporaryFolder folder;
  const std::string short_text(1000, 'a'), long_text(300000, 'b');
  const std::string path = folder.write("file", short_text);
  std::atomic<bool> done{false};
  std::thread writer([&] {
    for (int i = 0; i < 100; ++i) write_file_atomic(path, i % 2 == 0 ? long_text : short_text);
    done = true;
  });
  int torn = 0, reads = 0;
  while (!done || reads == 0) {
    const std::string seen = read_file(path);
    torn += seen != short_text && seen != long_text;
    ++reads;
  }
  writer.join();
  CHECK(torn == 0);
}

TEST_CASE("the nearest name is a slip away or nothing") {
  const std::vector<std::string> names{"stm32f746", "stm32f767", "stm32h743", "nrf52840", "rp2040"};
  CHECK(nearest_name("stm32f764", names) == "stm32f746");
  CHECK(nearest_name("stmf746", names) == "stm32f746");
  CHECK(nearest_name("stm32f746ng", names) == "stm32f746");
  CHECK(nearest_name("rp2400", names) == "rp2040");
  CHECK(nearest_name("nrf52833", names) == "nrf52840");
  CHECK(nearest_name("msp430", names).empty());
  CHECK(nearest_name("", names).empty());
  CHECK(nearest_name("x", {}).empty());
  CHECK(did_you_mean("rp2400", names) == " (did you mean 'rp2040'?)");
  CHECK(did_you_mean("esp", names).empty());
}

TEST_CASE("nearest_name keeps the first of equals, whatever comes after") {
  CHECK(nearest_name("aXc", {"abc", "adc"}) == "abc");
  CHECK(nearest_name("aXc", {"adc", "abc"}) == "adc");
}

TEST_CASE("TINYNAS_DATA_DIR decides, and must hold data") {
  const TemporaryFolder folder;
  const std::string before = data_dir();
  CHECK(fs::exists(before + "/configs/mcus/stm32f746.toml"));
  ::setenv("TINYNAS_DATA_DIR", folder.path().c_str(), 1);
  CHECK(contains(bad_input([] { data_dir(); }), "TINYNAS_DATA_DIR=" + folder.path() + ": "));
  fs::create_directories(folder.file("configs"));
  fs::create_directories(folder.file("search_spaces"));
  CHECK(data_dir() == folder.path());
  ::unsetenv("TINYNAS_DATA_DIR");
  CHECK(data_dir() == before);
}
