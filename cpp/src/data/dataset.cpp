#include "tinynas/dataset.h"

#include <filesystem>
#include <utility>

#include "data/cifar.h"
#include "data/idx.h"
#include "data/image_folder.h"
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
                        : "; give the path of a data set (folder or zip)"));
  }
}

StoredDataset read_stored(const DatasetOptions& options) {
  if (is_idx_folder(options.path)) return read_idx_folder(options);
  if (is_cifar_folder(options.path)) return read_cifar_folder(options);
  if (is_image_folder(options.path)) return read_image_folder(options);
  throw BadInput(
      options.path +
      ": is no known data set; expected are idx files (train-images-idx3-ubyte.gz, ...), "
      "CIFAR-10 binaries (data_batch_1.bin, ...) or images as <split>/<class>/<file>, "
      "also zipped");
}

std::string folder_name(const std::string& path) {
  std::error_code ignored;
  fs::path absolute = fs::absolute(path, ignored).lexically_normal();
  if (!absolute.has_filename()) absolute = absolute.parent_path();
  return absolute.stem().string();
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
  StoredDataset stored = read_stored(options);
  Dataset dataset;
  dataset.name = stored.name.empty() ? folder_name(options.path) : stored.name;
  dataset.path = options.path;
  dataset.class_names = stored.class_names;
  dataset.options = options;
  assign_splits(std::move(stored), dataset);
  return dataset;
}

}  // namespace tinynas
