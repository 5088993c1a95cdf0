#include "tinynas/dataset.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "data/cifar.h"
#include "data/idx.h"
#include "data/image_folder.h"
#include "data/image_listing.h"
#include "data/splits.h"
#include "tinynas/error.h"

namespace tinynas {
namespace fs = std::filesystem;
namespace {

constexpr int kMaxResolution = 1024;

void check_options(const DatasetOptions& options) {
  if (options.channels != 0 && options.channels != 1 && options.channels != 3) {
    throw BadInput("channels must be 1 or 3 (or 0: as stored), not " +
                   std::to_string(options.channels));
  }
  if (options.resolution < 0 || options.resolution > kMaxResolution) {
    throw BadInput("resolution must be 1 to " + std::to_string(kMaxResolution) +
                   " (or 0: as stored), not " + std::to_string(options.resolution));
  }
  if (options.calibration_images < 0 || options.validation_images < 0) {
    throw BadInput("the numbers of calibration and validation images must not be negative");
  }
  if (options.path.empty())
    throw BadInput("no data set is given; give the path of a folder or zip");
  std::error_code ignored;
  if (!fs::exists(options.path, ignored)) {
    throw BadInput(options.path + ": does not exist" +
                   (options.path == kFashionMnistPath
                        ? "; install it: sudo apt-get install dataset-fashion-mnist"
                        : "; give the path of a data set: " + std::string(kDataLayouts)));
  }
}

void read_stored(const DatasetOptions& options, MixedSizes mixed, StoredDataset& stored) {
  if (is_idx_folder(options.path)) {
    stored = read_idx_folder(options);
    stored.format = "idx";
  } else if (is_cifar_folder(options.path)) {
    stored = read_cifar_folder(options);
    stored.format = "cifar10-binary";
  } else if (is_image_folder(options.path)) {
    stored.format = "image-folder";
    read_image_folder(options, mixed, stored);
    if (stored.audio) stored.format = "wav-folder";
  } else {
    throw BadInput(
        options.path +
        ": is no known data set; expected are idx files (train-images-idx3-ubyte.gz, ...), "
        "CIFAR-10 binaries (data_batch_1.bin, ...) or images (or WAV recordings) as "
        "<split>/<class>/<file>, "
        "also zipped");
  }
}

std::string folder_name(const std::string& path) {
  std::error_code ignored;
  fs::path absolute = fs::absolute(path, ignored).lexically_normal();
  if (!absolute.has_filename()) absolute = absolute.parent_path();
  return absolute.stem().string();
}

std::string name_of(const StoredDataset& stored, const DatasetOptions& options) {
  return stored.name.empty() ? folder_name(options.path) : stored.name;
}

Dataset assigned(StoredDataset stored, const DatasetOptions& options) {
  Dataset dataset;
  dataset.name = name_of(stored, options);
  dataset.path = options.path;
  dataset.class_names = stored.class_names;
  dataset.options = options;
  dataset.sizes = stored.sizes;
  dataset.audio = stored.audio;
  dataset.skipped = stored.skipped;
  dataset.ignored = stored.ignored;
  assign_splits(std::move(stored), dataset);
  return dataset;
}

void count_classes(DatasetReport& report) {
  report.class_images.resize(report.data.class_names.size());
  for (const Split split : {Split::kTrain, Split::kCalibration, Split::kValidation, Split::kTest}) {
    for (const std::int32_t label : report.data.split(split).labels) {
      ++report.class_images[static_cast<std::size_t>(label)][static_cast<std::size_t>(split)];
    }
  }
  const auto train_of = [](const std::array<std::size_t, 4>& images) { return images[0]; };
  const auto [least, most] = std::ranges::minmax(report.class_images, {}, train_of);
  report.imbalance = static_cast<double>(train_of(most)) /
                     static_cast<double>(std::max<std::size_t>(1, train_of(least)));
}

}  // namespace

const ImageSet& Dataset::split(Split which) const {
  switch (which) {
    case Split::kTrain:
      return train;
    case Split::kCalibration:
      return calibration;
    case Split::kValidation:
      return validation;
    case Split::kTest:
      break;
  }
  return test;
}

Dataset load_dataset(const DatasetOptions& options) {
  check_options(options);
  StoredDataset stored;
  read_stored(options, MixedSizes::kRefused, stored);
  return assigned(std::move(stored), options);
}

DatasetReport inspect_dataset(const DatasetOptions& options) {
  check_options(options);
  DatasetOptions tolerant = options;
  tolerant.skip_bad_files = true;
  DatasetReport report;
  StoredDataset stored;
  try {
    read_stored(tolerant, MixedSizes::kShortestSide, stored);
    report.data = assigned(stored, tolerant);
    report.normalisation = measure_normalisation(report.data.train);
    count_classes(report);
  } catch (const BadInput& error) {
    // Without a bad file it is simply no data set, or one that the user must mend first.
    if (stored.skipped.empty()) throw;
    report.problem = error.what();
  }
  report.name = name_of(stored, options);
  report.format = stored.format;
  report.bad = std::move(stored.skipped);
  return report;
}

}  // namespace tinynas
