#include "cli/data_options.h"

#include <algorithm>
#include <filesystem>

#include "tinynas/error.h"

namespace tinynas {

Dataset load_images(const std::string& data_option, const std::string& dataset_name, int resolution,
                    int channels) {
  DatasetOptions options;
  options.path = data_option;
  options.resolution = resolution;
  options.channels = channels;
  if (options.path.empty()) {
    if (dataset_name != "fashion-mnist") {
      throw BadInput(
          "--data is needed: a folder or zip with train/CLASS/*.jpg and test/CLASS/*.jpg, CIFAR-10 "
          "binaries or idx files (" +
          dataset_name + ")");
    }
    if (!std::filesystem::exists(kFashionMnistPath)) {
      throw BadInput(std::string(kFashionMnistPath) +
                     ": Fashion-MNIST is not there; install Debian's package "
                     "dataset-fashion-mnist, or name its idx files with --data");
    }
    options.path = kFashionMnistPath;
  }
  return load_dataset(options);
}

Dataset load_data_for(const SearchSpace& space, const std::string& data_option,
                      const std::string& dataset_name) {
  const Subnet largest = space.decode(space.largest());
  Dataset data = load_images(data_option, dataset_name, largest.resolution, largest.image_channels);
  if (static_cast<int>(data.class_names.size()) != largest.classes) {
    throw BadInput(data.path + ": has " + std::to_string(data.class_names.size()) +
                   " classes, space '" + space.name() + "' has " + std::to_string(largest.classes));
  }
  return data;
}

}  // namespace tinynas
