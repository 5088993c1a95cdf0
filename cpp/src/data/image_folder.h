#pragma once
// The ImageFolder layout, `<split>/<class>/<file>` or `<class>/<file>`, JPEG and PNG, in folders
// and zip archives.

#include <string>

#include "data/stored.h"

namespace tinynas {

/// Whether `path` is a zip archive or a folder that holds subfolders or split archives (train.zip).
bool is_image_folder(const std::string& path);

/// Splits are called train, val (valid, validation) and test; without any, all images are training
/// images. A class is a folder's name; classes are numbered in the order of their names. Throws
/// BadInput naming the file and entry.
StoredDataset read_image_folder(const DatasetOptions& options);

}  // namespace tinynas
