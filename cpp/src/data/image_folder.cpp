#include "data/image_folder.h"

#include <tbb/parallel_for.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <filesystem>
#include <map>
#include <set>

#include "base/log.h"
#include "data/decode.h"
#include "data/image_source.h"
#include "data/resize.h"
#include "tinynas/error.h"

namespace tinynas {
namespace fs = std::filesystem;
namespace {

enum Part : std::size_t { kTrain, kValidation, kTest, kParts };

/// A file of an image folder, placed but not yet read.
struct ImageFile {
  const ImageSource* source;
  SourceEntry entry;
  Part part;
  std::string class_name;
};

struct Listing {
  std::vector<std::unique_ptr<ImageSource>> sources;
  std::vector<ImageFile> files;
  std::size_t ignored = 0;
  std::string first_ignored;
};

std::string lower_case(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

/// kParts when `name` is no split's name.
Part part_of(const std::string& name) {
  const std::string lower = lower_case(name);
  if (lower == "train" || lower == "training") return kTrain;
  if (lower == "val" || lower == "valid" || lower == "validation") return kValidation;
  return lower == "test" ? kTest : kParts;
}

bool has_image_suffix(const std::string& path) {
  const std::string suffix = lower_case(fs::path(path).extension().string());
  return suffix == ".jpg" || suffix == ".jpeg" || suffix == ".png";
}

void list_source(std::unique_ptr<ImageSource> source, Part part_of_source, Listing& listing) {
  for (const SourceEntry& entry : source->entries()) {
    std::vector<std::string> parts;
    for (const fs::path& part : fs::path(entry.path)) parts.push_back(part.string());
    if (parts.front() == "__MACOSX" || parts.back().starts_with('.')) continue;
    if (parts.size() < 2) continue;  // a README, train.zip: beside the classes, not of one
    if (!has_image_suffix(entry.path)) {
      if (listing.ignored++ == 0) listing.first_ignored = source->where(entry);
      continue;
    }
    const std::size_t name = parts.size() - 1;
    const Part named = parts.size() >= 3 ? part_of(parts[name - 2]) : kParts;
    listing.files.push_back(
        {source.get(), entry, named == kParts ? part_of_source : named, parts[name - 1]});
  }
  listing.sources.push_back(std::move(source));
}

/// Archives called like a split, in a folder: [train.zip, ...] in the order of their names.
std::vector<std::string> split_archives(const std::string& folder) {
  std::vector<std::string> archives;
  std::error_code error;
  for (const auto& item : fs::directory_iterator(folder, error)) {
    if (lower_case(item.path().extension().string()) == ".zip" &&
        part_of(item.path().stem().string()) != kParts) {
      archives.push_back(item.path().string());
    }
  }
  std::sort(archives.begin(), archives.end());
  return archives;
}

Listing list_files(const std::string& path) {
  Listing listing;
  if (!fs::is_directory(path)) {
    const Part named = part_of(fs::path(path).stem().string());
    list_source(open_zip(path), named == kParts ? kTrain : named, listing);
  } else {
    list_source(open_folder(path), kTrain, listing);
    for (const std::string& archive : split_archives(path)) {
      list_source(open_zip(archive), part_of(fs::path(archive).stem().string()), listing);
    }
  }
  if (listing.files.empty()) {
    throw BadInput(path +
                   ": holds no images; expected is <split>/<class>/<file>.jpg, .jpeg or .png"
                   " with the splits train and test (a folder, a zip, or train.zip and test.zip)");
  }
  if (listing.ignored > 0) {
    log_warning(path + ": " + std::to_string(listing.ignored) +
                " files are neither .jpg, .jpeg nor .png and are left out, the first is " +
                listing.first_ignored);
  }
  return listing;
}

/// Class names of the training part in order; every other part must keep to them.
std::vector<std::string> class_names(const Listing& listing, const std::string& path) {
  std::set<std::string> names;
  for (const ImageFile& file : listing.files) {
    if (file.part == kTrain) names.insert(file.class_name);
  }
  if (names.empty()) {
    throw BadInput(path + ": has no training images; put them under train/<class>/");
  }
  for (const ImageFile& file : listing.files) {
    if (!names.contains(file.class_name)) {
      throw BadInput(file.source->where(file.entry) + ": its class '" + printable(file.class_name) +
                     "' has no training images; add some under train/");
    }
  }
  return {names.begin(), names.end()};
}

struct DecodedFile {
  Image image;
  std::uint64_t hash = 0;
  int height = 0, width = 0;  ///< as stored
};

DecodedFile decode_file(const ImageFile& file, const DatasetOptions& options) {
  DecodedFile decoded;
  decoded.image = decode_image(file.source->read(file.entry), file.source->where(file.entry));
  const Image& image = decoded.image;
  decoded.height = image.height;
  decoded.width = image.width;
  decoded.hash = hash_image(image.pixels.data(), image.height, image.width, image.channels);
  decoded.image = convert_channels(std::move(decoded.image), options.channels);
  if (options.resolution > 0) {
    decoded.image = resize_image(std::move(decoded.image), options.resolution);
  }
  return decoded;
}

/// Decodes in parallel. Of several bad files the first in order is reported, whatever the threads
/// did.
std::vector<DecodedFile> decode_files(const std::vector<ImageFile>& files,
                                      const DatasetOptions& options) {
  std::vector<DecodedFile> decoded(files.size());
  std::vector<std::string> errors(files.size());
  std::atomic<std::size_t> first_bad{files.size()};
  tbb::parallel_for(std::size_t{0}, files.size(), [&](std::size_t i) {
    if (i > first_bad.load()) return;
    try {
      decoded[i] = decode_file(files[i], options);
    } catch (const BadInput& error) {
      errors[i] = error.what();
      std::size_t seen = first_bad.load();
      while (i < seen && !first_bad.compare_exchange_weak(seen, i)) {
      }
    }
  });
  if (first_bad < files.size()) throw BadInput(errors[first_bad]);
  for (std::size_t i = 1; options.resolution == 0 && i < files.size(); ++i) {
    const DecodedFile &a = decoded[0], &b = decoded[i];
    if (a.height != b.height || a.width != b.width) {
      throw BadInput(files[i].source->where(files[i].entry) + ": is " + std::to_string(b.width) +
                     "x" + std::to_string(b.height) + " pixels, others are " +
                     std::to_string(a.width) + "x" + std::to_string(a.height) +
                     "; give a resolution to resize them all");
    }
  }
  return decoded;
}

}  // namespace

bool is_image_folder(const std::string& path) {
  if (!fs::is_directory(path)) return lower_case(fs::path(path).extension().string()) == ".zip";
  for (const auto& item : fs::directory_iterator(path)) {
    if (item.is_directory() && !item.path().filename().string().starts_with('.')) return true;
  }
  return !split_archives(path).empty();
}

StoredDataset read_image_folder(const DatasetOptions& options) {
  const Listing listing = list_files(options.path);
  StoredDataset stored;
  const std::vector<std::string> classes = class_names(listing, options.path);
  std::vector<DecodedFile> decoded = decode_files(listing.files, options);

  int channels = 1;  // one colour image makes all of them colour
  for (const DecodedFile& file : decoded) channels = std::max(channels, file.image.channels);
  const std::array<StoredImages*, kParts> parts = {&stored.train, &stored.validation, &stored.test};
  for (std::size_t i = 0; i < decoded.size(); ++i) {
    const Image image = convert_channels(std::move(decoded[i].image), channels);
    StoredImages& part = *parts[listing.files[i].part];
    part.images.height = image.height;
    part.images.width = image.width;
    part.images.channels = channels;
    part.images.pixels.insert(part.images.pixels.end(), image.pixels.begin(), image.pixels.end());
    const auto at = std::lower_bound(classes.begin(), classes.end(), listing.files[i].class_name);
    part.images.labels.push_back(static_cast<std::int32_t>(at - classes.begin()));
    part.hashes.push_back(decoded[i].hash);
  }
  for (const std::string& name : classes) stored.class_names.push_back(printable(name));
  return stored;
}

}  // namespace tinynas
