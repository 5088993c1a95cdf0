#pragma once
// Trips of a whole plan: kernels, the driver that streams rows through segments and patches, and
// what an inference takes around them.

#include <functional>

#include "tinyengine/kernel_trips.h"
#include "tinynas/memory_plan.h"

namespace tinynas {

/// Op `op`, or -1 for what belongs to no op: the call itself and copies of input and output.
using TripsFn = std::function<void(std::int32_t op, const TripList& trips)>;

/// One inference under kTinyNas. `each` is called once an op, in order, then once with -1. Throws
/// nothing that `each` does not.
void count_plan_trips(const Graph& graph, const MemoryPlan& plan, const TripsFn& each);

}  // namespace tinynas
