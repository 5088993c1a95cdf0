#pragma once
// The arena of TensorFlow Lite Micro's interpreter (RuntimeRules::kTflm): a head of activations by
// its greedy planner, a tail of what the interpreter allocates for itself.

#include <cstdint>

#include "tinynas/graph.h"
#include "tinynas/memory_plan.h"

namespace tinynas {

/// Bytes of the tail: 8 a channel that is requantised on its own (multiplier and shift of
/// convolutions), and node, kernel and tensor structures. Fitted on the four models of
/// reference/tflite on a 64-bit host, where arena totals come out within 0.7 %; structures with
/// pointers take less on a 32-bit Cortex-M, so a board needs up to this.
std::int64_t tflm_tail_bytes(const Graph& graph);

/// Fills records, offsets, scratch (the tail) and peak of `plan`, whose costs (add_costs) stand. No
/// tensor shares bytes with another; sizes descending, ties in order of creation, each at the
/// lowest gap (tensorflow/lite/micro/memory_planner/greedy_memory_planner.cc). Reference kernels
/// ask for no scratch in the head. `graph` has the operators of the file, PAD and RESHAPE included:
/// a layer table in their place gives what its ops would need.
void plan_tflm(const Graph& graph, const RuntimeModel& runtime, MemoryPlan& plan);

}  // namespace tinynas
