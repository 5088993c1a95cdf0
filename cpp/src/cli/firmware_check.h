#pragma once
// Whether a network's C keeps what its plan says: built and run on an emulated Cortex-M, for
// `tinynas verify` and `tinynas search --verify`.

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/json_io.h"
#include "cli/mcu_options.h"
#include "cli/network_source.h"
#include "codegen/emulated_board.h"
#include "tinynas/memory_plan.h"
#include "tinynas/progress.h"

namespace tinynas {

struct FirmwareQuestion {
  NetworkSource network;
  McuTarget target;
  RuntimeModel runtime;
  InputMode input = InputMode::kResident;
  DepthwiseRows depthwise_rows = DepthwiseRows::kInt8;
  int inputs = 8;  ///< images to run: extremes first, then random
  bool layer_by_layer = false;
};

/// Predicted and measured.
struct FirmwareVerdict {
  EmulatedCore core;
  MemoryPlan plan;
  LinkedFirmware linked;
  FirmwareRun run;
  std::size_t inputs = 0, equal = 0;

  bool arena_holds() const { return linked.arena_bytes == plan.peak_sram_bytes; }
  bool statics_hold() const { return linked.statics_bytes() == plan.runtime_bytes; }
  bool stack_holds() const { return run.stack_bytes <= plan.stack_bytes; }
  bool flash_holds() const {
    return plan.flash.code_is_estimate || linked.flash_bytes() == plan.flash.total_bytes();
  }
  bool outputs_hold() const { return equal == inputs; }
  bool holds() const {
    return arena_holds() && statics_hold() && stack_holds() && flash_holds() && outputs_hold() &&
           run.canaries_intact;
  }
  std::int64_t instructions() const;  ///< of an inference, the mean
};

/// Throws BadInput with the mend where the part's core is not emulated or the compiler or the
/// emulator are missing. Cheap: asked before a search begins.
void require_firmware_check(const Mcu& mcu);

/// Throws as require_firmware_check; Error with kNothingFits where the linker finds no room in the
/// part, with kUnsupportedOperator for operators without a C kernel; Interrupted.
FirmwareVerdict check_firmware(const FirmwareQuestion& question, const ProgressFn& progress,
                               const StopFn& stop);

/// A table for people, and below it "verified on an emulated Cortex-M7" or what it is not.
std::string verdict_text(const FirmwareVerdict& verdict);
/// `core`, `machine`, `input`, `depthwise_rows`, `predicted`, `measured`, `inputs`, `equal`,
/// `canaries_intact`.
Json verdict_json(const FirmwareVerdict& verdict);

}  // namespace tinynas
