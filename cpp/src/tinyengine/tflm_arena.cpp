#include "tinyengine/tflm_arena.h"

#include <stdexcept>

namespace tinynas {

void plan_tflm(const Graph&, const RuntimeModel&, MemoryPlan&) {
  throw std::logic_error("TODO tflm");
}

}  // namespace tinynas
