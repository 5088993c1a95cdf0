#pragma once
// From tensors to storage records: which tensors share a buffer, how large it is, when it is live.
//
// The published rules: a record is live in [first op that touches it, last consumer + 1); the image
// is there at op 0; what nobody consumes stays to the end. Depthwise convolutions are in place, so
// a chain of them is one record, and a record that passed a stride-2 depthwise counts a quarter for
// records that start later.
//
// Three of them are tightened here, because the published release would otherwise let two live
// tensors meet. None of this changes the peak of a published network.
//  - A depthwise convolution whose input is read again later is not in place.
//  - A shrunk record counts at least what it holds: on odd maps (5 x 5 to 3 x 3) that is more than
//  a
//    quarter; and it keeps the alignment.
//  - An image that is read after op 0, and an output that is also consumed, live as long as that.

#include <cstdint>
#include <vector>

#include "tinynas/graph.h"
#include "tinynas/memory_plan.h"

namespace tinynas {

inline std::int64_t align_up(std::int64_t bytes, std::int64_t alignment) {
  return (bytes + alignment - 1) & -alignment;
}

/// Fills plan.placements (all but offsets) and plan.tensor_records. `end_of_tensor` is scratch: for
/// each tensor one past the last op that needs it.
void build_records(const Graph& graph, const RuntimeModel& runtime,
                   std::vector<std::int32_t>& end_of_tensor, MemoryPlan& plan);

}  // namespace tinynas
