#include "data/splits.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <set>

#include "catch.h"
#include "support.h"

using namespace tinynas;
using namespace tinynas::testing;
using Catch::Matchers::Contains;

namespace {

/// Images of one byte-string each, with labels; what the splits hold as sorted (pixels, label).
using Items = std::multiset<std::pair<std::string, int>>;

Items items(const ImageSet& set) {
  Items result;
  for (std::size_t i = 0; i < set.count(); ++i) {
    result.emplace(std::string(image_of(set, i), image_of(set, i) + set.image_bytes()),
                   set.labels[i]);
  }
  return result;
}

StoredImages part(const ImageSet& set) { return convert_images(set, {}); }

StoredDataset stored_of(const ImageSet& train, int classes, const ImageSet& validation = {},
                        const ImageSet& test = {}) {
  StoredDataset stored;
  for (int c = 0; c < classes; ++c) stored.class_names.push_back("class" + std::to_string(c));
  stored.train = part(train);
  stored.validation = part(validation);
  stored.test = part(test);
  return stored;
}

Dataset split(StoredDataset stored, const DatasetOptions& options = {}) {
  Dataset dataset;
  dataset.path = "here";
  dataset.options = options;
  assign_splits(std::move(stored), dataset);
  return dataset;
}

ImageSet pick(const ImageSet& set, const std::vector<std::size_t>& order) {
  ImageSet result{set.height, set.width, set.channels, {}, {}};
  for (const std::size_t i : order) {
    result.pixels.insert(result.pixels.end(), image_of(set, i),
                         image_of(set, i) + set.image_bytes());
    result.labels.push_back(set.labels[i]);
  }
  return result;
}

bool same(const ImageSet& a, const ImageSet& b) {
  return a.pixels == b.pixels && a.labels == b.labels;
}

}  // namespace

TEST_CASE("Splits do not depend on file order, with repeated images and unequal classes") {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    Rng rng(seed, 1);
    ImageSet set = random_images(300, 3, 1, seed);
    for (auto& label : set.labels) label = static_cast<int>(std::min(rng.below(5), rng.below(5)));
    std::vector<std::size_t> order(set.count());
    std::iota(order.begin(), order.end(), std::size_t{0});
    for (int i = 0; i < 30; ++i) order.push_back(rng.below(300));  // copies
    set = pick(set, order);
    order.resize(set.count());
    std::iota(order.begin(), order.end(), std::size_t{0});
    Rng(seed, 2).shuffle(order);
    DatasetOptions options;
    options.split_seed = seed;
    const Dataset a = split(stored_of(set, 5), options);
    const Dataset b = split(stored_of(pick(set, order), 5), options);
    CHECK(a.split_hash == b.split_hash);
    CHECK(same(a.train, b.train));
    CHECK(same(a.calibration, b.calibration));
    CHECK(same(a.validation, b.validation));
    CHECK(same(a.test, b.test));

    // Nothing is lost, nothing is invented; what occurs twice is in training alone.
    Items all;
    for (const ImageSet* s : {&a.train, &a.calibration, &a.validation, &a.test}) {
      all.merge(items(*s));
    }
    CHECK(all == items(set));
    std::map<std::string, int> copies;
    for (const auto& item : items(set)) ++copies[item.first];
    std::size_t repeated = 0;
    for (const auto& [pixels, count] : copies) repeated += count > 1 ? count : 0;
    CHECK(a.repeated_images == repeated);
    for (const ImageSet* s : {&a.calibration, &a.validation, &a.test}) {
      for (const auto& item : items(*s)) CHECK(copies[item.first] == 1);
    }
    CHECK(a.test.count() == 33);
    CHECK(a.validation.count() == 29);
    CHECK(a.calibration.count() == 11);
  }
}

TEST_CASE("Splits and their prefixes keep the classes in proportion") {
  ImageSet set = random_images(1000, 4, 1, 5);
  for (std::size_t i = 0; i < set.count(); ++i) set.labels[i] = i < 600 ? 0 : (i < 900 ? 1 : 2);
  DatasetOptions options;
  options.validation_images = 100;
  options.calibration_images = 50;
  const Dataset data = split(stored_of(set, 3, {}, random_images(30, 4, 3, 6)), options);
  for (const ImageSet* s : {&data.train, &data.validation, &data.calibration}) {
    std::vector<double> seen(3, 0);
    for (std::size_t i = 0; i < s->count(); ++i) {
      ++seen[static_cast<std::size_t>(s->labels[i])];
      const double n = static_cast<double>(i + 1);
      CHECK(std::abs(seen[0] - 0.6 * n) <= 1.5);
      CHECK(std::abs(seen[1] - 0.3 * n) <= 1.5);
      CHECK(std::abs(seen[2] - 0.1 * n) <= 1.5);
    }
  }
  CHECK(data.validation.count() == 100);
  CHECK(data.calibration.count() == 50);
  CHECK(data.train.count() == 850);
}

TEST_CASE("A larger validation split contains the smaller one; seeds give others") {
  const ImageSet set = random_images(500, 4, 5, 8);
  DatasetOptions options;
  options.validation_images = 50;
  const Dataset small = split(stored_of(set, 5), options);
  options.validation_images = 100;
  const Dataset large = split(stored_of(set, 5), options);
  const Items inside = items(large.validation);
  for (const auto& item : items(small.validation)) CHECK(inside.contains(item));
  CHECK(same(small.test, large.test));
  CHECK(small.split_hash != large.split_hash);
  options.split_seed = 1;
  CHECK(items(split(stored_of(set, 5), options).validation) != inside);
}

TEST_CASE("Official parts are taken as they are, less what would leak") {
  const ImageSet train = random_images(100, 4, 2, 10);
  const ImageSet own = random_images(20, 4, 2, 11);
  std::vector<std::size_t> first_ten(10);
  std::iota(first_ten.begin(), first_ten.end(), std::size_t{0});
  ImageSet validation = own;
  const ImageSet copied = pick(train, first_ten);
  validation.pixels.insert(validation.pixels.end(), copied.pixels.begin(), copied.pixels.end());
  validation.labels.insert(validation.labels.end(), copied.labels.begin(), copied.labels.end());
  const ImageSet test = pick(train, {20, 21, 22, 23});
  const Dataset data = split(stored_of(train, 2, validation, test));
  CHECK(items(data.validation) == items(own));
  CHECK(items(data.test) == items(test));
  CHECK(data.train.count() + data.calibration.count() == 100);
  CHECK(data.repeated_images == 10 + 10 + 4);
  for (const auto& item : items(data.calibration)) {
    CHECK_FALSE(items(copied).contains(item));
    CHECK_FALSE(items(test).contains(item));
  }
}

TEST_CASE("Too few images: the error names the class and the mend") {
  DatasetOptions options;
  options.validation_images = 90;
  const auto run = [&](const ImageSet& set) {
    return bad_input([&] { split(stored_of(set, 2, {}, random_images(4, 4, 2, 1)), options); });
  };
  CHECK_THAT(run(random_images(80, 4, 2, 2)), Contains("'class0' has too few images"));
  options.calibration_images = 10;
  CHECK_THAT(run(random_images(100, 4, 2, 2)), Contains("no image is left to train on"));
  ImageSet copies = random_images(40, 4, 2, 3);
  std::fill(copies.pixels.begin(), copies.pixels.end(), std::uint8_t{9});
  options.validation_images = 4;
  CHECK_THAT(run(copies), Contains("0 that occur once"));
}
