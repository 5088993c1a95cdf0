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
/// Live from the op that writes it to the last that reads it; what none reads and is no output is
/// gone after its op (tensorflow/lite/micro/micro_allocation_info.cc).
std::vector<Placement> tflm_buffers(const Graph& graph, const RuntimeModel& runtime);

/// Gives the buffers their offsets and returns the bytes of the head. The first `fixed` buffers
/// keep theirs (an offline plan). The others: sizes descending, of equal ones the later first, each
/// at the lowest gap (tensorflow/lite/micro/memory_planner/greedy_memory_planner.cc).
std::int64_t place_tflm_buffers(std::vector<Placement>& buffers, std::size_t fixed);

/// Bytes of the tail: multiplier and shift of each channel of a convolution, and node, kernel and
/// tensor structures by kind of op. A model, fitted on a 64-bit host on 290 networks; on others and
/// on published ones within 5 % of the interpreter's own figure, 1 % on average
/// (tests/python/test_tflite_micro.py). Structures with pointers take less on a 32-bit Cortex-M, so
/// a board needs up to this.
std::int64_t tflm_tail_bytes(const Graph& graph);

/// Fills records, offsets, scratch (the tail) and peak of `plan`, whose costs (add_costs) stand. No
/// tensor shares bytes with another. `graph` has the operators of the file, PAD and RESHAPE
/// included: a layer table in their place gives what its ops would need. An offline plan that the
/// file has is not looked at: the figures are those of the interpreter's own planner.
void plan_tflm(const Graph& graph, const RuntimeModel& runtime, MemoryPlan& plan);

}  // namespace tinynas
