#include "cli/mcu_options.h"

#include <CLI/App.hpp>

#include "tinynas/bytes.h"
#include "tinynas/error.h"

namespace tinynas {
namespace {

std::vector<std::string> mcu_names() {
  std::vector<std::string> names;
  for (const Mcu& mcu : list_mcus()) names.push_back(mcu.name);
  return names;
}

std::optional<std::int64_t> optional_bytes(const std::string& text, const char* flag) {
  if (text.empty()) return std::nullopt;
  return parse_bytes(text, flag);
}

std::string first_override(const McuOptions& options) {
  if (!options.sram.empty()) return "--sram";
  if (!options.flash.empty()) return "--flash";
  if (!options.reserve_sram.empty()) return "--reserve-sram";
  if (!options.reserve_flash.empty()) return "--reserve-flash";
  return "";
}

std::vector<std::string> input_mode_names() {
  std::vector<std::string> names;
  for (const InputMode mode : {InputMode::kResident, InputMode::kRows, InputMode::kExternal}) {
    names.push_back(input_mode_name(mode));
  }
  return names;
}

}  // namespace

void add_mcu_options(CLI::App& command, CliContext& context, McuOptions& options,
                     bool mcu_required) {
  CLI::Option* mcu =
      command.add_option("--mcu", options.mcu, "Part (see `tinynas mcus`) or a board file")
          ->type_name("NAME|FILE.toml")
          ->required(mcu_required);
  context.choices[mcu] = mcu_names;
  command.add_option("--sram", options.sram, "SRAM of one run, instead of the part's: 320KiB")
      ->type_name("BYTES");
  command.add_option("--flash", options.flash, "Flash, instead of the part's: 1MiB")
      ->type_name("BYTES");
  command.add_option("--reserve-sram", options.reserve_sram, "SRAM that the application needs")
      ->type_name("BYTES");
  command.add_option("--reserve-flash", options.reserve_flash, "Flash that the application needs")
      ->type_name("BYTES");
}

bool any_mcu_option(const McuOptions& options) {
  return !options.mcu.empty() || !first_override(options).empty();
}

RuntimeModel target_runtime(const std::string& runtime, const McuOptions& options) {
  if (options.mcu.empty()) return find_runtime(runtime);
  return find_runtime(runtime, network_core(find_mcu(options.mcu)));
}

McuTarget resolve_mcu(const McuOptions& options, const RuntimeModel& runtime) {
  if (options.mcu.empty()) {
    const std::string flag = first_override(options);
    throw BadInput(flag.empty() ? "--mcu is required" : flag + " needs --mcu");
  }
  BudgetOverrides overrides;
  overrides.sram_bytes = optional_bytes(options.sram, "--sram");
  overrides.flash_bytes = optional_bytes(options.flash, "--flash");
  overrides.reserve_sram_bytes = optional_bytes(options.reserve_sram, "--reserve-sram");
  overrides.reserve_flash_bytes = optional_bytes(options.reserve_flash, "--reserve-flash");
  overrides.predicted_stack_bytes = runtime.stack_bytes;
  overrides.predicted_runtime_bytes = runtime.runtime_bytes;
  McuTarget target;
  target.mcu = find_mcu(options.mcu);
  target.reserves = resolved_reserves(target.mcu, overrides);
  target.budget = budget(target.mcu, overrides);
  return target;
}

Json mcu_json(const McuTarget& target) {
  return {{"name", target.budget.name},
          {"sram_budget_bytes", target.budget.sram_bytes},
          {"flash_budget_bytes", target.budget.flash_bytes}};
}

void add_input_option(CLI::App& command, CliContext& context, std::string& input) {
  CLI::Option* option =
      command
          .add_option("--input", input,
                      "How the image comes: resident (whole in the arena), rows (a camera "
                      "delivers rows), external (other memory)")
          ->type_name("NAME")
          ->capture_default_str();
  context.choices[option] = input_mode_names;
}

InputMode runtime_input(const RuntimeModel& runtime, const std::string& input) {
  const InputMode mode = parse_input_mode(input, "--input");
  if (mode != InputMode::kResident && runtime.rules != RuntimeRules::kTinyNas) {
    throw BadInput("--input " + input + " needs --runtime tinynas: runtime '" + runtime.name +
                   "' holds the whole image");
  }
  return mode;
}

std::vector<std::string> depthwise_rows_names() {
  return {depthwise_rows_name(DepthwiseRows::kInt8), depthwise_rows_name(DepthwiseRows::kInt16)};
}

DepthwiseRows runtime_depthwise_rows(const RuntimeModel& runtime, const std::string& rows) {
  const DepthwiseRows parsed = parse_depthwise_rows(rows, "--depthwise-rows");
  if (parsed != DepthwiseRows::kInt8 && runtime.rules != RuntimeRules::kTinyNas) {
    throw BadInput("--depthwise-rows " + rows + " needs --runtime tinynas: runtime '" +
                   runtime.name + "' streams no rows");
  }
  return parsed;
}

}  // namespace tinynas
