// A folder that `make` turns into firmware for one part.

#include <algorithm>
#include <cstdio>

#include "codegen/c_text.h"
#include "codegen/emulated_core.h"
#include "codegen/library_source.h"
#include "codegen/model_card.h"
#include "codegen/project_source.h"
#include "tinynas/bytes.h"
#include "tinynas/codegen.h"
#include "tinynas/error.h"
#include "tinynas/int8_interpreter.h"

namespace tinynas {
namespace {

/// Of start-up, main and one interrupt with its floating-point frame, beside the network's own.
constexpr std::int64_t kOwnStackBytes = 192;

std::string hex(std::uint64_t value) {
  char text[24];
  std::snprintf(text, sizeof text, "0x%08llX", static_cast<unsigned long long>(value));
  return text;
}

/// The image of project/main.c.
std::vector<std::int8_t> noise_image(const Tensor& input) {
  std::vector<std::int8_t> image;
  for (std::int32_t row = 0; row < input.shape.h; ++row) {
    std::uint32_t state = static_cast<std::uint32_t>(row) * 2654435761U + 1U;
    for (std::int32_t i = 0; i < input.shape.w * input.shape.c; ++i) {
      state = state * 1664525U + 1013904223U;
      image.push_back(static_cast<std::int8_t>(state >> 24));
    }
  }
  return image;
}

/// FNV-1a, as in project/main.c.
std::uint32_t checksum(const std::vector<std::int8_t>& bytes) {
  std::uint32_t hash = 2166136261U;
  for (const std::int8_t byte : bytes) hash = (hash ^ static_cast<std::uint8_t>(byte)) * 16777619U;
  return hash;
}

/// Those that the network is verified and its code's size is known with; on a part without floating
/// point none of its registers.
std::string compiler_flags(const Mcu& mcu) {
  std::string text;
  for (const std::string& flag : find_emulated_core(mcu).compile) {
    const bool floating = flag.starts_with("-mfpu") || flag.starts_with("-mfloat-abi");
    if (!floating || mcu.fpu != "None") text += (text.empty() ? "" : " ") + flag;
  }
  return mcu.fpu == "None" ? text + " -mfloat-abi=soft" : text;
}

std::string names_of(const MemoryRun& run) {
  std::string text;
  for (const std::string& name : run.regions) text += (text.empty() ? "" : ", ") + name;
  return text;
}

std::string region_line(const std::string& name, const char* access, std::uint64_t base,
                        std::int64_t bytes, const std::string& comment) {
  return "  " + name + " (" + access + ") : ORIGIN = " + hex(base) +
         ", LENGTH = " + std::to_string(bytes) + " /* " + comment + " */\n";
}

/// RAM is the largest run; others are there for the application.
std::string regions(const ProjectTarget& target) {
  const MemoryRun largest = largest_run(target.mcu);
  std::string text =
      region_line("FLASH", "rx", *target.mcu.flash_base, target.flash_bytes, "internal") +
      region_line("RAM", "rw", largest.base, target.ram_bytes, names_of(largest));
  int position = 1;
  for (const MemoryRun& run : memory_runs(target.mcu)) {
    if (run.base == largest.base) continue;
    text += region_line("RAM" + std::to_string(++position), "rw", run.base, run.bytes,
                        names_of(run) + ": not used here");
  }
  return text;
}

/// What the exporter knows of board and network.
std::string config_header(const Mcu& mcu, std::uint32_t expected) {
  return "/* What the exporter knew of the board and of the network. Free to use. */\n"
         "#ifndef BOARD_CONFIG_H\n#define BOARD_CONFIG_H\n\n#define BOARD_NAME " +
         c_string(mcu.name) +
         "\n\n/* Clock of the core after reset, in Hz, which this project leaves as it is; 0: see "
         "the part's\n * manual. */\n#define BOARD_CLOCK_HZ " +
         std::to_string(mcu.reset_clock_hz) +
         "u\n\n/* FNV-1a of the output that the interpreter on the host gave for the image of "
         "main.c. */\n#define BOARD_EXPECTED_CHECKSUM " +
         hex(expected) + "u\n\n#endif\n";
}

using Values = std::vector<std::pair<std::string, std::string>>;

Values template_values(const MemoryPlan& plan, const CodeLabels& labels,
                       const ProjectTarget& target) {
  const Mcu& mcu = target.mcu;
  const std::int64_t stack = std::max(target.stack_bytes, plan.stack_bytes + kOwnStackBytes);
  return {
      {"MCU", mcu.name},
      {"PART", mcu.part},
      {"NETWORK", labels.network},
      {"FLAGS", compiler_flags(mcu)},
      {"REGIONS", regions(target)},
      {"STACK_BYTES", std::to_string(stack)},
      {"STACK", format_count(stack)},
      {"ARENA", format_count(plan.peak_sram_bytes)},
      {"RAM", names_of(largest_run(mcu))},
      {"FLASH_BASE", hex(*mcu.flash_base)},
      {"CLOCK", mcu.reset_clock_hz > 0 ? "at " + format_count(mcu.reset_clock_hz) + " Hz"
                                       : std::string("at the clock that its manual gives for it")}};
}

}  // namespace

void check_project_part(const Mcu& mcu) {
  if (mcu.core.find("Cortex-M") == std::string::npos) {
    throw BadInput("--mcu: " + mcu.name + " has a " + mcu.core +
                   "; board projects are for Cortex-M parts");
  }
  if (!mcu.flash_internal) {
    throw BadInput("--mcu: " + mcu.name +
                   " starts from external flash by a boot header of its board, which is not made "
                   "here; export with --format c into a project of the vendor's SDK");
  }
  if (!mcu.flash_base) {
    throw BadInput("--mcu: " + mcu.source_file +
                   " has no flash_base: a boot loader or another core starts this part; export "
                   "with --format c, or write the address into a copy of the file");
  }
  find_emulated_core(mcu);
}

std::vector<GeneratedFile> board_project(const Graph& graph, const MemoryPlan& plan,
                                         const CodeLabels& labels, const ProjectTarget& target,
                                         const std::string& source) {
  check_project_part(target.mcu);
  if (plan.input == InputMode::kExternal) {
    throw BadInput(
        "--input external: a board project makes its image in the arena or row by row; choose "
        "resident or rows");
  }
  std::vector<GeneratedFile> files = generate_c(graph, plan, labels, source);
  for (GeneratedFile& file : files) file.name = "model/" + file.name;
  const Int8Interpreter interpreter(graph, source);
  const auto expected = interpreter.run_one(noise_image(graph.tensors[graph.input]));
  files.push_back({"board_config.h", config_header(target.mcu, checksum(expected))});
  const Values values = template_values(plan, labels, target);
  for (const char* name : {"Makefile", "linker.ld", "board.h", "startup.c", "timer.c", "main.c",
                           "semihosting.c", "README.md"}) {
    files.push_back({name, fill_template(project_source(name), values)});
  }
  files.push_back({"MODEL_CARD.md", model_card(graph, plan, labels)});
  files.push_back({"LICENSE.txt", library_source("LICENSE.txt")});
  return files;
}

}  // namespace tinynas
