#pragma once
// --data, for every command that reads images.

#include <string>

#include "tinynas/dataset.h"
#include "tinynas/search_space.h"

namespace tinynas {

/// Images of resolution x resolution pixels (0: as stored) and 1 or 3 channels (0: as stored): the
/// folder or file named, or, where none is, what `dataset_name` is known to come from (Debian's
/// Fashion-MNIST). Throws BadInput that names the flag and the layout expected.
Dataset load_images(const std::string& data_option, const std::string& dataset_name, int resolution,
                    int channels);

/// The same for networks of `space`. Throws BadInput when it has another number of classes.
Dataset load_data_for(const SearchSpace& space, const std::string& data_option,
                      const std::string& dataset_name);

}  // namespace tinynas
