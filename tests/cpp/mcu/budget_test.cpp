#include <algorithm>
#include <cmath>
#include <map>
#include <vector>

#include "catch.h"
#include "errors.h"
#include "tinynas/mcu.h"
#include "tinynas/rng.h"

using namespace tinynas;
using testing::bad_input;
using testing::contains;

namespace {

constexpr std::int64_t kKiB = 1024;

/// Largest run by walking every byte's owner in units of one KiB.
std::int64_t brute_force_run(const std::vector<MemoryRegion>& regions) {
  std::map<std::uint64_t, int> owner;  // unit -> group, a new one for each separate region
  int groups = 0;
  for (const MemoryRegion& region : regions) {
    const int group = region.separate ? ++groups : 0;
    for (std::int64_t at = 0; at < region.bytes; at += kKiB) {
      owner[region.base + static_cast<std::uint64_t>(at)] = group;
    }
  }
  std::int64_t best = 0, run = 0;
  std::uint64_t last = 0;
  int last_group = -1;
  for (const auto& [at, group] : owner) {
    run = group == last_group && at == last + kKiB ? run + kKiB : kKiB;
    best = std::max(best, run);
    last = at;
    last_group = group;
  }
  return best;
}

}  // namespace

TEST_CASE("the largest run equals a walk over every KiB, in any order of regions") {
  Rng rng(20);
  for (int trial = 0; trial < 2000; ++trial) {
    Mcu mcu;
    std::uint64_t at = 0x20000000;
    const std::uint32_t count = 1 + rng.below(6);
    for (std::uint32_t i = 0; i < count; ++i) {
      if (rng.chance(0.4)) at += kKiB * (1 + rng.below(8));
      const std::int64_t bytes = kKiB * (1 + rng.below(16));
      mcu.regions.push_back({"r", at, bytes, rng.chance(0.2)});
      at += static_cast<std::uint64_t>(bytes);
    }
    rng.shuffle(mcu.regions);
    REQUIRE(largest_contiguous_bytes(mcu) == brute_force_run(mcu.regions));
  }
}

TEST_CASE("F746 merges to 320 KiB, H743 keeps 512 of what it has") {
  const Mcu f746 = find_mcu("stm32f746");
  CHECK(f746.regions.size() == 3);
  CHECK(largest_contiguous_bytes(f746) == 320 * kKiB);
  CHECK(total_sram_bytes(f746) == 320 * kKiB);
  const Mcu h743 = find_mcu("stm32h743");
  CHECK(budget(h743).sram_bytes == 512 * kKiB - h743.reserves.sram_bytes());
  CHECK(total_sram_bytes(h743) > 512 * kKiB);
  CHECK(budget(h743).flash_bytes == 2048 * kKiB);
}

TEST_CASE("overrides replace what the board says, reserves still come off") {
  const Mcu mcu = find_mcu("stm32f746");
  const std::int64_t reserved = mcu.reserves.sram_bytes();
  BudgetOverrides overrides;
  overrides.sram_bytes = 100 * kKiB;
  CHECK(budget(mcu, overrides).sram_bytes == 100 * kKiB - reserved);
  overrides.reserve_sram_bytes = 32 * kKiB;
  CHECK(budget(mcu, overrides).sram_bytes == 68 * kKiB - reserved);
  overrides.flash_bytes = 2 * kKiB;
  CHECK(budget(mcu, overrides).flash_bytes == 2 * kKiB);
  overrides.reserve_flash_bytes = kKiB;
  CHECK(budget(mcu, overrides).flash_bytes == kKiB);
}

TEST_CASE("reserves are raised to what a runtime is predicted to need, never lowered") {
  const Mcu mcu = find_mcu("stm32f030r8");
  BudgetOverrides overrides;
  overrides.predicted_stack_bytes = 584;
  overrides.predicted_runtime_bytes = 28;
  CHECK(budget(mcu, overrides).sram_bytes == budget(mcu).sram_bytes);
  overrides.predicted_stack_bytes = mcu.reserves.stack_bytes + 100;
  CHECK(budget(mcu, overrides).sram_bytes == budget(mcu).sram_bytes - 100);
  CHECK(resolved_reserves(mcu, overrides).stack_bytes == mcu.reserves.stack_bytes + 100);
}

TEST_CASE("a part without internal flash needs --flash") {
  const Mcu mcu = find_mcu("rp2040");
  CHECK(mcu.flash_bytes == 0);
  CHECK(contains(bad_input([&] { budget(mcu); }), "rp2040 has no internal flash"));
  BudgetOverrides overrides;
  overrides.flash_bytes = 2048 * kKiB;
  CHECK(budget(mcu, overrides).flash_bytes == 2048 * kKiB);
}

TEST_CASE("reserves that leave nothing say so") {
  const Mcu mcu = find_mcu("stm32f030r8");
  BudgetOverrides overrides;
  overrides.reserve_sram_bytes = 7 * kKiB;
  CHECK(contains(bad_input([&] { budget(mcu, overrides); }), "leave nothing of 8.0 KiB SRAM"));
  overrides.reserve_sram_bytes = 0;
  overrides.reserve_flash_bytes = 64 * kKiB;
  CHECK(contains(bad_input([&] { budget(mcu, overrides); }), "leaves nothing of 64.0 KiB flash"));
}

TEST_CASE("a violation counts bytes over each budget and orders by relative excess") {
  const McuBudget allowed{"x", 1000, 4000};
  CHECK(violation({1000, 4000, 0}, allowed).fits());
  CHECK(violation({1000, 4000, 0}, allowed).relative == 0);
  const Violation sram = violation({1100, 4000, 0}, allowed);
  CHECK_FALSE(sram.fits());
  CHECK(sram.sram_bytes == 100);
  CHECK(sram.flash_bytes == 0);
  CHECK(std::abs(sram.relative - 0.1) < 1e-12);
  const Violation both = violation({1100, 6000, 0}, allowed);
  CHECK(both.flash_bytes == 2000);
  CHECK(std::abs(both.relative - 0.6) < 1e-12);
}
