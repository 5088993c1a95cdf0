#pragma once
// CIFAR-10's binary version: records of one label byte and 3,072 pixel bytes, plane after plane.

#include <string>

#include "data/stored.h"

namespace tinynas {

/// Whether `folder` holds data_batch_1.bin.
bool is_cifar_folder(const std::string& folder);

/// Reads data_batch_1..5.bin, test_batch.bin (when present) and batches.meta.txt (class names; the
/// usual ones without it). Throws BadInput naming the file and record.
StoredDataset read_cifar_folder(const DatasetOptions& options);

}  // namespace tinynas
