#pragma once
// A network given as a file, for every command that plans one.

#include <string>

#include "tinynas/graph.h"

namespace tinynas {

/// A layer table or a subnet file, told apart by what is in it. `space_name` finds the space of a
/// subnet file whose own name does not; "" takes the file's. Throws BadInput.
Graph read_network_file(const std::string& path, const std::string& space_name);

}  // namespace tinynas
