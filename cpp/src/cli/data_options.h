#pragma once
// --data and --skip-bad-files, for every command that reads images.

#include <string>

#include "tinynas/dataset.h"
#include "tinynas/search_space.h"

namespace CLI {
class App;
}  // namespace CLI

namespace tinynas {

void add_skip_bad_files_option(CLI::App& app, bool& skip_bad_files);

/// Images of resolution x resolution pixels (0: as stored) and 1 or 3 channels (0: as stored): the
/// folder or file named, or, where none is, what `dataset_name` is known to come from (Debian's
/// Fashion-MNIST). Files left out are named on stderr. Throws BadInput that names the flag and the
/// layout expected.
Dataset load_images(const std::string& data_option, const std::string& dataset_name, int resolution,
                    int channels, bool skip_bad_files = false);

/// The same for networks of `space`. Throws BadInput when it has another number of classes.
Dataset load_data_for(const SearchSpace& space, const std::string& data_option,
                      const std::string& dataset_name, bool skip_bad_files = false);

}  // namespace tinynas
