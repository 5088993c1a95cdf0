#pragma once
// What stands beside a network's C in an exported library: the files of cpp/src/codegen/library,
// inside this program.

#include <string>
#include <string_view>

namespace tinynas {

/// The content of the file of that name; made by CMake (tinynas_embedded_files).
std::string library_source(std::string_view name);

}  // namespace tinynas
