#pragma once
// A picture of a plan: bytes of the arena against time.

#include <string>

#include "tinynas/graph.h"
#include "tinynas/mcu.h"
#include "tinynas/memory_plan.h"

namespace tinynas {

/// One SVG image. Across: operators in the order of execution, a column each. Up: bytes of the
/// arena, to the peak or the budget (may be null). Whole tensors are solid and slanted where they
/// are written or consumed row by row, rings are striped, scratch is grey; the peak segment is
/// framed. Every shape has a tooltip.
std::string memory_map_svg(const std::string& title, const Graph& graph, const MemoryPlan& plan,
                           const McuBudget* budget);

/// A self-contained page: the image, and `text` (plan_text and what belongs to it) below.
std::string memory_map_html(const std::string& title, const Graph& graph, const MemoryPlan& plan,
                            const McuBudget* budget, const std::string& text);

}  // namespace tinynas
