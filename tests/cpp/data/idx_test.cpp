#include <tbb/global_control.h>

#include <filesystem>
#include <set>

#include "catch.h"
#include "support.h"
#include "tinynas/error.h"

using namespace tinynas;
using namespace tinynas::testing;
using Catch::Matchers::Contains;

namespace {

DatasetOptions at(const std::string& path) {
  DatasetOptions options;
  options.path = path;
  return options;
}

std::set<std::string> distinct(const ImageSet& set) {
  std::set<std::string> images;
  for (std::size_t i = 0; i < set.count(); ++i) {
    images.emplace(image_of(set, i), image_of(set, i) + set.image_bytes());
  }
  return images;
}

}  // namespace

TEST_CASE("Fashion-MNIST: the promised splits of the real data") {
  const Dataset data = load_dataset(at(kFashionMnistPath));
  CHECK(data.name == "fashion-mnist");
  CHECK(data.class_names.size() == 10);
  CHECK(data.class_names[9] == "Ankle boot");
  CHECK(data.train.count() == 53000);
  CHECK(data.calibration.count() == 2000);
  CHECK(data.validation.count() == 5000);
  CHECK(data.test.count() == 10000);
  CHECK(data.train.height == 28);
  CHECK(data.train.width == 28);
  CHECK(data.train.channels == 1);
  CHECK(&data.split(Split::kCalibration) == &data.calibration);

  SECTION("every prefix is class-balanced") {
    for (const ImageSet* set : {&data.train, &data.calibration, &data.validation, &data.test}) {
      std::vector<std::size_t> seen(10, 0);
      bool balanced = true;
      for (std::size_t i = 0; i < set->count(); ++i) {
        ++seen[static_cast<std::size_t>(set->labels[i])];
        for (const std::size_t n : seen) balanced = balanced && n * 10 <= i + 10 && n * 10 + 9 >= i;
      }
      CHECK(balanced);
      CHECK(std::set<std::size_t>(seen.begin(), seen.end()).size() == 1);
    }
  }

  SECTION("no image is in two splits, none is lost, all are the file's") {
    const auto train = distinct(data.train), calibration = distinct(data.calibration),
               validation = distinct(data.validation), test = distinct(data.test);
    std::set<std::string> all = train;
    all.insert(calibration.begin(), calibration.end());
    all.insert(validation.begin(), validation.end());
    CHECK(all.size() == train.size() + calibration.size() + validation.size());
    CHECK(calibration.size() == 2000);
    CHECK(validation.size() == 5000);
    for (const std::string& image : validation) CHECK_FALSE(test.contains(image));

    // An independent reading: a training file alone, all its images told apart by content.
    DatasetOptions small = at(kFashionMnistPath);
    small.split_seed = 7;
    small.validation_images = 10;
    small.calibration_images = 10;
    const Dataset other = load_dataset(small);
    CHECK(other.train.count() == 59980);
    std::set<std::string> again = distinct(other.train);
    for (const ImageSet* set : {&other.calibration, &other.validation}) {
      again.merge(distinct(*set));
    }
    CHECK(again == all);
    CHECK(other.split_hash != data.split_hash);
  }

  SECTION("neither threads nor resolution nor channels change the splits") {
    const tbb::global_control one(tbb::global_control::max_allowed_parallelism, 1);
    DatasetOptions options = at(kFashionMnistPath);
    const Dataset serial = load_dataset(options);
    CHECK(serial.split_hash == data.split_hash);
    CHECK(serial.train.pixels == data.train.pixels);
    CHECK(serial.validation.labels == data.validation.labels);
    options.resolution = 20;
    options.channels = 3;
    const Dataset small = load_dataset(options);
    CHECK(small.split_hash == data.split_hash);
    CHECK(small.train.height == 20);
    CHECK(small.train.channels == 3);
    CHECK(small.train.pixels.size() == std::size_t{53000} * 20 * 20 * 3);
    CHECK(small.validation.labels == data.validation.labels);
  }
}

TEST_CASE("idx: gzip and plain, both spellings, with and without a test part") {
  const TemporaryFolder folder;
  const ImageSet train = random_images(200, 6, 4, 1), test = random_images(40, 6, 4, 2);
  write_idx_folder(folder / "plain", train, test);
  write_bytes(folder / "zipped/train-images.idx3-ubyte.gz", gzip(idx_images(train)));
  write_bytes(folder / "zipped/train-labels.idx1-ubyte.gz", gzip(idx_labels(train)));
  write_bytes(folder / "zipped/t10k-images.idx3-ubyte", idx_images(test));
  write_bytes(folder / "zipped/t10k-labels.idx1-ubyte", idx_labels(test));
  const Dataset plain = load_dataset(at(folder / "plain"));
  const Dataset zipped = load_dataset(at(folder / "zipped/"));
  CHECK(plain.name == "plain");
  CHECK(zipped.name == "zipped");
  CHECK(plain.class_names == std::vector<std::string>{"0", "1", "2", "3"});
  CHECK(plain.validation.count() == 20);
  CHECK(plain.calibration.count() == 8);
  CHECK(plain.test.count() == 40);
  CHECK(plain.split_hash == zipped.split_hash);
  CHECK(plain.train.pixels == zipped.train.pixels);

  write_idx_folder(folder / "alone", train, {});
  const Dataset alone = load_dataset(at(folder / "alone"));
  CHECK(alone.test.count() == 20);
  CHECK(alone.validation.count() == 18);
  CHECK(alone.calibration.count() == 7);
  CHECK(alone.train.count() == 155);
}

TEST_CASE("idx: damage ends in one line that names the file") {
  const TemporaryFolder folder;
  const ImageSet train = random_images(60, 5, 3, 3), test = random_images(20, 5, 3, 4);
  const std::string images = idx_images(train), zipped = gzip(images);

  SECTION("truncated at every byte, plain") {
    write_idx_folder(folder.path, train, test);
    for (std::size_t n = 0; n < images.size(); n += n < 20 ? 1 : 37) {
      write_bytes(folder / "train-images-idx3-ubyte", images.substr(0, n));
      const std::string message = bad_input([&] { load_dataset(at(folder.path)); });
      CHECK_THAT(message, Contains("train-images-idx3-ubyte") && Contains("download it again"));
    }
    write_bytes(folder / "train-images-idx3-ubyte", images + "x");
    CHECK_THAT(bad_input([&] { load_dataset(at(folder.path)); }), Contains("goes on after"));
  }

  SECTION("truncated or flipped at every byte, gzip") {
    write_idx_folder(folder.path, train, test);
    std::filesystem::remove(folder / "train-images-idx3-ubyte");
    const std::string path = folder / "train-images-idx3-ubyte.gz";
    for (std::size_t n = 0; n < zipped.size(); n += 7) {
      write_bytes(path, zipped.substr(0, n));
      CHECK_THAT(bad_input([&] { load_dataset(at(folder.path)); }), Contains(path));
    }
    write_bytes(path, zipped);
    const std::string good = load_dataset(at(folder.path)).split_hash;
    for (std::size_t n = 0; n < zipped.size(); n += 3) {
      std::string flipped = zipped;
      flipped[n] = static_cast<char>(flipped[n] ^ 0x55);
      write_bytes(path, flipped);
      // A flip in the gzip header's time or system byte changes nothing; any other is found.
      std::string hash;
      if (!throws_bad_input([&] { hash = load_dataset(at(folder.path)).split_hash; })) {
        CHECK(n < 10);
        CHECK(hash == good);
      }
    }
  }

  SECTION("headers that lie") {
    write_idx_folder(folder.path, train, test);
    std::string bomb = images;
    for (const std::size_t field : {4, 8, 12}) bomb.replace(field, 4, "\xff\xff\xff\xff");
    write_bytes(folder / "train-images-idx3-ubyte", bomb);
    CHECK_THAT(bad_input([&] { load_dataset(at(folder.path)); }), Contains("impossible size"));
    bomb = images;
    bomb.replace(4, 4, "\x70\xff\xff\xff");
    write_bytes(folder / "train-images-idx3-ubyte", bomb);
    CHECK_THAT(bad_input([&] { load_dataset(at(folder.path)); }), Contains("4 GiB"));
    bomb.replace(4, 4, std::string("\0\x01\0\0", 4));
    write_bytes(folder / "train-images-idx3-ubyte", bomb);
    CHECK_THAT(bad_input([&] { load_dataset(at(folder.path)); }), Contains("ends before"));
  }

  SECTION("parts that do not belong together") {
    write_idx_folder(folder.path, train, random_images(20, 4, 3, 4));
    CHECK_THAT(bad_input([&] { load_dataset(at(folder.path)); }), Contains("4x4"));
    write_idx_folder(folder.path, train, test);
    write_bytes(folder / "train-labels-idx1-ubyte", idx_labels(test));
    CHECK_THAT(bad_input([&] { load_dataset(at(folder.path)); }), Contains("20 labels for the 60"));
    std::filesystem::remove(folder / "train-labels-idx1-ubyte");
    CHECK_THAT(bad_input([&] { load_dataset(at(folder.path)); }),
               Contains("train-labels-idx1-ubyte (or .gz) is missing"));
  }
}
