#include "data/image_folder.h"

#include <tbb/global_control.h>

#include <filesystem>
#include <set>

#include "catch.h"
#include "data/decode.h"
#include "data/image_source.h"
#include "support.h"

using namespace tinynas;
using namespace tinynas::testing;
using Catch::Matchers::Contains;
namespace fs = std::filesystem;

namespace {

using Entries = std::vector<std::pair<std::string, std::string>>;

DatasetOptions at(const std::string& path) {
  DatasetOptions options;
  options.path = path;
  return options;
}

/// `count` images a class, PNG and JPEG by turns, all different, 12 x 12.
Entries split_entries(const std::string& split, int count) {
  Entries entries;
  Rng rng(split.size());
  for (const char* name : {"cat", "dog"}) {
    for (int i = 0; i < count; ++i) {
      const Image image = random_image(12, 12, 3, rng);
      const bool png = i % 2 == 0;
      entries.emplace_back(split + "/" + name + "/" + std::to_string(i) + (png ? ".png" : ".JPG"),
                           png ? png_bytes(image) : jpeg_bytes(image, 90));
    }
  }
  return entries;
}

Entries both(int train, int test) {
  Entries entries = split_entries("train", train);
  for (auto& entry : split_entries("test", test)) entries.push_back(entry);
  return entries;
}

void write_entries(const std::string& folder, const Entries& entries) {
  for (const auto& [name, bytes] : entries) write_bytes(folder + "/" + name, bytes);
}

}  // namespace

TEST_CASE("ImageFolder: folder, one zip, zip a split and compressed zip are the same data") {
  const TemporaryFolder folder;
  const Entries train = split_entries("train", 30), test = split_entries("test", 5);
  const Entries all = both(30, 5);
  write_entries(folder / "pets", all);
  write_bytes(folder / "pets.zip", zip_bytes(all));
  write_bytes(folder / "deflated.zip", zip_bytes(all, true));
  write_bytes(folder / "zips/train.zip", zip_bytes(train));
  write_bytes(folder / "zips/test.zip", zip_bytes(test));
  Entries below;
  for (const auto& [name, bytes] : all) below.emplace_back("pets-1.0/" + name, bytes);
  write_bytes(folder / "below.zip", zip_bytes(below));

  const Dataset data = load_dataset(at(folder / "pets"));
  CHECK(data.name == "pets");
  CHECK(data.class_names == std::vector<std::string>{"cat", "dog"});
  CHECK(data.test.count() == 10);
  CHECK(data.validation.count() == 6);
  CHECK(data.calibration.count() == 2);
  CHECK(data.train.count() == 52);
  CHECK(data.train.channels == 3);
  for (const char* name : {"pets.zip", "deflated.zip", "zips", "below.zip"}) {
    const Dataset other = load_dataset(at(folder / name));
    CHECK(other.split_hash == data.split_hash);
    CHECK(other.train.pixels == data.train.pixels);
    CHECK(other.test.labels == data.test.labels);
  }
  const tbb::global_control one(tbb::global_control::max_allowed_parallelism, 1);
  CHECK(load_dataset(at(folder / "zips")).train.pixels == data.train.pixels);
}

TEST_CASE("ImageFolder: validation part, no split at all, one split's archive alone") {
  const TemporaryFolder folder;
  Entries entries = both(20, 3);
  for (auto& entry : split_entries("val", 4)) entries.push_back(entry);
  write_entries(folder / "three", entries);
  CHECK(load_dataset(at(folder / "three")).validation.count() == 8);
  CHECK(load_dataset(at(folder / "three")).train.count() == 39);

  Entries flat;
  for (const auto& [name, bytes] : split_entries("train", 20))
    flat.emplace_back(name.substr(6), bytes);
  write_entries(folder / "flat", flat);
  write_bytes(folder / "flat.zip", zip_bytes(flat));
  const Dataset data = load_dataset(at(folder / "flat"));
  CHECK(data.test.count() == 4);
  CHECK(data.train.count() == 32);
  CHECK(load_dataset(at(folder / "flat.zip")).split_hash == data.split_hash);

  write_bytes(folder / "test.zip", zip_bytes(split_entries("test", 4)));
  CHECK_THAT(bad_input([&] { load_dataset(at(folder / "test.zip")); }),
             Contains("no training images"));
}

TEST_CASE("ImageFolder: other files are left out, foreign classes are not") {
  const TemporaryFolder folder;
  Entries entries = both(20, 3);
  entries.emplace_back("train/cat/notes.txt", "hello");
  entries.emplace_back("README.md", "hello");
  entries.emplace_back("train/cat/.hidden.png", "hello");
  entries.emplace_back("__MACOSX/train/cat/0.png", "hello");
  write_bytes(folder / "a.zip", zip_bytes(entries));
  CHECK(load_dataset(at(folder / "a.zip")).train.count() == 35);
  entries.emplace_back("test/cow/0.png", entries[0].second);
  write_bytes(folder / "a.zip", zip_bytes(entries));
  CHECK_THAT(bad_input([&] { load_dataset(at(folder / "a.zip")); }),
             Contains("a.zip: test/cow/0.png") && Contains("'cow' has no training images"));
}

TEST_CASE("ImageFolder: sizes and channels") {
  const TemporaryFolder folder;
  Rng rng(9);
  for (int i = 0; i < 24; ++i) {
    const int side = 10 + i % 3;
    write_bytes(folder / ("train/" + std::to_string(i % 2) + "/" + std::to_string(i) + ".png"),
                png_bytes(random_image(side, side + 4, i % 4 == 0 ? 3 : 1, rng)));
  }
  CHECK_THAT(bad_input([&] { load_dataset(at(folder.path)); }),
             Contains("give a resolution") && Contains(".png"));
  DatasetOptions options = at(folder.path);
  options.resolution = 8;
  const Dataset data = load_dataset(options);
  CHECK(data.train.height == 8);
  CHECK(data.train.width == 8);
  CHECK(data.train.channels == 3);  // one colour image makes all of them colour
  options.channels = 1;
  const Dataset grey = load_dataset(options);
  CHECK(grey.train.channels == 1);
  CHECK(grey.split_hash == data.split_hash);
}

TEST_CASE("ImageFolder: the first damaged file is named, whatever the threads do") {
  const TemporaryFolder folder;
  Entries entries = both(40, 2);
  for (const std::size_t i : {13, 14, 50, 79})
    entries[i].second.resize(entries[i].second.size() / 2);
  write_bytes(folder / "a.zip", zip_bytes(entries));
  std::vector<std::string> names;
  for (const auto& entry : entries) names.push_back(entry.first);
  const std::set<std::string> bad = {names[13], names[14], names[50], names[79]};
  for (int i = 0; i < 5; ++i) {
    CHECK_THAT(bad_input([&] { load_dataset(at(folder / "a.zip")); }),
               Contains("a.zip: " + *bad.begin() + ": damaged"));
  }
  write_entries(folder / "a", entries);
  CHECK_THAT(bad_input([&] { load_dataset(at(folder / "a")); }),
             Contains(*bad.begin() + ": damaged"));
}

TEST_CASE("Zip: cut short or flipped anywhere, it loads the same or ends in one line") {
  const TemporaryFolder folder;
  const std::string path = folder / "a.zip";
  for (const bool compress : {false, true}) {
    const std::string good = zip_bytes(both(12, 2), compress);
    write_bytes(path, good);
    const Dataset whole = load_dataset(at(path));
    for (std::size_t n = 0; n < good.size(); n += 1 + n % 97) {
      write_bytes(path, good.substr(0, n));
      CHECK_THAT(bad_input([&] { load_dataset(at(path)); }), Contains("a.zip"));
    }
    int refused = 0;
    for (std::size_t n = 0; n < good.size(); n += 1 + n % 61) {
      std::string flipped = good;
      flipped[n] = static_cast<char>(flipped[n] ^ (1 << (n % 8)));
      write_bytes(path, flipped);
      std::size_t count = 0;
      if (throws_bad_input([&] { count = load_dataset(at(path)).train.count(); })) {
        ++refused;
      } else {
        CHECK(count <= whole.train.count() + 12);
      }
    }
    CHECK(refused > 100);
  }
}

TEST_CASE("Unknown layouts and bad options are refused with the mend") {
  const TemporaryFolder folder;
  write_bytes(folder / "empty/readme.txt", "x");
  write_bytes(folder / "nothing/train/cat/readme.txt", "x");
  write_bytes(folder / "strange.zip", "no zip at all");
  CHECK_THAT(bad_input([&] { load_dataset(at(folder / "empty")); }), Contains("expected are idx"));
  CHECK_THAT(bad_input([&] { load_dataset(at(folder / "nothing")); }), Contains("<split>/<class>"));
  CHECK_THAT(bad_input([&] { load_dataset(at(folder / "strange.zip")); }), Contains("zip archive"));
  CHECK_THAT(bad_input([&] { load_dataset(at(folder / "absent")); }), Contains("does not exist"));
  CHECK_THAT(bad_input([&] { load_dataset(at("")); }), Contains("give the path"));
  DatasetOptions options = at(folder / "empty");
  options.channels = 2;
  CHECK_THAT(bad_input([&] { load_dataset(options); }), Contains("channels must be 1 or 3"));
  options.channels = 0;
  options.resolution = 5000;
  CHECK_THAT(bad_input([&] { load_dataset(options); }), Contains("resolution must be"));
  options.resolution = 0;
  options.validation_images = -1;
  CHECK_THAT(bad_input([&] { load_dataset(options); }), Contains("must not be negative"));
}

TEST_CASE("Real archives of shared/data") {
  const std::string shared = std::string(TINYNAS_SHARED_DIR) + "/data/";
  if (!fs::exists(shared + "cifar10/test.zip")) {
    WARN("skipped: " + shared + " is absent");
    return;
  }
  SECTION("CIFAR-10 as JPEG: the test archive, read as training images of a folder") {
    const TemporaryFolder folder;
    fs::create_symlink(fs::absolute(shared + "cifar10/test.zip"), folder / "cifar.zip");
    // Its entries say test/..., so it has no training images; its source is read directly.
    CHECK_THAT(bad_input([&] { load_dataset(at(folder / "cifar.zip")); }),
               Contains("no training images"));
    const auto source = open_zip(folder / "cifar.zip");
    REQUIRE(source->entries().size() == 10000);
    for (std::size_t i = 0; i < 10000; i += 500) {
      const SourceEntry& entry = source->entries()[i];
      const Image image = decode_image(source->read(entry), source->where(entry));
      CHECK(image.height == 32);
      CHECK(image.width == 32);
      CHECK(image.channels == 3);
    }
  }
}

TEST_CASE("Real archives of shared/data, whole", "[.nightly]") {
  const std::string shared = std::string(TINYNAS_SHARED_DIR) + "/data/";
  if (!fs::exists(shared + "cats-vs-dogs/train.zip")) {
    WARN("skipped: " + shared + " is absent");
    return;
  }
  const Dataset cifar = load_dataset(at(shared + "cifar10"));
  CHECK(cifar.train.count() + cifar.calibration.count() + cifar.validation.count() == 50000);
  CHECK(cifar.validation.count() == 5000);
  CHECK(cifar.calibration.count() == 2000);
  CHECK(cifar.test.count() == 10000);
  CHECK(cifar.repeated_images == 0);  // as its README says
  CHECK(cifar.class_names.front() == "airplane");
  CHECK(cifar.class_names.back() == "truck");
  DatasetOptions pets = at(shared + "cats-vs-dogs");
  CHECK_THAT(bad_input([&] { load_dataset(pets); }), Contains("give a resolution"));
  pets.resolution = 64;
  const Dataset data = load_dataset(pets);
  CHECK(data.class_names == std::vector<std::string>{"cat", "dog"});
  CHECK(data.test.count() == 1986);
  CHECK(data.train.count() + data.calibration.count() + data.validation.count() == 5926);
}
