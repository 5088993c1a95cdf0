#pragma once
// A plan for people: what `tinynas plan` prints.

#include <string>
#include <vector>

#include "tinynas/graph.h"
#include "tinynas/mcu.h"
#include "tinynas/memory_plan.h"

namespace tinynas {

/// "9.35 ms", "35.4 ms".
std::string format_ms(double ms);

/// The predicted interval of a plan that has one, then its source, a line a statement. Lines after
/// the first begin with `indent` spaces; the last does not end.
std::string latency_text(const MemoryPlan& plan, std::size_t indent);

/// Verdict against `budget` (may be null), breakdown of SRAM and flash, peak operator with its
/// tensors, and one line an operator. `title` names the network. Ends with a newline.
std::string plan_text(const std::string& title, const Graph& graph, const MemoryPlan& plan,
                      const McuBudget* budget);

/// A table of the front, MACs also as multiples of the network's own. Ends with a newline.
std::string front_text(const Graph& graph, const std::vector<FrontPoint>& front);

/// One line a plan: SRAM, flash, MACs, and whether it fits `budget` (may be null).
std::string runtimes_text(const std::vector<MemoryPlan>& plans, const McuBudget* budget);

/// What would lower the peak of `plan` and by how much, each alternative planned; and the operator
/// that holds most weights where that is over a fifth. "" when nothing would help.
std::string relief_text(const Network& network, const RuntimeModel& runtime,
                        const MemoryPlan& plan);

/// What a `.tflite` file has and the plan has not, in one line, or "".
std::string left_out_text(const Network& network, const RuntimeModel& runtime);

}  // namespace tinynas
