#include "data/splits.h"

#include <tbb/parallel_for.h>

#include <algorithm>
#include <memory>
#include <numeric>

#include "tinynas/error.h"
#include "tinynas/rng.h"

namespace tinynas {
namespace {

using Indices = std::vector<std::uint32_t>;

/// Final mix of MurmurHash3: neighbouring seeds give unrelated ranks.
std::uint64_t mix(std::uint64_t x) {
  x = (x ^ (x >> 33)) * 0xff51afd7ed558ccdull;
  x = (x ^ (x >> 33)) * 0xc4ceb9fe1a85ec53ull;
  return x ^ (x >> 33);
}

/// The images of one part by class, each class in the order of rank. Images of equal rank have
/// equal pixels, so their order cannot be seen.
std::vector<Indices> by_class(const StoredImages& part, std::size_t classes, std::uint64_t seed) {
  std::vector<std::uint64_t> ranks(part.hashes.size());
  for (std::size_t i = 0; i < ranks.size(); ++i) ranks[i] = mix(part.hashes[i] ^ mix(seed + 1));
  std::vector<Indices> lists(classes);
  for (std::size_t i = 0; i < ranks.size(); ++i) {
    lists[static_cast<std::size_t>(part.images.labels[i])].push_back(static_cast<std::uint32_t>(i));
  }
  tbb::parallel_for(std::size_t{0}, classes, [&](std::size_t c) {
    std::sort(lists[c].begin(), lists[c].end(), [&](std::uint32_t a, std::uint32_t b) {
      return ranks[a] != ranks[b] ? ranks[a] < ranks[b] : a < b;
    });
  });
  return lists;
}

/// Merges the classes so that every prefix holds each in proportion: image j of m sits at
/// (j + 1/2) / m of the way.
Indices interleave(const std::vector<Indices>& lists) {
  struct Slot {
    std::uint64_t numerator, denominator;
    std::size_t class_index;
    std::uint32_t image;
  };
  std::vector<Slot> slots;
  for (std::size_t c = 0; c < lists.size(); ++c) {
    for (std::size_t j = 0; j < lists[c].size(); ++j) {
      slots.push_back({2 * j + 1, lists[c].size(), c, lists[c][j]});
    }
  }
  std::sort(slots.begin(), slots.end(), [](const Slot& a, const Slot& b) {
    const std::uint64_t left = a.numerator * b.denominator, right = b.numerator * a.denominator;
    if (left != right) return left < right;
    return a.class_index < b.class_index;
  });
  Indices order;
  order.reserve(slots.size());
  for (const Slot& slot : slots) order.push_back(slot.image);
  return order;
}

/// `total` shared out in proportion to `sizes`, remainders to the largest fraction (then the
/// first).
std::vector<std::size_t> proportional(std::size_t total, const std::vector<std::size_t>& sizes) {
  const std::size_t all = std::accumulate(sizes.begin(), sizes.end(), std::size_t{0});
  std::vector<std::size_t> quota(sizes.size()), order(sizes.size());
  std::size_t given = 0;
  for (std::size_t c = 0; c < sizes.size(); ++c) given += quota[c] = total * sizes[c] / all;
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return total * sizes[a] % all > total * sizes[b] % all;
  });
  for (std::size_t i = 0; given < total; ++i, ++given) ++quota[order[i]];
  return quota;
}

/// Some images of a reader, in another order.
class OrderedReader : public ImageReader {
 public:
  OrderedReader(std::shared_ptr<const ImageReader> from, Indices order)
      : from_(std::move(from)), order_(std::move(order)) {}
  void read(std::size_t i, std::uint8_t* out) const override { from_->read(order_[i], out); }

 private:
  std::shared_ptr<const ImageReader> from_;
  Indices order_;
};

/// `in_memory`: whether images that a reader decodes are decoded now, to stay.
ImageSet gather(const ImageSet& from, const Indices& order, bool in_memory) {
  ImageSet set{from.height, from.width, from.channels, {}, {}};
  set.labels.resize(order.size());
  for (std::size_t i = 0; i < order.size(); ++i) set.labels[i] = from.labels[order[i]];
  if (from.reader && !in_memory) {
    set.reader = std::make_shared<OrderedReader>(from.reader, order);
    return set;
  }
  set.pixels.resize(order.size() * from.image_bytes());
  tbb::parallel_for(std::size_t{0}, order.size(), [&](std::size_t i) {
    from.read(order[i], set.pixels.data() + i * from.image_bytes());
  });
  return set;
}

/// Deals images out of one part, class by class, lowest rank first.
class Dealer {
 public:
  Dealer(const StoredImages& part, const std::vector<std::string>& class_names,
         const std::vector<std::uint64_t>& repeated, const Dataset& dataset)
      : part_(part), class_names_(class_names), path_(dataset.path) {
    for (const Indices& list : by_class(part, class_names.size(), dataset.options.split_seed)) {
      Indices once, again;
      for (const std::uint32_t i : list) {
        const bool elsewhere = std::binary_search(repeated.begin(), repeated.end(), part.hashes[i]);
        (elsewhere ? again : once).push_back(i);
      }
      repeated_ += again.size();
      sizes_.push_back(list.size());
      once_.push_back(std::move(once));
      again_.push_back(std::move(again));
    }
    taken_.assign(sizes_.size(), 0);
  }

  std::size_t left() const {
    return part_.images.count() - std::accumulate(taken_.begin(), taken_.end(), std::size_t{0});
  }
  std::size_t repeated() const { return repeated_; }
  std::size_t unrepeated() const { return part_.images.count() - repeated_; }

  /// The next `total` images that occur once, each class in proportion to its size.
  Indices take(std::size_t total, const char* split) {
    const std::vector<std::size_t> quota = proportional(total, sizes_);
    std::vector<Indices> lists(quota.size());
    for (std::size_t c = 0; c < quota.size(); ++c) {
      if (taken_[c] + quota[c] > once_[c].size()) {
        throw BadInput(path_ + ": class '" + printable(class_names_[c]) + "' has too few images (" +
                       std::to_string(once_[c].size()) + " that occur once) for " +
                       std::to_string(total) + " " + split +
                       " images; ask for fewer or add images");
      }
      const auto first = once_[c].begin() + static_cast<std::ptrdiff_t>(taken_[c]);
      lists[c].assign(first, first + static_cast<std::ptrdiff_t>(quota[c]));
      taken_[c] += quota[c];
    }
    return interleave(lists);
  }

  /// Every image that occurs once.
  Indices take_all() const { return interleave(once_); }

  /// All that was not taken, images that occur elsewhere too included.
  Indices rest() const {
    std::vector<Indices> lists = again_;
    for (std::size_t c = 0; c < lists.size(); ++c) {
      lists[c].insert(lists[c].end(), once_[c].begin() + static_cast<std::ptrdiff_t>(taken_[c]),
                      once_[c].end());
    }
    return interleave(lists);
  }

 private:
  const StoredImages& part_;
  const std::vector<std::string>& class_names_;
  std::string path_;
  std::vector<Indices> once_, again_;
  std::vector<std::size_t> sizes_, taken_;
  std::size_t repeated_ = 0;
};

/// Hashes that occur more than once in the whole data set, ascending.
std::vector<std::uint64_t> repeated_hashes(const StoredDataset& stored) {
  std::vector<std::uint64_t> all, repeated;
  for (const StoredImages* part : {&stored.train, &stored.validation, &stored.test}) {
    all.insert(all.end(), part->hashes.begin(), part->hashes.end());
  }
  std::sort(all.begin(), all.end());
  for (std::size_t i = 1; i < all.size(); ++i) {
    if (all[i] == all[i - 1] && (repeated.empty() || repeated.back() != all[i])) {
      repeated.push_back(all[i]);
    }
  }
  return repeated;
}

std::size_t share(int asked, std::size_t most, std::size_t images, std::size_t percent) {
  if (asked > 0) return static_cast<std::size_t>(asked);
  return std::max<std::size_t>(1, std::min(most, images * percent / 100));
}

/// One split into `hash`: its letter, its size and each image's identity and label in order.
std::uint64_t hash_split(std::uint64_t hash, char letter, const StoredImages& part,
                         const Indices& order) {
  const auto add = [&](std::uint64_t value) {
    std::uint8_t bytes[8];
    for (int i = 0; i < 8; ++i) bytes[i] = static_cast<std::uint8_t>(value >> (8 * i));
    hash = hash_bytes(bytes, sizeof bytes, hash);
  };
  add(static_cast<std::uint64_t>(letter));
  add(order.size());
  for (const std::uint32_t i : order) {
    add(part.hashes[i]);
    add(static_cast<std::uint64_t>(part.images.labels[i]));
  }
  return hash;
}

std::string hex16(std::uint64_t value) {
  std::string text(16, '0');
  for (int i = 15; i >= 0; --i, value >>= 4)
    text[static_cast<std::size_t>(i)] = "0123456789abcdef"[value & 15];
  return text;
}

}  // namespace

void assign_splits(StoredDataset stored, Dataset& dataset) {
  const DatasetOptions& options = dataset.options;
  const std::vector<std::uint64_t> repeated = repeated_hashes(stored);
  Dealer train(stored.train, stored.class_names, repeated, dataset);
  dataset.repeated_images = train.repeated();

  Indices test;
  const bool own_test = stored.test.images.count() > 0;
  const StoredImages& test_part = own_test ? stored.test : stored.train;
  if (own_test) {
    test = interleave(by_class(stored.test, stored.class_names.size(), options.split_seed));
  } else {
    test = train.take(share(0, train.left(), train.left(), 10), "test");
  }

  const std::size_t images = train.left();
  const bool own_validation = stored.validation.images.count() > 0;
  const StoredImages& validation_part = own_validation ? stored.validation : stored.train;
  Indices validation;
  if (own_validation) {
    Dealer dealer(stored.validation, stored.class_names, repeated, dataset);
    if (dealer.unrepeated() == 0) {
      throw BadInput(dataset.path +
                     ": every validation image also occurs elsewhere in the data; "
                     "remove the copies from the other parts");
    }
    dataset.repeated_images += dealer.repeated();
    validation =
        options.validation_images > 0
            ? dealer.take(static_cast<std::size_t>(options.validation_images), "validation")
            : dealer.take_all();
  } else {
    validation = train.take(share(options.validation_images, 5000, images, 10), "validation");
  }
  const Indices calibration =
      train.take(share(options.calibration_images, 2000, images, 4), "calibration");
  const Indices rest = train.rest();
  if (rest.empty()) {
    throw BadInput(dataset.path +
                   ": no image is left to train on after validation and "
                   "calibration; ask for fewer or add images");
  }

  std::uint64_t hash = hash_split(hash_bytes("splits 1", 8), 'r', stored.train, rest);
  hash = hash_split(hash, 'c', stored.train, calibration);
  hash = hash_split(hash, 'v', validation_part, validation);
  hash = hash_split(hash, 't', test_part, test);
  dataset.split_hash = hex16(hash);
  const std::size_t dealt = rest.size() + calibration.size() + validation.size() + test.size();
  const bool in_memory = static_cast<std::int64_t>(dealt * stored.train.images.image_bytes()) <=
                         options.memory_limit_bytes;
  dataset.train = gather(stored.train.images, rest, in_memory);
  dataset.calibration = gather(stored.train.images, calibration, in_memory);
  dataset.validation = gather(validation_part.images, validation, in_memory);
  dataset.test = gather(test_part.images, test, in_memory);
}

}  // namespace tinynas
