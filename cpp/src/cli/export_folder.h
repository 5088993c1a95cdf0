#pragma once
// Folders that `tinynas export` writes: whole or not at all, and never over somebody's files.

#include <string>
#include <vector>

#include "tinynas/codegen.h"

namespace tinynas {

/// Writes `files` beside `folder`, which is then replaced by a rename. `marker`, the name of one of
/// them, tells an earlier export, which is replaced, from other folders, which are not. Throws
/// BadInput where the folder holds other files or cannot be written.
void write_export_folder(const std::string& folder, const std::vector<GeneratedFile>& files,
                         const std::string& marker);

}  // namespace tinynas
