#pragma once
// Generated C on an emulated board: compiled, linked for a part's memory, run, measured.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "codegen/emulated_core.h"
#include "tinynas/codegen.h"
#include "tinynas/progress.h"

namespace tinynas {

/// Memory of the part as the linker is to know it.
struct FirmwareMemory {
  std::int64_t ram_bytes = 0;    ///< of stack, arena and statics
  std::int64_t flash_bytes = 0;  ///< of the network's code and tables
  std::int64_t stack_bytes = 0;  ///< at the bottom of RAM
};

/// What the linker made of the network.
struct LinkedFirmware {
  std::int64_t text_bytes = 0, rodata_bytes = 0, data_bytes = 0, bss_bytes = 0;
  std::int64_t arena_bytes = 0;  ///< its symbol
  std::int64_t statics_bytes() const { return data_bytes + bss_bytes; }
  std::int64_t flash_bytes() const { return text_bytes + rodata_bytes + data_bytes; }
};

/// What the network did on the board.
struct FirmwareRun {
  std::vector<std::int8_t> outputs;
  std::int64_t stack_bytes = 0;            ///< of tinynas_invoke and all that it calls
  bool canaries_intact = false;            ///< nothing was written just before or after the arena
  std::vector<std::int64_t> instructions;  ///< of each inference
};

/// Throws BadInput that names the Debian packages where the compiler or the emulator are missing.
void require_firmware_tools();

class EmulatedBoard {
 public:
  /// Works in `folder`, an empty one. Throws as require_firmware_tools.
  EmulatedBoard(EmulatedCore core, std::string folder, StopFn stop);

  /// Throws Error with kNothingFits and the linker's words where it does not fit into `memory`.
  LinkedFirmware build(const std::vector<GeneratedFile>& files, const FirmwareMemory& memory);
  /// `inputs`: images one after another. Throws std::runtime_error where the board faults.
  FirmwareRun run(std::span<const std::int8_t> inputs);

 private:
  std::string file(const std::string& name) const;
  void compile(const std::string& source);
  void write_linker_script(const FirmwareMemory& memory) const;
  std::string tool(const std::vector<std::string>& arguments) const;
  LinkedFirmware measure() const;

  EmulatedCore core_;
  std::string folder_;
  StopFn stop_;
  std::vector<std::string> objects_;
};

}  // namespace tinynas
