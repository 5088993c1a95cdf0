#pragma once
// MNIST's idx format: big-endian header, then bytes; plain or gzip.

#include <string>

#include "data/stored.h"

namespace tinynas {

/// Whether `folder` holds train-images-idx3-ubyte (or train-images.idx3-ubyte), plain or .gz.
bool is_idx_folder(const std::string& folder);

/// Reads the train and, where present, t10k files. Fashion-MNIST is known by its test labels.
/// Throws BadInput naming the file that is missing, cut short or damaged.
StoredDataset read_idx_folder(const DatasetOptions& options);

}  // namespace tinynas
