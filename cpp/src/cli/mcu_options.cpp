#include "cli/mcu_options.h"

#include <CLI/App.hpp>
#include <charconv>
#include <cmath>

#include "tinyengine/kernel_table.h"
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
  if (!options.latency_ms.empty()) return "--latency-ms";
  if (!options.calibration.empty()) return "--calibration";
  if (!options.macs.empty()) return "--macs";
  return "";
}

/// How long the part's core takes. Nothing where nobody measured it.
std::optional<LatencyModel> part_latency(const McuOptions& options, const Mcu& mcu) {
  if (!options.calibration.empty()) return load_calibration(options.calibration, mcu);
  std::optional<LatencyModel> model = find_latency_model(mcu);
  if (!model && options.allow_uncalibrated) model = uncalibrated_latency_model(mcu);
  return model;
}

double parse_latency(const std::string& text) {
  double ms = 0;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, ms);
  if (parsed.ec != std::errc() || parsed.ptr != end || !(ms > 0) || !std::isfinite(ms)) {
    throw BadInput("--latency-ms: '" + text + "' is not a number of milliseconds above 0");
  }
  return ms;
}

/// The limit, which something must be able to predict.
double latency_limit(const McuOptions& options, const RuntimeModel& runtime) {
  const double ms = parse_latency(options.latency_ms);
  if (runtime.rules != RuntimeRules::kTinyNas) {
    throw BadInput(
        "--latency-ms needs --runtime tinynas: instructions are predicted of our own "
        "kernels only");
  }
  const KernelTable* table = runtime.kernels.get();
  if (table == nullptr || table->core != runtime.core || table->instructions.empty()) {
    throw BadInput("--latency-ms: our kernels' instructions were not measured on a " +
                   runtime.core + "; choose a part with another core");
  }
  if (!runtime.latency) {
    throw BadInput("--latency-ms: no part with a " + runtime.core +
                   " was measured; time a few networks on yours and run `tinynas calibrate`, or "
                   "add --allow-uncalibrated");
  }
  return ms;
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
  command
      .add_option("--flash", options.flash,
                  "Flash, instead of the part's: 1MiB; of several boards, that of those which have "
                  "none of their own")
      ->type_name("BYTES");
  command.add_option("--reserve-sram", options.reserve_sram, "SRAM that the application needs")
      ->type_name("BYTES");
  command.add_option("--reserve-flash", options.reserve_flash, "Flash that the application needs")
      ->type_name("BYTES");
}

void add_macs_option(CLI::App& command, McuOptions& options) {
  command.add_option("--macs", options.macs, "Most multiply-accumulates of an inference: 12.5M")
      ->type_name("COUNT");
}

void add_latency_options(CLI::App& command, McuOptions& options) {
  command
      .add_option("--latency-ms", options.latency_ms,
                  "Most milliseconds an inference may take: the upper end of the prediction")
      ->type_name("MS");
  command
      .add_option("--calibration", options.calibration,
                  "What `tinynas calibrate` made of measurements of your own board")
      ->type_name("FILE.toml");
  command.add_flag("--allow-uncalibrated", options.allow_uncalibrated,
                   "Take --latency-ms on a core that nobody measured");
}

void require_latency_of_rows(const McuBudget& budget, DepthwiseRows rows) {
  if (!budget.latency_ms || rows == DepthwiseRows::kInt8) return;
  throw BadInput(
      "--latency-ms: instructions of int16 depthwise rows were not measured; use "
      "--depthwise-rows int8");
}

void require_latency(const McuBudget& budget, const MemoryPlan& plan, const std::string& file) {
  if (!budget.latency_ms || plan.latency_ms) return;
  throw BadInput(file +
                 ": --latency-ms: instructions are not predicted for channels that are "
                 "requantised by one half or more; quantise with wider output ranges, or "
                 "leave the limit out");
}

bool any_mcu_option(const McuOptions& options) {
  return !options.mcu.empty() || !first_override(options).empty();
}

RuntimeModel target_runtime(const std::string& runtime, const McuOptions& options) {
  if (options.mcu.empty()) return find_runtime(runtime);
  const Mcu mcu = find_mcu(options.mcu);
  RuntimeModel model = find_runtime(runtime, network_core(mcu));
  if (model.rules == RuntimeRules::kTinyNas) model.latency = part_latency(options, mcu);
  return model;
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
  if (!options.latency_ms.empty()) target.budget.latency_ms = latency_limit(options, runtime);
  if (!options.macs.empty()) target.budget.macs = parse_count(options.macs, "--macs");
  return target;
}

void add_layer_by_layer_option(CLI::App& command, bool& chosen) {
  command.add_flag(
      "--layer-by-layer", chosen,
      "One operator after another, none of them streaming rows to the next, to compare");
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

void add_depthwise_rows_option(CLI::App& command, CliContext& context, std::string& rows) {
  CLI::Option* option =
      command
          .add_option("--depthwise-rows", rows,
                      "Rows that depthwise kernels stream from: int8 (fewer bytes), int16 (fewer "
                      "instructions on Cortex-M0+ and M3; int8 where only that fits)")
          ->type_name("NAME")
          ->capture_default_str();
  context.choices[option] = [] {
    return std::vector<std::string>{depthwise_rows_name(DepthwiseRows::kInt8),
                                    depthwise_rows_name(DepthwiseRows::kInt16)};
  };
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
