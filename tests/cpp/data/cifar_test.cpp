#include <filesystem>

#include "catch.h"
#include "support.h"

using namespace tinynas;
using namespace tinynas::testing;
using Catch::Matchers::Contains;

namespace {

constexpr std::size_t kRecord = 3073;

/// Records whose pixel (row, column, channel) is known: planes differ, so an interleaving mistake
/// shows.
std::string records(int count, int first) {
  std::string bytes;
  for (int r = first; r < first + count; ++r) {
    bytes.push_back(static_cast<char>(r % 10));
    for (int c = 0; c < 3; ++c) {
      for (int i = 0; i < 1024; ++i) bytes.push_back(static_cast<char>(r * 31 + c * 80 + i * 7));
    }
  }
  return bytes;
}

void write_cifar(const TemporaryFolder& folder) {
  for (int batch = 0; batch < 5; ++batch) {
    write_bytes(folder / ("data_batch_" + std::to_string(batch + 1) + ".bin"),
                records(40, batch * 40));
  }
  write_bytes(folder / "test_batch.bin", records(10, 200));
  write_bytes(folder / "batches.meta.txt", "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n\n");
}

DatasetOptions at(const std::string& path) {
  DatasetOptions options;
  options.path = path;
  return options;
}

}  // namespace

TEST_CASE("CIFAR-10 binaries: planes become pixels, labels and names are kept") {
  const TemporaryFolder folder;
  write_cifar(folder);
  const Dataset data = load_dataset(at(folder.path));
  CHECK(data.name == "cifar10");
  CHECK(data.class_names[9] == "j");
  CHECK(data.train.count() + data.calibration.count() + data.validation.count() == 200);
  REQUIRE(data.test.count() == 10);
  CHECK(data.test.channels == 3);
  for (std::size_t i = 0; i < 10; ++i) {
    const int record = 200 + data.test.labels[i];  // one test record a label
    const std::uint8_t* image = image_of(data.test, i);
    bool right = true;
    for (int pixel = 0; pixel < 1024; ++pixel) {
      for (int c = 0; c < 3; ++c) {
        right = right &&
                image[pixel * 3 + c] == static_cast<std::uint8_t>(record * 31 + c * 80 + pixel * 7);
      }
    }
    CHECK(right);
  }
  DatasetOptions grey = at(folder.path);
  grey.channels = 1;
  grey.resolution = 16;
  const Dataset small = load_dataset(grey);
  CHECK(small.test.pixels.size() == 10u * 16 * 16);
  CHECK(small.split_hash == data.split_hash);
  std::filesystem::remove(folder / "batches.meta.txt");
  CHECK(load_dataset(at(folder.path)).class_names[1] == "automobile");
}

TEST_CASE("CIFAR-10 binaries: damage names file and record") {
  const TemporaryFolder folder;
  write_cifar(folder);
  const std::string good = records(40, 80), path = folder / "data_batch_3.bin";
  for (const std::size_t n :
       {std::size_t{0}, std::size_t{1}, kRecord - 1, kRecord + 1, good.size() - 1}) {
    write_bytes(path, good.substr(0, n));
    CHECK_THAT(bad_input([&] { load_dataset(at(folder.path)); }),
               Contains(path) && Contains("3,073-byte records"));
  }
  std::string bad_label = good;
  bad_label[7 * kRecord] = 10;
  write_bytes(path, bad_label);
  CHECK_THAT(bad_input([&] { load_dataset(at(folder.path)); }),
             Contains(path) && Contains("record 7 has label 10"));
  std::filesystem::remove(path);
  CHECK_THAT(bad_input([&] { load_dataset(at(folder.path)); }), Contains(path));
  write_bytes(path, good);
  write_bytes(folder / "batches.meta.txt", "a\nb\n");
  CHECK_THAT(bad_input([&] { load_dataset(at(folder.path)); }), Contains("2 class names"));
}
