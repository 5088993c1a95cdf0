#pragma once
// Boards: memory regions, what one arena may use of them, and whether a network fits.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tinynas {

struct MemoryRegion {
  std::string name;
  std::uint64_t base = 0;  ///< address
  std::int64_t bytes = 0;
  /// Touches a neighbour but is no part of its run: another power domain, or another owner.
  bool separate = false;
};

/// Bytes that the arena may not have, each counted once.
struct Reserves {
  std::int64_t stack_bytes = 0;
  std::int64_t runtime_bytes = 0;            ///< C statics of the runtime and the vendor's library
  std::int64_t application_bytes = 0;        ///< --reserve-sram
  std::int64_t application_flash_bytes = 0;  ///< --reserve-flash
  std::int64_t sram_bytes() const { return stack_bytes + runtime_bytes + application_bytes; }
};

/// One part, as its file in configs/mcus says.
struct Mcu {
  std::string name;                  ///< as typed: "stm32f746"
  std::string part;                  ///< as printed on the chip: "STM32F746"
  std::vector<std::string> aliases;  ///< other names that find it
  std::string core;                  ///< "Cortex-M7"
  std::int64_t clock_hz = 0;
  std::int64_t reset_clock_hz = 0;  ///< before any code sets another; 0: not known
  bool dsp = false;
  std::string fpu;  ///< "None", "SP", "DP", "DP/HP"
  bool mve = false;
  std::int64_t flash_bytes = 0;  ///< 0 where the part has no internal flash and the board decides
  bool flash_internal = true;
  /// Where the core finds its vectors after reset; none: it starts from elsewhere.
  std::optional<std::uint64_t> flash_base;
  std::vector<MemoryRegion> regions;  ///< SRAM that holds data, by address
  Reserves reserves;
  std::vector<std::string> uncertain;  ///< keys of the file that a datasheet has yet to confirm
  std::string source_file;
};

/// The core that runs the network, the first that Mcu::core names: "Cortex-M33" of "2x Cortex-M33",
/// "Cortex-M7" of "Cortex-M7 (+M4)". All of it where it is no Cortex-M.
std::string network_core(const Mcu& mcu);

/// What a network must fit into.
struct McuBudget {
  std::string name;
  std::int64_t sram_bytes = 0;                      ///< largest contiguous run minus reserves
  std::int64_t flash_bytes = 0;                     ///< flash minus the application's reserve
  std::optional<double> latency_ms = std::nullopt;  ///< --latency-ms; nothing: no limit
  std::optional<std::int64_t> macs = std::nullopt;  ///< --macs; nothing: no limit
};

/// What a network needs, under one runtime's rules.
struct Footprint {
  std::int64_t peak_sram_bytes = 0;
  std::int64_t flash_bytes = 0;
  std::int64_t macs = 0;
  double latency_ms = 0;  ///< upper end of the predicted interval; 0: not predicted
};

/// Over budget; all 0 when it fits.
struct Violation {
  std::int64_t sram_bytes = 0;
  std::int64_t flash_bytes = 0;
  double latency_ms = 0;
  std::int64_t macs = 0;
  bool fits() const { return sram_bytes == 0 && flash_bytes == 0 && latency_ms == 0 && macs == 0; }
  /// Excess relative to the budgets, summed: orders infeasible candidates.
  double relative = 0;
};
Violation violation(const Footprint& footprint, const McuBudget& budget);

/// Command-line overrides, each in bytes; `sram_bytes` replaces the contiguous run (reserves still
/// come off).
struct BudgetOverrides {
  std::optional<std::int64_t> sram_bytes, flash_bytes, reserve_sram_bytes, reserve_flash_bytes;
  /// What a runtime is predicted to need: the board's reserves are raised to it where they are
  /// less.
  std::int64_t predicted_stack_bytes = 0, predicted_runtime_bytes = 0;
};

/// The board's reserves after overrides and predictions.
Reserves resolved_reserves(const Mcu& mcu, const BudgetOverrides& overrides);

/// Adjacent regions (end of one = start of the next) as one; a region that is `separate` is a run
/// of its own.
struct MemoryRun {
  std::uint64_t base = 0;
  std::int64_t bytes = 0;
  std::vector<std::string> regions;  ///< their names
  std::uint64_t end() const { return base + static_cast<std::uint64_t>(bytes); }
};
/// By address.
std::vector<MemoryRun> memory_runs(const Mcu& mcu);
/// The one that the arena lies in; of equals the first.
MemoryRun largest_run(const Mcu& mcu);
/// Its bytes.
std::int64_t largest_contiguous_bytes(const Mcu& mcu);
/// Sum over all regions, in bytes.
std::int64_t total_sram_bytes(const Mcu& mcu);

/// Budget after reserves. Throws BadInput when a part without internal flash has no --flash, or
/// when the reserves leave nothing.
McuBudget budget(const Mcu& mcu, const BudgetOverrides& overrides = {});

/// Reads one board file. Throws BadInput with file, line and key.
Mcu load_mcu_file(const std::string& path);
/// `name_or_path`: a name of configs/mcus (any case), or a path that ends in .toml. Throws
/// BadInput, with the nearest name for an unknown one.
Mcu find_mcu(const std::string& name_or_path);
/// All shipped boards, by name.
std::vector<Mcu> list_mcus();

}  // namespace tinynas
