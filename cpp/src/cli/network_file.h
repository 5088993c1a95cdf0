#pragma once
// A network given as a file, for every command that plans one.

#include <string>

#include "tinynas/memory_plan.h"

namespace tinynas {

/// A `.tflite` file, a layer table or a subnet file, told apart by what is in it; our graph has its
/// operators in the order that needs least memory. `space_name` finds the space of a subnet file
/// whose own name does not; "" takes the file's. Throws BadInput, and Error with
/// kUnsupportedOperator.
Network read_network_file(const std::string& path, const std::string& space_name);

}  // namespace tinynas
