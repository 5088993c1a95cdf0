#pragma once
// Augmentation in supernet files, checkpoints and results.

#include <string>

#include "base/json_io.h"
#include "tinynas/augmentation.h"

namespace tinynas {

Json augmentation_json(const Augmentation& augmentation);
/// Throws BadInput naming `path` and the field.
Augmentation parse_augmentation(const Json& json, const std::string& path);

}  // namespace tinynas
