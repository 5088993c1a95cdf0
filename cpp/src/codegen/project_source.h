#pragma once
// A board project's own code: the files of cpp/src/codegen/project, inside this program.

#include <string>
#include <string_view>

namespace tinynas {

/// The content of the file of that name; made by CMake (tinynas_embedded_files).
std::string project_source(std::string_view name);

}  // namespace tinynas
