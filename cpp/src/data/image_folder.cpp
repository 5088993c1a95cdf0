#include "data/image_folder.h"

#include <tbb/parallel_for.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <map>
#include <mutex>

#include "base/log.h"
#include "data/decode.h"
#include "data/decode_wav.h"
#include "data/facts_cache.h"
#include "data/image_listing.h"
#include "data/log_mel.h"
#include "data/resize.h"
#include "tinynas/error.h"

namespace tinynas {
namespace {

/// Fewer files are decoded in less time than a cache is worth.
constexpr std::size_t kCachedFiles = 1000;
constexpr int kMostOfShortestSide = 224;

/// `log_mel`: of recordings, null for images.
Image decode_file(const ListedFile& file, const LogMel* log_mel) {
  const std::string bytes = file.source->read(*file.entry);
  if (log_mel == nullptr) return decode_image(bytes, file.where());
  const Recording recording = decode_wav(bytes, file.where());
  if (recording.sample_rate != log_mel->front_end().sample_rate) {
    throw BadInput(file.where() +
                   ": has another sample rate than when the data set was loaded; load it again");
  }
  return log_mel->image(mono_samples(recording));
}

FileFacts facts_of(const ListedFile& file, bool recordings) {
  if (recordings) {
    const Recording recording = decode_wav(file.source->read(*file.entry), file.where());
    return {hash_recording(recording), recording.sample_rate,
            static_cast<std::int32_t>(recording.frames()), recording.channels};
  }
  const Image image = decode_file(file, nullptr);
  return {hash_image(image.pixels.data(), image.height, image.width, image.channels), image.height,
          image.width, image.channels};
}

/// "FILE: reason" of an error about `file`, taken apart.
BadFile bad_file(const ListedFile& file, const std::string& message) {
  const std::string where = file.where() + ": ";
  return {file.where(), message.starts_with(where) ? message.substr(where.size()) : message};
}

/// Reads every file once, side by side, and leaves the bad ones out of the listing. Of several bad
/// files the first in order is reported, whatever the threads did.
class FirstReading {
 public:
  FirstReading(ImageListing& listing, const DatasetOptions& options)
      : listing_(listing), options_(options), facts_(listing.files.size()) {
    if (facts_.size() < kCachedFiles) {
      read_all(nullptr);
    } else {
      const FactsCache cache(options.path);
      stamps_.resize(facts_.size());
      read_all(&cache);
      if (fresh_ > 0) save(cache);
    }
    if (!bad_.empty() && !options.skip_bad_files) throw BadInput(bad_.begin()->second);
    leave_out_bad();
  }

  std::vector<FileFacts> facts() && { return std::move(facts_); }
  std::vector<BadFile> bad() && { return std::move(bad_files_); }

 private:
  void read_all(const FactsCache* cache) {
    tbb::parallel_for(std::size_t{0}, facts_.size(), [&](std::size_t i) {
      if (!options_.skip_bad_files && i > first_bad_.load()) return;
      const ListedFile& file = listing_.files[i];
      if (cache != nullptr) {
        // Before the file is read: what changes meanwhile has another stamp next time.
        stamps_[i] = file.source->stamp(*file.entry);
        if (const auto known = cache->find(stamps_[i])) {
          facts_[i] = *known;
          return;
        }
        if (++fresh_ % 100'000 == 0) {
          log_info(options_.path + ": " + std::to_string(fresh_) + " of at most " +
                   std::to_string(facts_.size()) + " files read for the first time");
        }
      }
      try {
        facts_[i] = facts_of(file, listing_.recordings);
      } catch (const BadInput& error) {
        note_bad(i, error.what());
      }
    });
  }

  void note_bad(std::size_t i, const std::string& message) {
    const std::lock_guard lock(mutex_);
    bad_.emplace(i, message);
    first_bad_ = bad_.begin()->first;
  }

  void save(const FactsCache& cache) const {
    std::vector<FactsCache::Entry> entries;
    entries.reserve(facts_.size());
    for (std::size_t i = 0; i < facts_.size(); ++i) {
      if (facts_[i].channels > 0) entries.push_back({stamps_[i], facts_[i]});
    }
    cache.save(std::move(entries));
  }

  void leave_out_bad() {
    if (bad_.empty()) return;
    std::size_t kept = 0;
    for (std::size_t i = 0; i < facts_.size(); ++i) {
      if (const auto bad = bad_.find(i); bad != bad_.end()) {
        bad_files_.push_back(bad_file(listing_.files[i], bad->second));
        continue;
      }
      listing_.files[kept] = listing_.files[i];
      facts_[kept++] = facts_[i];
    }
    listing_.files.resize(kept);
    facts_.resize(kept);
  }

  ImageListing& listing_;
  const DatasetOptions& options_;
  std::vector<FileFacts> facts_;
  std::vector<std::uint64_t> stamps_;
  std::atomic<std::size_t> fresh_ = 0, first_bad_ = static_cast<std::size_t>(-1);
  std::mutex mutex_;
  std::map<std::size_t, std::string> bad_;
  std::vector<BadFile> bad_files_;
};

StoredSizes sizes_of(const std::vector<FileFacts>& facts) {
  const FileFacts& first = facts.front();
  StoredSizes sizes{first.height, first.height, first.width, first.width};
  std::vector<std::int32_t> sides;
  for (const FileFacts& file : facts) {
    sizes.min_height = std::min(sizes.min_height, file.height);
    sizes.max_height = std::max(sizes.max_height, file.height);
    sizes.min_width = std::min(sizes.min_width, file.width);
    sizes.max_width = std::max(sizes.max_width, file.width);
    sides.push_back(std::min(file.height, file.width));
    ++(file.channels == 1 ? sizes.grey : sizes.colour);
  }
  const auto middle = sides.begin() + static_cast<std::ptrdiff_t>(sides.size() / 2);
  std::nth_element(sides.begin(), middle, sides.end());
  sizes.median_side = *middle;
  sizes.min_side = *std::min_element(sides.begin(), sides.end());
  return sizes;
}

bool are_equal(const StoredSizes& sizes) {
  return sizes.min_height == sizes.max_height && sizes.min_width == sizes.max_width;
}

void check_equal_sizes(const ImageListing& listing, const std::vector<FileFacts>& facts) {
  const FileFacts& a = facts.front();
  for (std::size_t i = 1; i < facts.size(); ++i) {
    const FileFacts& b = facts[i];
    if (a.height != b.height || a.width != b.width) {
      throw BadInput(listing.files[i].where() + ": is " + std::to_string(b.width) + "x" +
                     std::to_string(b.height) + " pixels, others are " + std::to_string(a.width) +
                     "x" + std::to_string(a.height) + "; give a resolution to resize them all");
    }
  }
}

/// The front end of a data set's recordings, which must all have one sample rate.
AudioFrontEnd front_end_of(const ImageListing& listing, const std::vector<FileFacts>& facts,
                           const DatasetOptions& options) {
  const int rate = facts.front().height;
  for (std::size_t i = 1; i < facts.size(); ++i) {
    if (facts[i].height != rate) {
      throw BadInput(listing.files[i].where() + ": has a sample rate of " +
                     std::to_string(facts[i].height) + " Hz, others have " + std::to_string(rate) +
                     "; resample them to one");
    }
  }
  const AudioFrontEnd front_end = keyword_front_end(rate, listing.files.front().where());
  if (options.channels > 1 || (options.resolution > 0 && options.resolution != front_end.frames)) {
    throw BadInput(options.path + ": its recordings become log-mel images of " +
                   std::to_string(front_end.frames) + "x" + std::to_string(front_end.bands) +
                   " pixels, 1 channel; take a space with resolutions = [" +
                   std::to_string(front_end.frames) + "] and image_channels = 1");
  }
  return front_end;
}

/// Of the images that recordings become, with the recordings' lengths.
StoredSizes sizes_of_recordings(const std::vector<FileFacts>& facts,
                                const AudioFrontEnd& front_end) {
  StoredSizes sizes{front_end.frames, front_end.frames, front_end.bands, front_end.bands};
  sizes.min_side = sizes.median_side = std::min(front_end.frames, front_end.bands);
  sizes.grey = facts.size();
  const auto [least, most] = std::ranges::minmax(facts, {}, &FileFacts::width);
  sizes.min_seconds = static_cast<double>(least.width) / front_end.sample_rate;
  sizes.max_seconds = static_cast<double>(most.width) / front_end.sample_rate;
  return sizes;
}

/// One part's images, decoded and brought to the set's size whenever they are read.
class FileReader : public ImageReader {
 public:
  FileReader(std::shared_ptr<const ImageListing> listing, int height, int width, int channels,
             int resolution, std::shared_ptr<const LogMel> log_mel)
      : listing_(std::move(listing)),
        log_mel_(std::move(log_mel)),
        height_(height),
        width_(width),
        channels_(channels),
        resolution_(resolution) {}

  void add(std::size_t file) { files_.push_back(static_cast<std::uint32_t>(file)); }

  void read(std::size_t i, std::uint8_t* out) const override {
    const ListedFile& file = listing_->files[files_[i]];
    Image image = convert_channels(decode_file(file, log_mel_.get()), channels_);
    if (resolution_ > 0) image = resize_image(std::move(image), resolution_);
    if (image.height != height_ || image.width != width_) {
      throw BadInput(file.where() +
                     ": is of another size than when the data set was loaded; load it again");
    }
    std::memcpy(out, image.pixels.data(), image.pixels.size());
  }

 private:
  std::shared_ptr<const ImageListing> listing_;
  std::shared_ptr<const LogMel> log_mel_;
  int height_, width_, channels_, resolution_;
  std::vector<std::uint32_t> files_;
};

/// Labels count the classes that are left, all of which have training images.
std::vector<std::int32_t> labels_of_classes(const ImageListing& listing, StoredDataset& stored) {
  std::vector<std::int32_t> labels(listing.class_names.size(), -1);
  for (const ListedFile& file : listing.files) labels[file.class_index] = 0;
  for (std::size_t c = 0; c < labels.size(); ++c) {
    if (labels[c] < 0) continue;
    labels[c] = static_cast<std::int32_t>(stored.class_names.size());
    stored.class_names.push_back(printable(listing.class_names[c]));
  }
  return labels;
}

}  // namespace

void read_image_folder(const DatasetOptions& options, MixedSizes mixed, StoredDataset& stored) {
  const auto listing = std::make_shared<ImageListing>(list_images(options.path));
  check_classes(*listing, options.path);
  stored.ignored = listing->ignored;
  FirstReading reading(*listing, options);
  const std::vector<FileFacts> facts = std::move(reading).facts();
  stored.skipped = std::move(reading).bad();
  if (!stored.skipped.empty()) check_classes(*listing, options.path);
  std::shared_ptr<const LogMel> log_mel;
  if (listing->recordings) {
    stored.audio = front_end_of(*listing, facts, options);
    stored.sizes = sizes_of_recordings(facts, *stored.audio);
    log_mel = std::make_shared<LogMel>(*stored.audio);
  } else {
    stored.sizes = sizes_of(facts);
  }
  int resolution = options.resolution;
  if (resolution == 0 && mixed == MixedSizes::kShortestSide && !are_equal(stored.sizes)) {
    resolution = std::min(stored.sizes.min_side, kMostOfShortestSide);
  }
  if (resolution == 0 && !log_mel) check_equal_sizes(*listing, facts);

  ImageSet shape;  // one colour image makes all of them colour
  shape.height = resolution > 0 ? resolution : stored.sizes.max_height;
  shape.width = resolution > 0 ? resolution : stored.sizes.max_width;
  shape.channels = options.channels > 0 ? options.channels : stored.sizes.colour > 0 ? 3 : 1;
  const std::array<StoredImages*, kDataParts> parts = {&stored.train, &stored.validation,
                                                       &stored.test};
  std::array<std::shared_ptr<FileReader>, kDataParts> readers;
  for (std::size_t p = 0; p < kDataParts; ++p) {
    parts[p]->images = shape;
    readers[p] = std::make_shared<FileReader>(listing, shape.height, shape.width, shape.channels,
                                              resolution, log_mel);
    parts[p]->images.reader = readers[p];
  }
  const std::vector<std::int32_t> labels = labels_of_classes(*listing, stored);
  for (std::size_t i = 0; i < facts.size(); ++i) {
    const auto part = static_cast<std::size_t>(listing->files[i].part);
    parts[part]->images.labels.push_back(labels[listing->files[i].class_index]);
    parts[part]->hashes.push_back(facts[i].hash);
    readers[part]->add(i);
  }
}

}  // namespace tinynas
