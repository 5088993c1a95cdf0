#pragma once
// The ImageFolder layout, `<split>/<class>/<file>` or `<class>/<file>`, JPEG and PNG, or WAV, in
// folders and zip archives.

#include <string>

#include "data/stored.h"

namespace tinynas {

/// What happens to images of several sizes where no resolution is asked for: an error that names
/// the first, or all of them are brought to the shortest side that occurs, at most 224 pixels.
enum class MixedSizes { kRefused, kShortestSide };

/// Splits are called train, val (valid, validation) and test; without any, all images are training
/// images. A class is a folder's name; classes are numbered in the order of their names. Every file
/// is decoded once for its hash (or looked up in the cache); the parts that are returned decode
/// again whenever they are read. Throws BadInput naming the file and entry; what was left out and
/// ignored until then stands in `stored` all the same.
void read_image_folder(const DatasetOptions& options, MixedSizes mixed, StoredDataset& stored);

}  // namespace tinynas
