#include <algorithm>
#include <numeric>

#include "tinynas/bytes.h"
#include "tinynas/error.h"
#include "tinynas/mcu.h"

namespace tinynas {

std::vector<MemoryRun> memory_runs(const Mcu& mcu) {
  std::vector<MemoryRegion> regions = mcu.regions;
  std::sort(regions.begin(), regions.end(),
            [](const MemoryRegion& a, const MemoryRegion& b) { return a.base < b.base; });
  std::vector<MemoryRun> runs;
  bool joinable = false;
  for (const MemoryRegion& region : regions) {
    const bool joined = joinable && !region.separate && region.base == runs.back().end();
    if (!joined) runs.push_back({region.base, 0, {}});
    runs.back().bytes += region.bytes;
    runs.back().regions.push_back(region.name);
    joinable = !region.separate;
  }
  return runs;
}

MemoryRun largest_run(const Mcu& mcu) {
  MemoryRun largest;
  for (MemoryRun& run : memory_runs(mcu)) {
    if (run.bytes > largest.bytes) largest = std::move(run);
  }
  return largest;
}

std::int64_t largest_contiguous_bytes(const Mcu& mcu) { return largest_run(mcu).bytes; }

std::int64_t total_sram_bytes(const Mcu& mcu) {
  return std::accumulate(
      mcu.regions.begin(), mcu.regions.end(), std::int64_t{0},
      [](std::int64_t sum, const MemoryRegion& region) { return sum + region.bytes; });
}

Reserves resolved_reserves(const Mcu& mcu, const BudgetOverrides& overrides) {
  Reserves reserves = mcu.reserves;
  reserves.stack_bytes = std::max(reserves.stack_bytes, overrides.predicted_stack_bytes);
  reserves.runtime_bytes = std::max(reserves.runtime_bytes, overrides.predicted_runtime_bytes);
  reserves.application_bytes = overrides.reserve_sram_bytes.value_or(reserves.application_bytes);
  reserves.application_flash_bytes =
      overrides.reserve_flash_bytes.value_or(reserves.application_flash_bytes);
  return reserves;
}

McuBudget budget(const Mcu& mcu, const BudgetOverrides& overrides) {
  const std::int64_t sram = overrides.sram_bytes.value_or(largest_contiguous_bytes(mcu));
  const std::int64_t flash = overrides.flash_bytes.value_or(mcu.flash_bytes);
  if (!mcu.flash_internal && !overrides.flash_bytes) {
    throw BadInput(mcu.name +
                   " has no internal flash: say how much the board has, for example --flash 2MiB");
  }
  const Reserves reserves = resolved_reserves(mcu, overrides);
  const McuBudget result{mcu.name, sram - reserves.sram_bytes(),
                         flash - reserves.application_flash_bytes};
  if (result.sram_bytes <= 0) {
    throw BadInput(mcu.name + ": reserves of " + format_bytes(reserves.sram_bytes()) + " (stack " +
                   format_bytes(reserves.stack_bytes) + ", runtime " +
                   format_bytes(reserves.runtime_bytes) + ", application " +
                   format_bytes(reserves.application_bytes) + ") leave nothing of " +
                   format_bytes(sram) + " SRAM; lower --reserve-sram or raise --sram");
  }
  if (result.flash_bytes <= 0) {
    throw BadInput(mcu.name + ": a reserve of " + format_bytes(reserves.application_flash_bytes) +
                   " leaves nothing of " + format_bytes(flash) +
                   " flash; lower --reserve-flash or raise --flash");
  }
  return result;
}

Violation violation(const Footprint& footprint, const McuBudget& budget) {
  Violation excess;
  excess.sram_bytes = std::max<std::int64_t>(0, footprint.peak_sram_bytes - budget.sram_bytes);
  excess.flash_bytes = std::max<std::int64_t>(0, footprint.flash_bytes - budget.flash_bytes);
  auto relative = [](std::int64_t over, std::int64_t allowed) {
    return static_cast<double>(over) / static_cast<double>(std::max<std::int64_t>(allowed, 1));
  };
  excess.relative = relative(excess.sram_bytes, budget.sram_bytes) +
                    relative(excess.flash_bytes, budget.flash_bytes);
  if (budget.latency_ms) {
    excess.latency_ms = std::max(0.0, footprint.latency_ms - *budget.latency_ms);
    excess.relative += excess.latency_ms / *budget.latency_ms;
  }
  if (budget.macs) {
    excess.macs = std::max<std::int64_t>(0, footprint.macs - *budget.macs);
    excess.relative += relative(excess.macs, *budget.macs);
  }
  return excess;
}

}  // namespace tinynas
