#pragma once
// A budget in documents.

#include "base/json_io.h"
#include "tinynas/mcu.h"

namespace tinynas {

/// design.md's `mcu{name, sram_budget_bytes, flash_budget_bytes}`, with the limits of latency and
/// MACs, null where there are none.
Json budget_json(const McuBudget& budget);

}  // namespace tinynas
