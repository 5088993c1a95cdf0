#include "mcu/budget_json.h"

namespace tinynas {

Json budget_json(const McuBudget& budget) {
  return {{"name", budget.name},
          {"sram_budget_bytes", budget.sram_bytes},
          {"flash_budget_bytes", budget.flash_bytes},
          {"latency_budget_ms", json_or_null(budget.latency_ms)},
          {"macs_budget", json_or_null(budget.macs)}};
}

}  // namespace tinynas
