#include <malloc.h>
#include <tbb/global_control.h>
#include <tbb/parallel_for.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>

#include "catch.h"
#include "support.h"
#include "tinynas/dataset.h"

using namespace tinynas;
using namespace tinynas::testing;
using Catch::Matchers::Contains;
namespace fs = std::filesystem;

namespace {

using Entries = std::vector<std::pair<std::string, std::string>>;

DatasetOptions on_demand(const std::string& path) {
  DatasetOptions options;
  options.path = path;
  options.memory_limit_bytes = 0;
  return options;
}

/// Smooth pictures of one side, each with one pixel of its own: they compress well and differ.
Entries pictures(int count, int side, int channels) {
  Entries entries;
  Image image = smooth_image(side, side, channels, 3);
  for (int i = 0; i < count; ++i) {
    image.pixels[static_cast<std::size_t>(i)] ^= 255;
    entries.emplace_back(
        std::string("train/") + (i % 2 == 0 ? "cat/" : "dog/") + std::to_string(i) + ".png",
        png_bytes(image));
    image.pixels[static_cast<std::size_t>(i)] ^= 255;
  }
  return entries;
}

/// The most that `action` has in memory beyond what there was before, in bytes.
template <typename Action>
std::int64_t peak_bytes(const Action& action) {
  const auto value_of = [](const std::string& key) {
    std::ifstream status("/proc/self/status");
    for (std::string word; status >> word;) {
      std::int64_t kib = 0;
      if (word == key && status >> kib) return kib * 1024;
    }
    return std::int64_t{0};
  };
  malloc_trim(0);  // what earlier tests freed would be used again
  std::ofstream("/proc/self/clear_refs") << "5";
  const std::int64_t before = value_of("VmRSS:");
  action();
  return value_of("VmHWM:") - before;
}

/// $XDG_CACHE_HOME, for as long as it lives.
class CacheFolder {
 public:
  explicit CacheFolder(const std::string& path) {
    if (const char* value = std::getenv("XDG_CACHE_HOME")) before_ = value;
    setenv("XDG_CACHE_HOME", path.c_str(), 1);
  }
  ~CacheFolder() {
    if (before_) {
      setenv("XDG_CACHE_HOME", before_->c_str(), 1);
    } else {
      unsetenv("XDG_CACHE_HOME");
    }
  }

 private:
  std::optional<std::string> before_;
};

void make_older(const std::string& folder) {
  for (const auto& item : fs::recursive_directory_iterator(folder)) {
    if (item.is_regular_file()) {
      fs::last_write_time(item.path(), item.last_write_time() - std::chrono::hours(1));
    }
  }
}

}  // namespace

TEST_CASE("Images decoded on demand have the bytes of those in memory, in folders and zips") {
  const TemporaryFolder folder;
  Rng rng(5);
  Entries entries;
  for (int i = 0; i < 90; ++i) {
    const Image image = random_image(12 + i % 3, 15, i % 4 == 0 ? 3 : 1, rng);
    const bool png = i % 2 == 0;
    entries.emplace_back((i < 70 ? "train/" : "test/") + std::string(i % 2 == 0 ? "a/" : "b/") +
                             std::to_string(i) + (png ? ".png" : ".jpg"),
                         png ? png_bytes(image) : jpeg_bytes(image, 90));
  }
  for (const auto& [name, bytes] : entries) write_bytes(folder / ("plain/" + name), bytes);
  write_bytes(folder / "packed.zip", zip_bytes(entries, true));
  for (const char* name : {"plain", "packed.zip"}) {
    DatasetOptions options = on_demand(folder / name);
    options.resolution = 10;
    const Dataset streamed = load_dataset(options);
    options.memory_limit_bytes = 90 * 10 * 10 * 3;  // to the byte what all of them take
    const Dataset resident = load_dataset(options);
    --options.memory_limit_bytes;
    CHECK(load_dataset(options).train.reader != nullptr);
    CHECK(streamed.split_hash == resident.split_hash);
    for (const Split split :
         {Split::kTrain, Split::kCalibration, Split::kValidation, Split::kTest}) {
      const ImageSet &a = streamed.split(split), &b = resident.split(split);
      REQUIRE(a.reader != nullptr);
      REQUIRE(b.reader == nullptr);
      CHECK(a.pixels.empty());
      CHECK(a.labels == b.labels);
      CHECK(pixels_of(a) == b.pixels);
    }
    const Normalisation left = measure_normalisation(streamed.train),
                        right = measure_normalisation(resident.train);
    CHECK(left == right);
  }
}

TEST_CASE("Images are read by many threads, and in batches of any order") {
  const TemporaryFolder folder;
  write_bytes(folder / "a.zip", zip_bytes(pictures(60, 20, 3)));
  const ImageSet set = load_dataset(on_demand(folder / "a.zip")).train;
  const std::vector<std::uint8_t> expected = pixels_of(set);
  const tbb::global_control many(tbb::global_control::max_allowed_parallelism, 8);
  std::vector<std::int32_t> order;
  for (int i = 0; i < 400; ++i) order.push_back(i * 7 % static_cast<int>(set.count()));
  std::vector<std::uint8_t> batch(order.size() * set.image_bytes());
  set.read(order, batch.data());
  std::atomic<int> wrong = 0;
  tbb::parallel_for(std::size_t{0}, order.size(), [&](std::size_t k) {
    std::vector<std::uint8_t> one(set.image_bytes());
    set.read(static_cast<std::size_t>(order[k]), one.data());
    const std::uint8_t* want = &expected[static_cast<std::size_t>(order[k]) * set.image_bytes()];
    wrong += !std::equal(one.begin(), one.end(), want);
    wrong += !std::equal(one.begin(), one.end(), &batch[k * set.image_bytes()]);
  });
  CHECK(wrong == 0);
}

TEST_CASE("A file that is gone or another one when it is read ends in one line that names it") {
  const TemporaryFolder folder;
  for (const auto& [name, bytes] : pictures(40, 16, 1)) write_bytes(folder / name, bytes);
  const ImageSet set = load_dataset(on_demand(folder.path)).train;
  Rng rng(1);
  for (int i = 0; i < 40; ++i) {
    const std::string path =
        folder / (i % 2 == 0 ? "train/cat/" : "train/dog/") + std::to_string(i) + ".png";
    if (i % 2 == 0)
      fs::remove(path);
    else
      write_bytes(path, png_bytes(random_image(17, 16, 1, rng)));
  }
  std::vector<std::uint8_t> image(set.image_bytes());
  for (std::size_t i = 0; i < set.count(); ++i) {
    const std::string message = bad_input([&] { set.read(i, image.data()); });
    const bool cat = set.labels[i] == 0;
    CHECK_THAT(message, Contains(cat ? "train/cat/" : "train/dog/"));
    if (!cat) CHECK_THAT(message, Contains("another size"));
  }
  const std::vector<std::int32_t> both{0, 1};
  std::vector<std::uint8_t> batch(2 * set.image_bytes());
  CHECK_THAT(bad_input([&] { set.read(both, batch.data()); }), Contains(".png"));
}

// Sanitizers keep what is freed.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST_CASE("Memory stays flat however many images a zip holds") {
  const TemporaryFolder folder;
  constexpr int kCount = 300, kSide = 512;  // 75 MiB decoded
  constexpr std::int64_t kDecoded = std::int64_t{kCount} * kSide * kSide;
  write_bytes(folder / "large.zip", zip_bytes(pictures(kCount, kSide, 1)));
  DatasetOptions options = on_demand(folder / "large.zip");
  options.memory_limit_bytes = std::int64_t{8} << 20;
  const std::int64_t flat = peak_bytes([&] {
    const Dataset data = load_dataset(options);
    std::vector<std::uint8_t> image(data.train.image_bytes());
    for (std::size_t i = 0; i < data.train.count(); ++i) data.train.read(i, image.data());
    CHECK(data.train.count() == 233);
    CHECK(data.train.reader != nullptr);
  });
  CHECK(flat < kDecoded / 3);
  options.memory_limit_bytes = std::int64_t{2} << 30;
  // So the measure measures; what is in memory is there once.
  const std::int64_t whole = peak_bytes([&] { CHECK(load_dataset(options).train.count() == 233); });
  CHECK(whole > kDecoded * 9 / 10);
  CHECK(whole < kDecoded * 3 / 2);
}
#endif

TEST_CASE("Hashes of large folders are kept, and belong to a file's path, bytes and time") {
  const TemporaryFolder folder, cache;
  const CacheFolder use(cache.path);
  const Entries entries = pictures(1000, 40, 1);
  for (const auto& [name, bytes] : entries) write_bytes(folder / name, bytes);
  const std::string hash = load_dataset(on_demand(folder.path)).split_hash;
  const std::string victim = folder / "train/cat/500.png";
  std::string garbage = read_bytes(victim);
  garbage[garbage.size() / 2] ^= 85;

  SECTION("what changed a moment ago is not trusted") {
    write_bytes(victim, garbage);
    CHECK_THAT(bad_input([&] { load_dataset(on_demand(folder.path)); }), Contains("500.png"));
  }
  SECTION("what is known is not read again, until its time changes") {
    make_older(folder.path);
    CHECK(load_dataset(on_demand(folder.path)).split_hash == hash);
    const auto time = fs::last_write_time(victim);
    write_bytes(victim, garbage);
    fs::last_write_time(victim, time);
    const Dataset data = load_dataset(on_demand(folder.path));
    CHECK(data.split_hash == hash);
    CHECK_THAT(bad_input([&] {
                 pixels_of(data.train), pixels_of(data.validation), pixels_of(data.calibration),
                     pixels_of(data.test);
               }),
               Contains("500.png"));
    fs::last_write_time(victim, time + std::chrono::minutes(1));
    CHECK_THAT(bad_input([&] { load_dataset(on_demand(folder.path)); }), Contains("500.png"));
  }
  SECTION("a cache that is damaged is passed over") {
    make_older(folder.path);
    load_dataset(on_demand(folder.path));
    int damaged = 0;
    for (const auto& item : fs::directory_iterator(cache / "tinynas")) {
      std::string bytes = read_bytes(item.path().string());
      bytes[bytes.size() / 2] ^= 1;
      write_bytes(item.path().string(), bytes);
      ++damaged;
    }
    CHECK(damaged == 1);
    CHECK(load_dataset(on_demand(folder.path)).split_hash == hash);
  }
}

TEST_CASE("Bad files are left out when asked, all of them, each with its reason") {
  const TemporaryFolder folder;
  Entries entries = pictures(60, 16, 1);
  Entries good;
  std::vector<std::string> bad;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (i % 13 != 5) {
      good.push_back(entries[i]);
      continue;
    }
    entries[i].second.resize(i == 5 ? 0 : entries[i].second.size() / 2);
    bad.push_back(entries[i].first);
  }
  std::sort(bad.begin(), bad.end());
  write_bytes(folder / "bad.zip", zip_bytes(entries));
  write_bytes(folder / "good.zip", zip_bytes(good));
  DatasetOptions options;
  options.path = folder / "bad.zip";
  CHECK_THAT(bad_input([&] { load_dataset(options); }), Contains("bad.zip: " + bad.front()));
  options.skip_bad_files = true;
  const Dataset data = load_dataset(options);
  options.path = folder / "good.zip";
  CHECK(data.split_hash == load_dataset(options).split_hash);
  REQUIRE(data.skipped.size() == bad.size());
  for (std::size_t i = 0; i < bad.size(); ++i) {
    CHECK(data.skipped[i].file == (folder / "bad.zip") + ": " + bad[i]);
    CHECK(data.skipped[i].reason.size() > 20);
    CHECK_THAT(data.skipped[i].reason, !Contains("bad.zip"));
  }

  options.path = folder / "bad.zip";
  options.skip_bad_files = false;
  const DatasetReport report = inspect_dataset(options);
  CHECK(report.bad.size() == bad.size());
  CHECK(report.problem.empty());
  CHECK(report.data.split_hash == data.split_hash);
}

TEST_CASE("Inspection counts classes, tells imbalance, and names bad files where nothing is left") {
  const TemporaryFolder folder;
  Rng rng(2);
  for (int i = 0; i < 80; ++i) {
    write_bytes(folder / ("set/train/" + std::string(i % 4 == 0 ? "rare/" : "usual/") +
                          std::to_string(i) + ".png"),
                png_bytes(random_image(20, 10 + i % 5, 1, rng)));
  }
  DatasetOptions options;
  options.path = folder / "set";
  const DatasetReport report = inspect_dataset(options);
  CHECK(report.format == "image-folder");
  CHECK(report.data.train.height == 10);  // the shortest side that occurs
  CHECK(report.data.sizes.median_side == 12);
  REQUIRE(report.class_images.size() == 2);
  for (std::size_t split = 0; split < 4; ++split) {
    const std::size_t all = report.class_images[0][split] + report.class_images[1][split];
    CHECK(all == report.data.split(static_cast<Split>(split)).count());
  }
  CHECK(report.imbalance == Approx(3).epsilon(0.1));
  for (const char* name : {"0", "4"}) {
    fs::create_directories(folder / "two/train/a");
    write_bytes(folder / "two/train/a/" + name + ".png", "no picture");
  }
  options.path = folder / "two";
  const DatasetReport empty = inspect_dataset(options);
  CHECK(empty.bad.size() == 2);
  CHECK_THAT(empty.problem, Contains("no training images"));
}
