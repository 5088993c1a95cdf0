#include <CLI/App.hpp>
#include <cinttypes>
#include <cstdio>
#include <memory>
#include <ostream>

#include "cli/commands.h"
#include "cli/text_table.h"
#include "tinynas/bytes.h"
#include "tinynas/mcu.h"

namespace tinynas {
namespace {

struct McusOptions {
  std::string name;
  bool json = false;
};

std::int64_t arena_bytes(const Mcu& mcu) {
  return largest_contiguous_bytes(mcu) - mcu.reserves.sram_bytes();
}

std::string hex_address(std::uint64_t address) {
  char text[24];
  std::snprintf(text, sizeof text, "0x%08" PRIX64, address);
  return text;
}

std::string join(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

std::string extensions(const Mcu& mcu) {
  std::vector<std::string> names;
  if (mcu.dsp) names.emplace_back("DSP");
  if (mcu.mve) names.emplace_back("MVE");
  if (mcu.fpu != "None") names.push_back("FPU " + mcu.fpu);
  return names.empty() ? "none" : join(names);
}

Json to_json(const Mcu& mcu) {
  Json regions = Json::array();
  for (const MemoryRegion& region : mcu.regions) {
    regions.push_back({{"name", region.name},
                       {"base", region.base},
                       {"bytes", region.bytes},
                       {"separate", region.separate}});
  }
  Json flash = mcu.flash_internal ? Json(mcu.flash_bytes) : Json(nullptr);
  Json flash_budget =
      mcu.flash_internal ? Json(mcu.flash_bytes - mcu.reserves.application_flash_bytes) : Json();
  return {{"name", mcu.name},
          {"part", mcu.part},
          {"aliases", mcu.aliases},
          {"core", mcu.core},
          {"clock_hz", mcu.clock_hz},
          {"reset_clock_hz", mcu.reset_clock_hz > 0 ? Json(mcu.reset_clock_hz) : Json()},
          {"dsp", mcu.dsp},
          {"fpu", mcu.fpu},
          {"mve", mcu.mve},
          {"flash_internal", mcu.flash_internal},
          {"flash_bytes", flash},
          {"flash_base", mcu.flash_base ? Json(*mcu.flash_base) : Json()},
          {"sram_bytes", total_sram_bytes(mcu)},
          {"largest_contiguous_bytes", largest_contiguous_bytes(mcu)},
          {"regions", regions},
          {"reserves",
           {{"stack_bytes", mcu.reserves.stack_bytes},
            {"runtime_bytes", mcu.reserves.runtime_bytes},
            {"application_bytes", mcu.reserves.application_bytes},
            {"application_flash_bytes", mcu.reserves.application_flash_bytes}}},
          {"sram_budget_bytes", arena_bytes(mcu)},
          {"flash_budget_bytes", flash_budget},
          {"uncertain", mcu.uncertain},
          {"source_file", mcu.source_file}};
}

int list(CliContext& context, bool json) {
  const std::vector<Mcu> mcus = list_mcus();
  if (json) {
    Json document = {{"schema_version", 1}, {"mcus", Json::array()}};
    for (const Mcu& mcu : mcus) document["mcus"].push_back(to_json(mcu));
    print_json(context, document);
    return 0;
  }
  std::vector<std::vector<std::string>> rows{
      {"NAME", "CORE", "MHZ", "SRAM", "ONE RUN", "FOR THE ARENA", "FLASH", "EXTENSIONS"}};
  for (const Mcu& mcu : mcus) {
    rows.push_back({mcu.name, mcu.core, std::to_string(mcu.clock_hz / 1'000'000),
                    format_bytes(total_sram_bytes(mcu)),
                    format_bytes(largest_contiguous_bytes(mcu)), format_bytes(arena_bytes(mcu)),
                    mcu.flash_internal ? format_bytes(mcu.flash_bytes) : "external",
                    extensions(mcu)});
  }
  context.out << text_table(rows, {2, 3, 4, 5, 6});
  return 0;
}

std::string region_rows(const Mcu& mcu) {
  std::vector<std::vector<std::string>> rows{{"  REGION", "FROM", "TO", "BYTES", ""}};
  for (const MemoryRegion& region : mcu.regions) {
    rows.push_back({"  " + region.name, hex_address(region.base),
                    hex_address(region.base + static_cast<std::uint64_t>(region.bytes) - 1),
                    format_bytes(region.bytes), region.separate ? "separate" : ""});
  }
  return text_table(rows, {3});
}

int show(CliContext& context, const McusOptions& options) {
  const Mcu mcu = find_mcu(options.name);
  if (options.json) {
    Json document = {{"schema_version", 1}};
    document.update(to_json(mcu));
    print_json(context, document);
    return 0;
  }
  const Reserves& reserves = mcu.reserves;
  context.out << mcu.name << " (" << mcu.part << "): " << mcu.core << ", "
              << mcu.clock_hz / 1'000'000 << " MHz, extensions: " << extensions(mcu) << "\n\n"
              << region_rows(mcu) << "\n  largest run    "
              << format_bytes(largest_contiguous_bytes(mcu)) << " of "
              << format_bytes(total_sram_bytes(mcu)) << "\n  reserves       "
              << format_bytes(reserves.stack_bytes) << " stack, "
              << format_bytes(reserves.runtime_bytes) << " runtime statics, "
              << format_bytes(reserves.application_bytes) << " application\n  for the arena  "
              << format_bytes(arena_bytes(mcu)) << " (" << format_count(arena_bytes(mcu))
              << " bytes)\n  flash          "
              << (mcu.flash_internal ? format_bytes(mcu.flash_bytes)
                                     : "external: say how much with --flash")
              << (mcu.flash_base ? " from " + hex_address(*mcu.flash_base) : "") << "\n";
  if (!mcu.uncertain.empty()) {
    context.out << "  uncertain      " << join(mcu.uncertain)
                << " (to be confirmed by the datasheet)\n";
  }
  context.out << "  from           " << mcu.source_file << "\n";
  return 0;
}

}  // namespace

void add_mcus_command(CLI::App& app, CliContext& context) {
  auto options = std::make_shared<McusOptions>();
  CLI::App* mcus = app.add_subcommand("mcus", "Parts: memory, cores, what an arena may use");
  mcus->require_subcommand(0, 1);
  CLI::App* list_command = mcus->add_subcommand("list", "All parts (default)");
  CLI::App* show_command = mcus->add_subcommand("show", "One part, with its memory regions");
  for (CLI::App* command : {mcus, list_command, show_command}) {
    command->add_flag("--json", options->json, "One JSON document on stdout");
  }
  CLI::Option* name = show_command->add_option("name", options->name, "Part or board file")
                          ->type_name("NAME|FILE.toml")
                          ->required();
  context.choices[name] = [] {
    std::vector<std::string> names;
    for (const Mcu& mcu : list_mcus()) names.push_back(mcu.name);
    return names;
  };
  mcus->callback([options, &context] {
    if (!context.command) context.command = [=, &context] { return list(context, options->json); };
  });
  show_command->callback([options, &context] {
    context.command = [options, &context] { return show(context, *options); };
  });
}

}  // namespace tinynas
