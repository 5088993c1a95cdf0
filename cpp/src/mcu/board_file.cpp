#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>

#include "base/files.h"
#include "base/toml_reader.h"
#include "tinynas/bytes.h"
#include "tinynas/error.h"
#include "tinynas/mcu.h"

namespace tinynas {
namespace fs = std::filesystem;
namespace {

constexpr std::int64_t kMaxClockHz = 10'000'000'000;
constexpr std::int64_t kMaxAddress = 0xFFFFFFFF;  // every part here has a 32-bit address space

std::string lower_case(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

void check_name(const TomlTable& file, const std::string& key, const std::string& name) {
  const bool good = !name.empty() && std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return std::islower(c) || std::isdigit(c) || c == '-' || c == '_' || c == '.';
  });
  if (!good)
    file.fail(key, "'" + name + "' must be lower-case letters, digits, '-', '_' and '.' only");
}

MemoryRegion read_region(const TomlTable& table) {
  MemoryRegion region;
  region.name = table.get_string("name");
  region.base = static_cast<std::uint64_t>(table.get_int("base", 0, kMaxAddress));
  region.bytes = table.get_bytes("bytes");
  region.separate = table.bool_or("separate", false);
  table.finish();
  if (region.bytes == 0) table.fail("bytes", "must be more than 0");
  if (region.bytes > kMaxAddress + 1 - static_cast<std::int64_t>(region.base)) {
    table.fail("bytes", "reaches beyond the 32-bit address space");
  }
  return region;
}

std::vector<MemoryRegion> read_regions(const TomlTable& file) {
  const std::vector<TomlTable> tables = file.get_tables("region");
  if (tables.empty()) file.fail("region", "at least one [[region]] is needed");
  std::vector<MemoryRegion> regions;
  for (const TomlTable& table : tables) {
    MemoryRegion region = read_region(table);
    const std::uint64_t end = region.base + static_cast<std::uint64_t>(region.bytes);
    for (const MemoryRegion& other : regions) {
      const std::uint64_t other_end = other.base + static_cast<std::uint64_t>(other.bytes);
      if (region.base < other_end && other.base < end) {
        table.fail("base", "'" + region.name + "' overlaps '" + other.name + "'");
      }
    }
    regions.push_back(std::move(region));
  }
  std::sort(regions.begin(), regions.end(),
            [](const MemoryRegion& a, const MemoryRegion& b) { return a.base < b.base; });
  return regions;
}

void read_flash(const TomlTable& file, Mcu& mcu) {
  mcu.flash_internal = file.bool_or("flash_internal", true);
  if (mcu.flash_internal) {
    mcu.flash_bytes = file.get_bytes("flash");
    if (mcu.flash_bytes == 0)
      file.fail("flash", "must be more than 0; write flash_internal = false where there is none");
  } else if (file.has("flash")) {
    file.fail("flash",
              "is what the part holds; with flash_internal = false the board decides and "
              "--flash says so");
  }
  if (!file.has("flash_base")) return;
  if (!mcu.flash_internal) file.fail("flash_base", "is that of internal flash");
  mcu.flash_base = static_cast<std::uint64_t>(file.get_int("flash_base", 0, kMaxAddress));
  if (mcu.flash_bytes > kMaxAddress + 1 - static_cast<std::int64_t>(*mcu.flash_base)) {
    file.fail("flash_base", "the flash reaches beyond the 32-bit address space");
  }
}

Reserves read_reserves(const TomlTable& file) {
  Reserves reserves;
  const TomlTable table = file.get_table("reserves");
  reserves.stack_bytes = table.get_bytes("stack");
  reserves.runtime_bytes = table.get_bytes("runtime");
  reserves.application_bytes = table.has("application") ? table.get_bytes("application") : 0;
  reserves.application_flash_bytes =
      table.has("application_flash") ? table.get_bytes("application_flash") : 0;
  table.finish();
  return reserves;
}

void read_names(const TomlTable& file, Mcu& mcu) {
  mcu.name = file.get_string("name");
  check_name(file, "name", mcu.name);
  mcu.part = file.string_or("part", mcu.name);
  if (file.has("aliases")) mcu.aliases = file.get_strings("aliases");
  for (const std::string& alias : mcu.aliases) check_name(file, "aliases", alias);
}

void read_core(const TomlTable& file, Mcu& mcu) {
  mcu.core = file.get_string("core");
  mcu.clock_hz = file.get_int("clock_hz", 1, kMaxClockHz);
  if (file.has("reset_clock_hz")) {
    mcu.reset_clock_hz = file.get_int("reset_clock_hz", 1, mcu.clock_hz);
  }
  mcu.dsp = file.get_bool("dsp");
  mcu.mve = file.get_bool("mve");
  mcu.fpu = file.get_string("fpu");
  static constexpr std::array kFpus{"None", "SP", "DP", "DP/HP"};
  if (std::find(kFpus.begin(), kFpus.end(), mcu.fpu) == kFpus.end()) {
    file.fail("fpu", "'" + mcu.fpu + "' must be one of None, SP, DP, DP/HP");
  }
}

void check_uncertain(const TomlTable& file, const Mcu& mcu) {
  for (const std::string& key : mcu.uncertain) {
    if (!file.has(key)) file.fail("uncertain", "'" + key + "' is not a key of this file");
  }
}

}  // namespace

Mcu load_mcu_file(const std::string& path) {
  const TomlTable file = TomlTable::load_file(path);
  Mcu mcu;
  mcu.source_file = path;
  read_names(file, mcu);
  read_core(file, mcu);
  read_flash(file, mcu);
  mcu.reserves = read_reserves(file);
  mcu.regions = read_regions(file);
  if (file.has("uncertain")) mcu.uncertain = file.get_strings("uncertain");
  file.finish();
  check_uncertain(file, mcu);
  if (largest_contiguous_bytes(mcu) <= mcu.reserves.sram_bytes()) {
    file.fail("reserves", "leave nothing of the largest run of SRAM, " +
                              format_bytes(largest_contiguous_bytes(mcu)));
  }
  if (mcu.flash_internal && mcu.flash_bytes <= mcu.reserves.application_flash_bytes) {
    file.fail("reserves", "leave nothing of the flash, " + format_bytes(mcu.flash_bytes));
  }
  return mcu;
}

std::vector<Mcu> list_mcus() {
  std::vector<Mcu> mcus;
  const fs::path folder = fs::path(data_dir()) / "configs" / "mcus";
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) {
    if (entry.path().extension() == ".toml") mcus.push_back(load_mcu_file(entry.path().string()));
  }
  if (error) throw BadInput(folder.string() + ": cannot be listed: " + error.message());
  std::sort(mcus.begin(), mcus.end(), [](const Mcu& a, const Mcu& b) { return a.name < b.name; });
  return mcus;
}

Mcu find_mcu(const std::string& name_or_path) {
  if (name_or_path.ends_with(".toml") || name_or_path.find('/') != std::string::npos) {
    return load_mcu_file(name_or_path);
  }
  const std::string wanted = lower_case(name_or_path);
  std::vector<std::string> names;
  for (Mcu& mcu : list_mcus()) {
    const bool found = mcu.name == wanted || std::find(mcu.aliases.begin(), mcu.aliases.end(),
                                                       wanted) != mcu.aliases.end();
    if (found) return std::move(mcu);
    names.push_back(mcu.name);
    names.insert(names.end(), mcu.aliases.begin(), mcu.aliases.end());
  }
  throw BadInput("unknown MCU '" + name_or_path + "'" + did_you_mean(wanted, names) +
                 "; `tinynas mcus` lists them, --mcu also takes a board file that ends in .toml");
}

std::string network_core(const Mcu& mcu) {
  const std::size_t begin = mcu.core.find("Cortex-");
  if (begin == std::string::npos) return mcu.core;
  return mcu.core.substr(begin, mcu.core.find(' ', begin) - begin);
}

}  // namespace tinynas
