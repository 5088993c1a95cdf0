#pragma once
// The C that ships to the device: the files of cpp/src/codegen/kernels, inside this program.

#include <string>
#include <string_view>

namespace tinynas {

/// The content of the file of that name; made by CMake (tinynas_embedded_files).
std::string kernel_source(std::string_view name);

}  // namespace tinynas
