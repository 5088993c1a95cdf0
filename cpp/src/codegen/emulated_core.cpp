#include "codegen/emulated_core.h"

#include "tinyengine/kernel_table.h"
#include "tinynas/error.h"

namespace tinynas {
namespace {

constexpr std::int64_t kKiB = 1024, kMiB = 1024 * kKiB;
constexpr std::int64_t kBoardCode = 16 * kKiB;  // in board.ld too

EmulatedCore mps2(const std::string& core, const std::string& machine) {
  return {core,       machine,  {},         0,         kBoardCode, 4 * kMiB - kBoardCode,
          0x20000000, 4 * kMiB, 0x40028018, 25'000'000};
}

std::vector<EmulatedCore> emulated_cores() {
  return {
      mps2("Cortex-M0", "mps2-an385"),
      mps2("Cortex-M0+", "mps2-an385"),
      mps2("Cortex-M3", "mps2-an385"),
      mps2("Cortex-M4", "mps2-an386"),
      mps2("Cortex-M7", "mps2-an500"),
      {"Cortex-M33",
       "mps2-an505",
       {},
       0x10000000,
       0x10000000 + kBoardCode,
       4 * kMiB - kBoardCode,
       0x38000000,
       4 * kMiB,
       0x40302018,
       20'000'000},
      {"Cortex-M55",
       "mps3-an547",
       {},
       0,
       0x01000000,
       2 * kMiB,
       0x21000000,
       4 * kMiB,
       0x49302018,
       20'000'000},
  };
}

}  // namespace

EmulatedCore find_emulated_core(const Mcu& mcu) {
  const std::string core = network_core(mcu);
  std::string known;
  for (EmulatedCore& emulated : emulated_cores()) {
    if (emulated.core == core) {
      emulated.compile = find_kernel_table(core)->flags;
      return emulated;
    }
    known += (known.empty() ? "" : ", ") + emulated.core;
  }
  throw BadInput("--mcu: " + mcu.name + " has a " + core +
                 ", which is not emulated; choose a part with one of " + known);
}

}  // namespace tinynas
