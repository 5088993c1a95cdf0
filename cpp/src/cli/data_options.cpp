#include "cli/data_options.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <filesystem>

#include "base/log.h"
#include "tinynas/error.h"

namespace tinynas {
namespace {

constexpr std::size_t kNamedFiles = 20;

void say_what_was_skipped(const Dataset& data) {
  const std::size_t count = data.skipped.size();
  if (count == 0) return;
  log_warning(data.path + ": " + std::to_string(count) + " bad files are left out");
  for (std::size_t i = 0; i < count && i < kNamedFiles; ++i) {
    log_warning("  " + data.skipped[i].file + ": " + data.skipped[i].reason);
  }
  if (count > kNamedFiles) {
    log_warning("  and " + std::to_string(count - kNamedFiles) +
                " more: `tinynas data inspect` names them all");
  }
}

}  // namespace

void add_skip_bad_files_option(CLI::App& app, bool& skip_bad_files) {
  app.add_flag("--skip-bad-files", skip_bad_files,
               "Leave out images that cannot be decoded, and say which");
}

Dataset load_images(const std::string& data_option, const std::string& dataset_name, int resolution,
                    int channels, bool skip_bad_files) {
  DatasetOptions options;
  options.path = data_option;
  options.resolution = resolution;
  options.channels = channels;
  options.skip_bad_files = skip_bad_files;
  if (options.path.empty()) {
    if (dataset_name != "fashion-mnist") {
      throw BadInput("--data is needed: " + dataset_name + " does not come with tinynas; name " +
                     kDataLayouts);
    }
    if (!std::filesystem::exists(kFashionMnistPath)) {
      throw BadInput(std::string(kFashionMnistPath) +
                     ": Fashion-MNIST is not there; install Debian's package "
                     "dataset-fashion-mnist, or name its idx files with --data");
    }
    options.path = kFashionMnistPath;
  }
  Dataset data = load_dataset(options);
  say_what_was_skipped(data);
  return data;
}

Dataset load_data_for(const SearchSpace& space, const std::string& data_option,
                      const std::string& dataset_name, bool skip_bad_files) {
  const Subnet largest = space.decode(space.largest());
  Dataset data = load_images(data_option, dataset_name, largest.resolution, largest.image_channels,
                             skip_bad_files);
  if (static_cast<int>(data.class_names.size()) != largest.classes) {
    throw BadInput(data.path + ": has " + std::to_string(data.class_names.size()) +
                   " classes, space '" + space.name() + "' has " + std::to_string(largest.classes) +
                   "; name other data with --data, or set 'classes' in a copy of the space");
  }
  return data;
}

}  // namespace tinynas
