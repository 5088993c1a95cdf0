#pragma once
// The arena of TensorFlow Lite Micro's interpreter (RuntimeRules::kTflm): a head of activations by
// its greedy planner, a tail of what the interpreter allocates for itself.

#include <cstdint>
#include <vector>

#include "tinynas/graph.h"
#include "tinynas/memory_plan.h"

namespace tinynas {

/// What the interpreter's planner places in the head, sizes aligned: the tensors of `graph` in
/// their order, then what reference kernels ask for (kScratch: a mean's sums, positions and axes).
/// Live from the op that writes it to the last that reads it
/// (tensorflow/lite/micro/micro_allocation_info.cc).
std::vector<Placement> tflm_buffers(const Graph& graph, const RuntimeModel& runtime);

/// Gives the buffers their offsets and returns the bytes of the head. The first `fixed` buffers
/// keep theirs (an offline plan). The others: sizes descending, of equal ones the later first, each
/// at the lowest gap (tensorflow/lite/micro/memory_planner/greedy_memory_planner.cc).
std::int64_t place_tflm_buffers(std::vector<Placement>& buffers, std::size_t fixed);

/// Bytes of the tail: 8 a channel that is requantised on its own (multiplier and shift of
/// convolutions), and node, kernel and tensor structures. Fitted on the four models of
/// reference/tflite on a 64-bit host; tests/python/test_tflite_micro.py states its error there.
/// Structures with pointers take less on a 32-bit Cortex-M, so a board needs up to this.
std::int64_t tflm_tail_bytes(const Graph& graph);

/// Fills records, offsets, scratch (the tail) and peak of `plan`, whose costs (add_costs) stand. No
/// tensor shares bytes with another. `graph` has the operators of the file, PAD and RESHAPE
/// included: a layer table in their place gives what its ops would need.
void plan_tflm(const Graph& graph, const RuntimeModel& runtime, MemoryPlan& plan);

}  // namespace tinynas
