#pragma once
// --mcu, --sram, --flash, --reserve-sram, --reserve-flash: the same for every command that has a
// budget.

#include <string>
#include <vector>

#include "cli/commands.h"
#include "tinynas/mcu.h"
#include "tinynas/memory_plan.h"

namespace tinynas {

/// As typed; bytes such as "320KiB".
struct McuOptions {
  std::string mcu = {}, sram = {}, flash = {}, reserve_sram = {}, reserve_flash = {};
  std::string latency_ms = {}, calibration = {};  ///< milliseconds; a file of `tinynas calibrate`
  bool allow_uncalibrated = false;
  std::string macs = {};  ///< a count such as 12.5M
};

/// Declares the five options on `command`; `options` must outlive parsing.
void add_mcu_options(CLI::App& command, CliContext& context, McuOptions& options,
                     bool mcu_required = true);

/// Declares --macs; `options` as above.
void add_macs_option(CLI::App& command, McuOptions& options);

/// Declares --latency-ms, --calibration and --allow-uncalibrated; `options` as above.
void add_latency_options(CLI::App& command, McuOptions& options);

/// False when none of them is given.
bool any_mcu_option(const McuOptions& options);

/// The runtime, with flash and stack for the part's core (see find_runtime); kDefaultCore where no
/// part is named.
RuntimeModel target_runtime(const std::string& runtime, const McuOptions& options);

/// --latency-ms wants predicted instructions. Throws BadInput for rows of which there are none.
void require_latency_of_rows(const McuBudget& budget, DepthwiseRows rows);

/// The same of a network that was planned, `file`, for those of which there are none.
void require_latency(const McuBudget& budget, const MemoryPlan& plan, const std::string& file);

/// The part, and what a network may use of it after overrides and reserves.
struct McuTarget {
  Mcu mcu;
  Reserves reserves;
  McuBudget budget;
};

/// Reserves are at least what `runtime` is predicted to need. Throws BadInput (unknown part with
/// the nearest name, malformed bytes, no flash, nothing left).
McuTarget resolve_mcu(const McuOptions& options, const RuntimeModel& runtime = {});

/// Declares --layer-by-layer on `command`; `chosen` must outlive parsing.
void add_layer_by_layer_option(CLI::App& command, bool& chosen);
/// Declares --input on `command`; `input` holds the default and must outlive parsing.
void add_input_option(CLI::App& command, CliContext& context, std::string& input);
/// --input under a runtime. Throws BadInput for an unknown name, and for anything but "resident"
/// under other rules than ours.
InputMode runtime_input(const RuntimeModel& runtime, const std::string& input);
/// --depthwise-rows, which rows depthwise kernels stream from.
void add_depthwise_rows_option(CLI::App& command, CliContext& context, std::string& rows);
/// --depthwise-rows under a runtime. Throws BadInput for an unknown name, and for anything but
/// "int8" under other rules than ours.
DepthwiseRows runtime_depthwise_rows(const RuntimeModel& runtime, const std::string& rows);

}  // namespace tinynas
