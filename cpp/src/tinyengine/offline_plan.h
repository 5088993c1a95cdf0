#pragma once
// Offsets for TensorFlow Lite Micro's stock interpreter, which obeys those that it finds in a file.

#include <cstdint>
#include <vector>

#include "tinynas/tflite.h"

namespace tinynas {

struct OfflinePlan {
  std::vector<std::int32_t> offset_bytes;   ///< one a tensor of the file; -1: a constant
  std::int64_t head_bytes = 0;              ///< of the arena with these offsets
  std::int64_t interpreter_head_bytes = 0;  ///< as the interpreter plans it by itself
};

/// The smallest head in which no two tensors that the interpreter needs at the same time overlap:
/// its kernels are not made to write over their inputs. Never worse than the interpreter's own.
OfflinePlan plan_offline(const TfliteNetwork& network);

}  // namespace tinynas
