#include <filesystem>
#include <set>
#include <utility>
#include <vector>

#include "base/files.h"
#include "catch.h"
#include "errors.h"
#include "temporary_folder.h"
#include "tinynas/mcu.h"

using namespace tinynas;
using testing::bad_input;
using testing::contains;

namespace {

const char* const kBoard = R"(name = "mine"
core = "Cortex-M4"
clock_hz = 100_000_000
dsp = true
fpu = "SP"
mve = false
flash = "512KiB"

[reserves]
stack = "1KiB"
runtime = 512

[[region]]
name = "SRAM"
base = 0x20000000
bytes = "64KiB"

[[region]]
name = "SRAM2"
base = 0x20010000
bytes = "16KiB"
)";

/// kBoard with the first `from` replaced by `to`.
std::string edited(const std::string& from, const std::string& to) {
  std::string text = kBoard;
  const auto at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

}  // namespace

TEST_CASE("a board file of one's own") {
  const testing::TemporaryFolder folder;
  const Mcu mcu = find_mcu(folder.write("mine.toml", kBoard));
  CHECK(mcu.name == "mine");
  CHECK(mcu.part == "mine");
  CHECK(mcu.clock_hz == 100'000'000);
  CHECK(mcu.flash_bytes == 512 * 1024);
  CHECK(mcu.regions.size() == 2);
  CHECK(largest_contiguous_bytes(mcu) == 80 * 1024);
  CHECK(budget(mcu).sram_bytes == 80 * 1024 - 1024 - 512);
}

TEST_CASE("what is wrong in a board file is named by file, line and key") {
  const std::vector<std::pair<std::string, std::string>> cases{
      {edited("name = \"mine\"", "nam = \"mine\""), ":1: name: is missing"},
      {edited("\"mine\"", "\"My Board\""), ":1: name: 'My Board' must be lower-case"},
      {edited("core = \"Cortex-M4\"\n", ""), ":1: core: is missing"},
      {edited("100_000_000", "\"fast\""), ":3: clock_hz: must be an integer"},
      {edited("100_000_000", "0"), ":3: clock_hz: must lie between 1 and"},
      {edited("dsp = true", "dsp = 1"), ":4: dsp: must be true or false"},
      {edited("\"SP\"", "\"single\""), ":5: fpu: 'single' must be one of"},
      {edited("\"512KiB\"", "\"512 KiBi\""), ":7: flash: '512 KiBi' is not a number of bytes"},
      {edited("\"512KiB\"", "-1"), ":7: flash: must be bytes"},
      {edited("\"512KiB\"", "0"), ":7: flash: must be more than 0"},
      {edited("flash = \"512KiB\"", "flash = \"512KiB\"\nflash_internal = false"),
       ":7: flash: is what the part holds"},
      {edited("flash = \"512KiB\"\n", ""), ":1: flash: is missing"},
      {edited("\"512KiB\"", "\"512KiB\"\nflash_base = -1"), ":8: flash_base: must lie between"},
      {edited("\"512KiB\"", "\"512KiB\"\nflash_base = 0xFFF90000"),
       ":8: flash_base: the flash reaches beyond"},
      {edited("flash = \"512KiB\"", "flash_internal = false\nflash_base = 0"),
       ":8: flash_base: is that of internal flash"},
      {edited("dsp = true", "reset_clock_hz = 100_000_001\ndsp = true"),
       ":4: reset_clock_hz: must lie between 1 and 100000000"},
      {edited("mve = false", "mve = false\nclocks = 3"), ":7: clocks: is not a known key"},
      {edited("[reserves]", "[reserve]"), ":1: reserves: is missing"},
      {edited("stack = \"1KiB\"", "stak = \"1KiB\""), ":9: reserves.stack: is missing"},
      {edited("runtime = 512", "runtime = 512\nheap = 3"), ":12: reserves.heap: is not a known"},
      {edited("\"1KiB\"", "\"80KiB\""), ":9: reserves: leave nothing of the largest run"},
      {edited("runtime = 512", "runtime = 512\napplication_flash = \"512KiB\""),
       ":9: reserves: leave nothing of the flash"},
      {edited("base = 0x20000000\n", ""), ":13: region[0].base: is missing"},
      {edited("0x20000000", "-1"), ":15: region[0].base: must lie between"},
      {edited("0x20000000", "0x100000000"), ":15: region[0].base: must lie between"},
      {edited("0x20010000", "0x20008000"), ":20: region[1].base: 'SRAM2' overlaps 'SRAM'"},
      {edited("0x20010000", "0xFFFFF000"), ":21: region[1].bytes: reaches beyond"},
      {edited("\"16KiB\"", "0"), ":21: region[1].bytes: must be more than 0"},
      {edited("\"16KiB\"", "\"16KiB\"\nseperate = true"),
       ":22: region[1].seperate: is not a known"},
      {edited("mve = false", "mve = false\nuncertain = [\"clock\"]"),
       ":7: uncertain: 'clock' is not a key"},
      {edited("mve = false", "mve = false\naliases = \"m\""), ":7: aliases: must be a list"},
      {edited("\"mine\"", "\"mine"), ":1:"},
      {edited("[[region]]", "[region]"), ":18:1: not valid TOML"},
      {"", ":1: name: is missing"}};
  const testing::TemporaryFolder folder;
  for (const auto& [text, expected] : cases) {
    const std::string path = folder.write("bad.toml", text);
    const std::string message = bad_input([&] { load_mcu_file(path); });
    INFO(message);
    CHECK(contains(message, path + expected));
    CHECK(message.find('\n') == std::string::npos);
  }
}

TEST_CASE("a board without regions has nothing to plan for") {
  const testing::TemporaryFolder folder;
  const std::string text = kBoard;
  const std::string path = folder.write("bad.toml", text.substr(0, text.find("[[region]]")));
  CHECK(contains(bad_input([&] { load_mcu_file(path); }), "region: at least one [[region]]"));
}

TEST_CASE("every shipped board is named like its file and leaves room") {
  std::set<std::string> names;
  const std::vector<Mcu> mcus = list_mcus();
  CHECK(mcus.size() >= 40);
  for (const Mcu& mcu : mcus) {
    INFO(mcu.name);
    CHECK(std::filesystem::path(mcu.source_file).stem() == mcu.name);
    CHECK(names.insert(mcu.name).second);
    for (const std::string& alias : mcu.aliases) CHECK(names.insert(alias).second);
    const std::int64_t arena = largest_contiguous_bytes(mcu) - mcu.reserves.sram_bytes();
    CHECK(arena >= 6 * 1024);
    // The published runtime is predicted to take 584 bytes of stack and 28 of statics.
    CHECK(mcu.reserves.stack_bytes >= 584);
    CHECK(mcu.reserves.runtime_bytes >= 28);
    CHECK(read_file(mcu.source_file).starts_with("# "));
    if (mcu.flash_internal) CHECK(budget(mcu).flash_bytes == mcu.flash_bytes);
  }
}

TEST_CASE("flash begins where the vendors' documents say, or a loader decides") {
  const std::set<std::string> started_by_others = {"apollo4", "cy8c62"};
  for (const Mcu& mcu : list_mcus()) {
    INFO(mcu.name);
    const bool boots = mcu.flash_internal && !started_by_others.contains(mcu.name);
    CHECK(mcu.flash_base.has_value() == boots);
    if (mcu.name.starts_with("stm32") && boots) {
      CHECK(mcu.flash_base == 0x08000000);
      CHECK(mcu.reset_clock_hz >= 2'000'000);
    }
    if (!boots) continue;
    // What is linked to flash must not run into SRAM.
    const std::uint64_t end = *mcu.flash_base + static_cast<std::uint64_t>(mcu.flash_bytes);
    for (const MemoryRegion& region : mcu.regions) {
      const std::uint64_t region_end = region.base + static_cast<std::uint64_t>(region.bytes);
      CHECK((region_end <= *mcu.flash_base || end <= region.base));
    }
  }
  CHECK(find_mcu("nrf52840").flash_base == 0);
  CHECK(find_mcu("max32650").flash_base == 0x10000000);
}

TEST_CASE("runs join regions that touch, but for separate ones") {
  const auto runs_of = [](const char* name) {
    std::vector<std::pair<std::uint64_t, std::int64_t>> runs;
    for (const MemoryRun& run : memory_runs(find_mcu(name))) {
      runs.emplace_back(run.base, run.bytes / 1024);
    }
    return runs;
  };
  using Runs = std::vector<std::pair<std::uint64_t, std::int64_t>>;
  CHECK(runs_of("stm32f746") == Runs{{0x20000000, 320}});
  CHECK(runs_of("stm32f405") == Runs{{0x10000000, 64}, {0x20000000, 128}});
  CHECK(runs_of("stm32wb55") == Runs{{0x20000000, 192}, {0x20030000, 32}, {0x20038000, 32}});
  CHECK(largest_run(find_mcu("stm32h743")).base == 0x24000000);
  CHECK(largest_run(find_mcu("stm32f746")).regions ==
        std::vector<std::string>{"DTCM", "SRAM1", "SRAM2"});
}

TEST_CASE("the small parts") {
  const std::vector<std::tuple<const char*, const char*, int, int, int>> parts{
      {"stm32f030r8", "Cortex-M0", 48, 8, 64},   {"stm32l031k6", "Cortex-M0+", 32, 8, 32},
      {"stm32g031k8", "Cortex-M0+", 64, 8, 64},  {"stm32f103c8", "Cortex-M3", 72, 20, 64},
      {"stm32f103rb", "Cortex-M3", 72, 20, 128}, {"stm32l053r8", "Cortex-M0+", 32, 8, 64}};
  for (const auto& [name, core, mhz, sram_kib, flash_kib] : parts) {
    const Mcu mcu = find_mcu(name);
    INFO(name);
    CHECK(mcu.core == core);
    CHECK(mcu.clock_hz == mhz * 1'000'000);
    CHECK(largest_contiguous_bytes(mcu) == sram_kib * 1024);
    CHECK(mcu.flash_bytes == flash_kib * 1024);
    CHECK_FALSE(mcu.dsp);
    CHECK(mcu.fpu == "None");
  }
}

TEST_CASE("parts are found in any case and by alias; unknown ones get the nearest") {
  CHECK(find_mcu("STM32F746").name == "stm32f746");
  CHECK(find_mcu("nRF5340-app").name == "nrf5340");
  CHECK(contains(bad_input([] { find_mcu("stm32f764"); }),
                 "unknown MCU 'stm32f764' (did you mean 'stm32f746'?)"));
  CHECK(contains(bad_input([] { find_mcu("z80"); }), "unknown MCU 'z80'; `tinynas mcus` lists"));
  CHECK(contains(bad_input([] { find_mcu("no/such.toml"); }), "no/such.toml: cannot be read"));
}
