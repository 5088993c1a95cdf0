#pragma once
// A second opinion on a plan. Shares no code with the planner: it derives from the graph alone
// which tensors must be intact at which op, and looks at addresses.

#include <string>

#include "tinynas/graph.h"
#include "tinynas/memory_plan.h"

namespace tinynas {

/// Proves that executing `graph` (valid, see validate) in `plan` never destroys a tensor that is
/// still needed, and that the plan's sums are those of its parts. Returns what is wrong, naming the
/// op and the tensors, or "" for a sound plan.
///
/// Two tensors clash when both must hold their values during one op and their bytes overlap. The
/// one exception is a depthwise convolution (equal channels) that writes over its own input, at the
/// same offset, as that tensor's last reader. Bytes are the tensors' own, not what the runtime
/// counts, so a record that counts a quarter is judged by what it really holds.
std::string check_plan(const Graph& graph, const RuntimeModel& runtime, const MemoryPlan& plan);

}  // namespace tinynas
