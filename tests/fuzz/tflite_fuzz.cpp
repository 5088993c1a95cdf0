#include <cstddef>
#include <cstdint>

#include "entry_points.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  tinynas::fuzzing::read_tflite({reinterpret_cast<const char*>(data), size});
  return 0;
}
