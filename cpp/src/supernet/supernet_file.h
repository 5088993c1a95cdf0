#pragma once
// A trained supernet on disk: weights, the search space that they belong to, and the data that they
// have seen.

#include <string>

#include "supernet/elastic_network.h"
#include "supernet/image_batches.h"
#include "supernet/state_file.h"
#include "tinynas/supernet.h"

namespace tinynas {

/// Fills in what identifies the data: name, splits, classes, normalisation, augmentation.
SupernetInfo describe_training_data(const Dataset& data, const Normalisation& normalisation,
                                    const Augmentation& augmentation);

/// What they saw, as JSON.
Json data_metadata(const SupernetInfo& info);
/// Head of supernet files and of training checkpoints.
Json supernet_metadata(const SearchSpace& space, const SupernetInfo& info);
SupernetInfo parse_supernet_metadata(const Json& metadata, const std::string& path);

void write_supernet(const Supernet& supernet, const SupernetInfo& info, const Json& training,
                    const std::string& path);
struct LoadedSupernet {
  Supernet supernet;
  SupernetInfo info;
};
/// Throws BadInput on a damaged or newer file.
LoadedSupernet read_supernet(const std::string& path);

/// Copies tensors of the file into parameters of the same names; throws BadInput when one is
/// missing or of another shape.
void load_parameters(const NamedTensors& parameters, const StateFile& state,
                     const std::string& path);

/// Throws BadInput when `data` is not what the supernet was trained on: a class or a split differs,
/// so that training images could lie in a validation set.
void check_same_data(const SupernetInfo& info, const Dataset& data);

}  // namespace tinynas
