#pragma once
// The machines of QEMU on which generated C is checked, by core.

#include <cstdint>
#include <string>
#include <vector>

#include "tinynas/mcu.h"

namespace tinynas {

/// A machine, and how to compile for its core.
struct EmulatedCore {
  std::string core;                  ///< "Cortex-M7"
  std::string machine;               ///< of QEMU
  std::vector<std::string> compile;  ///< flags, as its kernels were measured
  std::int64_t code_base = 0;        ///< of the board's own code: vectors
  std::int64_t flash_base = 0, flash_bytes = 0;
  std::int64_t ram_base = 0, ram_bytes = 0;
  std::int64_t counter = 0, counter_hz = 0;  ///< a register that counts up
};

/// QEMU's -icount shift=6: an instruction takes 64 ns of the machine's time.
inline constexpr std::int64_t kInstructionNs = 64;

/// The machine for a part's core. Throws BadInput where none is known.
EmulatedCore find_emulated_core(const Mcu& mcu);

}  // namespace tinynas
