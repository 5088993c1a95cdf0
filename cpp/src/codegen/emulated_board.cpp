#include "codegen/emulated_board.h"

#include <algorithm>
#include <filesystem>
#include <sstream>
#include <stdexcept>

#include "base/child_process.h"
#include "base/files.h"
#include "codegen/firmware_source.h"
#include "tinynas/error.h"

namespace tinynas {
namespace {

namespace fs = std::filesystem;
using std::chrono::seconds;

constexpr const char* kCompiler = "arm-none-eabi-gcc";
constexpr const char* kEmulator = "qemu-system-arm";
constexpr std::int64_t kCanaryBytes = 64;  // as in board.h
constexpr seconds kToolLimit{120}, kRunLimit{3600};

/// The line of the linker that says why, or the last one.
std::string telling_line(const std::string& output) {
  std::istringstream lines(output);
  std::string last;
  for (std::string line; std::getline(lines, line);) {
    const std::size_t region = line.find("region `");
    if (region != std::string::npos && line.find("overflowed by") != std::string::npos) {
      return line.substr(region);
    }
    if (!line.empty()) last = line;
  }
  return last;
}

std::vector<std::vector<std::string>> words_of(const std::string& text) {
  std::vector<std::vector<std::string>> rows;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream stream(line);
    std::vector<std::string>& words = rows.emplace_back();
    for (std::string word; stream >> word;) words.push_back(word);
  }
  return rows;
}

void replace_name(std::string& text, const std::string& name, std::int64_t value) {
  const std::string from = "@" + name + "@";
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from)) {
    text.replace(at, from.size(), std::to_string(value));
  }
}

}  // namespace

void require_firmware_tools() {
  std::string packages;
  if (!has_program(kCompiler)) packages += " gcc-arm-none-eabi libnewlib-arm-none-eabi";
  if (!has_program(kEmulator)) packages += " qemu-system-arm";
  if (packages.empty()) return;
  throw BadInput("verifying needs a compiler and an emulator for Cortex-M: apt-get install" +
                 packages);
}

EmulatedBoard::EmulatedBoard(EmulatedCore core, std::string folder, StopFn stop)
    : core_(std::move(core)), folder_(std::move(folder)), stop_(std::move(stop)) {
  require_firmware_tools();
}

std::string EmulatedBoard::file(const std::string& name) const {
  return (fs::path(folder_) / name).string();
}

std::string EmulatedBoard::tool(const std::vector<std::string>& arguments) const {
  const ChildResult result = run_child(arguments, folder_, kToolLimit, stop_);
  if (result.exit_code == 0) return result.output;
  const std::string line = telling_line(result.output);
  if (line.find("overflowed by") != std::string::npos) {
    throw Error(ExitCode::kNothingFits, "the linker finds no room: " + line);
  }
  throw std::runtime_error(arguments[0] + " failed with exit code " +
                           std::to_string(result.exit_code) + ": " + line);
}

void EmulatedBoard::compile(const std::string& source) {
  std::vector<std::string> command = {kCompiler};
  command.insert(command.end(), core_.compile.begin(), core_.compile.end());
  objects_.push_back(fs::path(source).stem().string() + ".o");
  command.insert(command.end(),
                 {"-Wall", "-Wextra", "-DBOARD_COUNTER=" + std::to_string(core_.counter) + "u",
                  "-c", source, "-o", objects_.back()});
  tool(command);
}

void EmulatedBoard::write_linker_script(const FirmwareMemory& memory) const {
  // What the board needs for itself beside the part's RAM: buffers of input and output, its stack.
  constexpr std::int64_t kLeast = 512 * 1024;
  const std::int64_t ram = std::min(memory.ram_bytes + 2 * kCanaryBytes, core_.ram_bytes - kLeast);
  const std::int64_t flash = std::min(memory.flash_bytes, core_.flash_bytes);
  std::string text = firmware_source("board.ld");
  replace_name(text, "CODE_BASE", core_.code_base);
  replace_name(text, "FLASH_BASE", core_.flash_base);
  replace_name(text, "FLASH_BYTES", flash);
  replace_name(text, "RAM_BASE", core_.ram_base);
  replace_name(text, "RAM_BYTES", ram);
  replace_name(text, "BOARD_RAM_BASE", core_.ram_base + ram);
  replace_name(text, "BOARD_RAM_BYTES", core_.ram_bytes - ram);
  replace_name(text, "STACK_BYTES", memory.stack_bytes);
  write_file_atomic(file("board.ld"), text);
}

LinkedFirmware EmulatedBoard::build(const std::vector<GeneratedFile>& files,
                                    const FirmwareMemory& memory) {
  std::vector<GeneratedFile> all = files;
  for (const char* name : {"board.h", "board_startup.c", "board_semihosting.c", "board_main.c"}) {
    all.push_back({name, firmware_source(name)});
  }
  for (const GeneratedFile& source : all) write_file_atomic(file(source.name), source.content);
  objects_.clear();
  for (const GeneratedFile& source : all) {
    if (source.name.ends_with(".c")) compile(source.name);
  }
  write_linker_script(memory);
  std::vector<std::string> command = {kCompiler};
  command.insert(command.end(), core_.compile.begin(), core_.compile.end());
  command.insert(command.end(), {"-nostdlib", "-Wl,--gc-sections", "-T", "board.ld"});
  command.insert(command.end(), objects_.begin(), objects_.end());
  command.insert(command.end(), {"-lgcc", "-o", "firmware.elf"});
  tool(command);
  return measure();
}

LinkedFirmware EmulatedBoard::measure() const {
  LinkedFirmware linked;
  for (const auto& words : words_of(tool({"arm-none-eabi-size", "-A", "firmware.elf"}))) {
    if (words.size() != 3) continue;
    if (words[0] == ".text") linked.text_bytes = std::stoll(words[1]);
    if (words[0] == ".rodata") linked.rodata_bytes = std::stoll(words[1]);
    if (words[0] == ".data") linked.data_bytes = std::stoll(words[1]);
    if (words[0] == ".bss") linked.bss_bytes = std::stoll(words[1]);
  }
  for (const auto& words : words_of(tool({"arm-none-eabi-nm", "-S", "firmware.elf"}))) {
    if (words.size() == 4 && words[3] == "tn_arena") {
      linked.arena_bytes = std::stoll(words[1], nullptr, 16);
    }
  }
  return linked;
}

FirmwareRun EmulatedBoard::run(std::span<const std::int8_t> inputs) {
  write_file_atomic(file("inputs.bin"),
                    {reinterpret_cast<const char*>(inputs.data()), inputs.size()});
  const ChildResult ran =
      run_child({kEmulator, "-M", core_.machine, "-display", "none", "-monitor", "none", "-serial",
                 "none", "-icount", "shift=6", "-semihosting-config", "enable=on,target=native",
                 "-kernel", "firmware.elf"},
                folder_, kRunLimit, stop_);
  if (ran.timed_out) throw std::runtime_error("the firmware did not end within an hour");
  if (ran.exit_code != 0) {
    throw std::runtime_error("the firmware ended with exit code " + std::to_string(ran.exit_code) +
                             " on " + core_.machine + ": " + telling_line(ran.output));
  }
  FirmwareRun result;
  const std::string outputs = read_file(file("outputs.bin"));
  result.outputs.assign(outputs.begin(), outputs.end());
  std::int64_t idle = 0;
  for (const auto& words : words_of(read_file(file("report.txt")))) {
    const std::int64_t value = std::stoll(words.at(1), nullptr, 16);
    if (words[0] == "idle_ticks") idle = value;
    if (words[0] == "stack") result.stack_bytes = value;
    if (words[0] == "canaries") result.canaries_intact = value == 1;
    if (words[0] != "ticks") continue;
    const double ns =
        static_cast<double>(value - idle) * 1e9 / static_cast<double>(core_.counter_hz);
    result.instructions.push_back(static_cast<std::int64_t>(ns / kInstructionNs + 0.5));
  }
  return result;
}

}  // namespace tinynas
