#pragma once
// A plan for people and for programs: what `tinynas plan` prints, and what a search stores for its
// winner.

#include <string>
#include <vector>

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

/// design.md's `front[]`, with the patches of each point.
Json front_json(const std::vector<FrontPoint>& front);
/// A table of the front, MACs also as multiples of the network's own. Ends with a newline.
std::string front_text(const Graph& graph, const std::vector<FrontPoint>& front);

/// One line a plan: SRAM, flash, MACs, and whether it fits `budget` (may be null).
std::string runtimes_text(const std::vector<MemoryPlan>& plans, const McuBudget* budget);

/// What would lower the peak of `plan` and by how much, each alternative planned; and the operator
/// that holds most weights where that is over a fifth. "" when nothing would help.
std::string relief_text(const Graph& graph, const RuntimeModel& runtime, const MemoryPlan& plan);

}  // namespace tinynas
