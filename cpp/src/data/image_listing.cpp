#include "data/image_listing.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>

#include "base/log.h"
#include "data/stored.h"
#include "tinynas/error.h"

namespace tinynas {
namespace fs = std::filesystem;
namespace {

std::string lower_case(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

/// None when `name` is no split's name.
std::optional<DataPart> part_of(const std::string& name) {
  const std::string lower = lower_case(name);
  if (lower == "train" || lower == "training") return DataPart::kTrain;
  if (lower == "val" || lower == "valid" || lower == "validation") return DataPart::kValidation;
  if (lower == "test") return DataPart::kTest;
  return std::nullopt;
}

bool has_image_suffix(const std::string& path) {
  const std::string suffix = lower_case(fs::path(path).extension().string());
  return suffix == ".jpg" || suffix == ".jpeg" || suffix == ".png";
}

bool has_recording_suffix(const std::string& path) {
  return lower_case(fs::path(path).extension().string()) == ".wav";
}

/// Places files; classes are numbered in the order in which they are met.
class Lister {
 public:
  void add(std::unique_ptr<ImageSource> source, DataPart part_of_source) {
    for (const SourceEntry& entry : source->entries()) place(*source, entry, part_of_source);
    listing_.sources.push_back(std::move(source));
  }

  /// Classes in the order of their names. Throws BadInput when there are images and recordings.
  ImageListing finish() {
    listing_.recordings = !first_recording_.empty();
    if (listing_.recordings && !first_image_.empty()) {
      throw BadInput(first_recording_ + ": is a recording, " + first_image_ +
                     " an image; a data set holds one or the other, move them apart");
    }
    std::vector<std::uint32_t> place(class_of_.size());
    for (const auto& [name, met] : class_of_) {
      place[met] = static_cast<std::uint32_t>(listing_.class_names.size());
      listing_.class_names.push_back(name);
    }
    for (ListedFile& file : listing_.files) file.class_index = place[file.class_index];
    return std::move(listing_);
  }

 private:
  void place(const ImageSource& source, const SourceEntry& entry, DataPart part_of_source) {
    std::vector<std::string> parts;
    for (const fs::path& part : fs::path(entry.path)) parts.push_back(part.string());
    if (parts.front() == "__MACOSX" || parts.back().starts_with('.')) return;
    if (parts.size() < 2) return;  // a README, train.zip: beside the classes, not of one
    const bool recording = has_recording_suffix(entry.path);
    if (!recording && !has_image_suffix(entry.path)) {
      listing_.ignored.push_back(source.where(entry));
      return;
    }
    std::string& first = recording ? first_recording_ : first_image_;
    if (first.empty()) first = source.where(entry);
    const std::size_t name = parts.size() - 1;
    std::optional<DataPart> part;
    if (parts.size() >= 3) part = part_of(parts[name - 2]);
    const auto next = static_cast<std::uint32_t>(class_of_.size());
    const std::uint32_t met = class_of_.try_emplace(parts[name - 1], next).first->second;
    listing_.files.push_back({&source, &entry, part.value_or(part_of_source), met});
  }

  ImageListing listing_;
  std::map<std::string, std::uint32_t> class_of_;
  std::string first_image_, first_recording_;
};

/// Archives called like a split, in a folder: [train.zip, ...] in the order of their names.
std::vector<std::string> split_archives(const std::string& folder) {
  std::vector<std::string> archives;
  std::error_code error;
  for (const auto& item : fs::directory_iterator(folder, error)) {
    if (lower_case(item.path().extension().string()) == ".zip" &&
        part_of(item.path().stem().string())) {
      archives.push_back(item.path().string());
    }
  }
  std::sort(archives.begin(), archives.end());
  return archives;
}

DataPart part_of_archive(const std::string& path) {
  return part_of(fs::path(path).stem().string()).value_or(DataPart::kTrain);
}

}  // namespace

bool is_image_folder(const std::string& path) {
  if (!fs::is_directory(path)) return lower_case(fs::path(path).extension().string()) == ".zip";
  for (const auto& item : fs::directory_iterator(path)) {
    if (item.is_directory() && !item.path().filename().string().starts_with('.')) return true;
  }
  return !split_archives(path).empty();
}

ImageListing list_images(const std::string& path) {
  Lister lister;
  if (!fs::is_directory(path)) {
    lister.add(open_zip(path), part_of_archive(path));
  } else {
    lister.add(open_folder(path), DataPart::kTrain);
    for (const std::string& archive : split_archives(path)) {
      lister.add(open_zip(archive), part_of_archive(archive));
    }
  }
  ImageListing listing = lister.finish();
  if (listing.files.empty()) {
    throw BadInput(
        path +
        ": holds no images; expected is <split>/<class>/<file>.jpg, .jpeg or .png"
        " (or .wav) with the splits train and test (a folder, a zip, or train.zip and test.zip)");
  }
  if (!listing.ignored.empty()) {
    log_warning(
        path + ": " + std::to_string(listing.ignored.size()) +
        " files are neither .jpg, .jpeg nor .png (nor .wav) and are left out, the first is " +
        listing.ignored.front());
  }
  return listing;
}

void check_classes(const ImageListing& listing, const std::string& path) {
  std::vector<bool> trained(listing.class_names.size());
  bool any = false;
  for (const ListedFile& file : listing.files) {
    if (file.part == DataPart::kTrain) any = trained[file.class_index] = true;
  }
  if (!any) throw BadInput(path + ": has no training images; put them under train/<class>/");
  for (const ListedFile& file : listing.files) {
    if (!trained[file.class_index]) {
      throw BadInput(file.where() + ": its class '" +
                     printable(listing.class_names[file.class_index]) +
                     "' has no training images; add some under train/");
    }
  }
}

}  // namespace tinynas
