#pragma once
// A plan for people and for programs: what `tinynas plan` prints, and what a search stores for its
// winner.

#include <string>

#include "base/json_io.h"
#include "tinynas/graph.h"
#include "tinynas/mcu.h"
#include "tinynas/memory_plan.h"

namespace tinynas {

/// The `plan --json` document. With `budget` null, `fits`, `mcu` and `excess` are null.
Json plan_json(const Graph& graph, const MemoryPlan& plan, const McuBudget* budget);

/// Verdict against `budget` (may be null), breakdown of SRAM and flash, peak operator with its
/// tensors, and one line an operator. `title` names the network. Ends with a newline.
std::string plan_text(const std::string& title, const Graph& graph, const MemoryPlan& plan,
                      const McuBudget* budget);

}  // namespace tinynas
