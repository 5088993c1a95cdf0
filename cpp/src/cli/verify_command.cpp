// `tinynas verify`: what was planned beside what is linked and what runs on an emulated Cortex-M.

#include <CLI/App.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <filesystem>
#include <numeric>

#include "base/child_process.h"
#include "cli/commands.h"
#include "cli/mcu_options.h"
#include "cli/network_file.h"
#include "cli/stop_signals.h"
#include "cli/text_table.h"
#include "codegen/emulated_board.h"
#include "tinynas/bytes.h"
#include "tinynas/codegen.h"
#include "tinynas/error.h"
#include "tinynas/int8_interpreter.h"
#include "tinynas/memory_plan.h"
#include "tinynas/rng.h"

namespace tinynas {
namespace {

struct VerifyOptions {
  std::string file;
  std::string input = "resident", depthwise_rows = "int8";
  McuOptions mcu;
  int inputs = 8;
  bool json = false;
};

/// Predicted and measured.
struct Verdict {
  MemoryPlan plan;
  LinkedFirmware linked;
  FirmwareRun run;
  std::size_t inputs = 0, equal = 0;

  bool arena_holds() const { return linked.arena_bytes == plan.peak_sram_bytes; }
  bool statics_hold() const { return linked.statics_bytes() == plan.runtime_bytes; }
  bool stack_holds() const { return run.stack_bytes <= plan.stack_bytes; }
  bool outputs_hold() const { return equal == inputs; }
  bool holds() const {
    return arena_holds() && statics_hold() && stack_holds() && outputs_hold() &&
           run.canaries_intact;
  }
  std::int64_t instructions() const {
    const std::int64_t all =
        std::accumulate(run.instructions.begin(), run.instructions.end(), std::int64_t{0});
    return run.instructions.empty() ? 0 : all / static_cast<std::int64_t>(run.instructions.size());
  }
};

/// The extremes alike, the extremes drawn, then drawn evenly.
std::vector<std::int8_t> make_inputs(std::int64_t bytes, int count) {
  Rng rng(0);
  std::vector<std::int8_t> values;
  for (int i = 0; i < count; ++i) {
    for (std::int64_t b = 0; b < bytes; ++b) {
      int value = static_cast<int>(rng.below(256)) - 128;
      if (i < 2) value = i == 0 ? -128 : 127;
      if (i == 2) value = value < 0 ? -128 : 127;
      values.push_back(static_cast<std::int8_t>(value));
    }
  }
  return values;
}

std::size_t count_equal(const std::vector<std::int8_t>& got, const std::vector<std::int8_t>& wanted,
                        std::size_t bytes) {
  if (got.size() != wanted.size()) return 0;
  std::size_t equal = 0;
  for (std::size_t at = 0; at < got.size(); at += bytes) {
    equal += std::equal(got.begin() + static_cast<std::ptrdiff_t>(at),
                        got.begin() + static_cast<std::ptrdiff_t>(at + bytes),
                        wanted.begin() + static_cast<std::ptrdiff_t>(at));
  }
  return equal;
}

FirmwareMemory part_memory(const McuTarget& target) {
  return {target.budget.sram_bytes + target.reserves.stack_bytes + target.reserves.runtime_bytes,
          target.budget.flash_bytes, target.reserves.stack_bytes};
}

Verdict check(CliContext& context, const VerifyOptions& options, const RuntimeModel& runtime,
              const McuTarget& target) {
  const WorkFolder folder;
  EmulatedBoard board(find_emulated_core(target.mcu), folder.path(), catch_stop_signals());
  const Network network = read_network_file(options.file, "");
  PlanOptions plan_options;
  plan_options.input = runtime_input(runtime, options.input);
  plan_options.depthwise_rows = runtime_depthwise_rows(runtime, options.depthwise_rows);
  plan_options.sram_budget_bytes = target.budget.sram_bytes;
  Verdict verdict;
  verdict.plan = plan_memory(network.graph, runtime, plan_options);
  const Int8Interpreter interpreter(network.graph, options.file);
  CodeLabels labels;
  labels.network = std::filesystem::path(options.file).stem().string();
  const auto progress = [show = context.progress()](const char* line) {
    if (show) show(line);
  };
  progress("compiling");
  verdict.linked = board.build(generate_c(network.graph, verdict.plan, labels, options.file),
                               part_memory(target));
  progress("running");
  const auto inputs = make_inputs(interpreter.input_bytes(), options.inputs);
  verdict.run = board.run(inputs);
  verdict.inputs = static_cast<std::size_t>(options.inputs);
  const auto bytes = static_cast<std::size_t>(interpreter.output_bytes());
  std::vector<std::int8_t> wanted(verdict.inputs * bytes);
  interpreter.run(inputs, wanted);
  verdict.equal = count_equal(verdict.run.outputs, wanted, bytes);
  context.end_progress();
  return verdict;
}

std::string verdict_text(const Verdict& v) {
  const auto row = [](const char* what, std::int64_t predicted, std::int64_t measured,
                      const char* comment) {
    return std::vector<std::string>{what, format_count(predicted), format_count(measured), comment};
  };
  const auto verb = [](bool holds, const char* word) { return holds ? word : "DIFFERS"; };
  const FlashBreakdown& flash = v.plan.flash;
  const std::int64_t macs = std::max<std::int64_t>(v.plan.macs, 1);
  std::string text = text_table(
      {{"", "predicted", "measured", ""},
       row("arena", v.plan.peak_sram_bytes, v.linked.arena_bytes, verb(v.arena_holds(), "equal")),
       row("statics", v.plan.runtime_bytes, v.linked.statics_bytes(),
           verb(v.statics_hold(), "equal")),
       row("stack", v.plan.stack_bytes, v.run.stack_bytes, verb(v.stack_holds(), "within")),
       row("flash: tables", flash.rodata_bytes(), v.linked.rodata_bytes, "with descriptors"),
       row("flash: code", flash.code_bytes, v.linked.text_bytes,
           flash.code_is_estimate ? "an estimate" : "")},
      {1, 2});
  text += "outputs equal: " + std::string(v.outputs_hold() ? "yes" : "NO") + ", " +
          std::to_string(v.equal) + " of " + std::to_string(v.inputs) + " inputs\n";
  text += "bytes around the arena: " +
          std::string(v.run.canaries_intact ? "untouched" : "OVERWRITTEN") + "\n";
  char ratio[32];
  std::snprintf(ratio, sizeof ratio, "%.2f",
                static_cast<double>(v.instructions()) / static_cast<double>(macs));
  return text + "instructions an inference: " + format_count(v.instructions()) + ", " + ratio +
         " a MAC\n";
}

Json verdict_json(const VerifyOptions& options, const McuTarget& target, const Verdict& v) {
  const EmulatedCore core = find_emulated_core(target.mcu);
  return {{"schema_version", 1},
          {"file", options.file},
          {"mcu", mcu_json(target)},
          {"core", core.core},
          {"machine", core.machine},
          {"input", input_mode_name(v.plan.input)},
          {"depthwise_rows", depthwise_rows_name(v.plan.depthwise_rows)},
          {"verified", v.holds()},
          {"predicted",
           {{"arena_bytes", v.plan.peak_sram_bytes},
            {"statics_bytes", v.plan.runtime_bytes},
            {"stack_bytes", v.plan.stack_bytes},
            {"rodata_bytes", v.plan.flash.rodata_bytes()},
            {"text_bytes", v.plan.flash.code_bytes}}},
          {"measured",
           {{"arena_bytes", v.linked.arena_bytes},
            {"statics_bytes", v.linked.statics_bytes()},
            {"stack_bytes", v.run.stack_bytes},
            {"rodata_bytes", v.linked.rodata_bytes},
            {"text_bytes", v.linked.text_bytes},
            {"instructions", v.run.instructions}}},
          {"inputs", v.inputs},
          {"equal", v.equal},
          {"canaries_intact", v.run.canaries_intact}};
}

int verify(CliContext& context, const VerifyOptions& options) {
  const RuntimeModel runtime = find_runtime(kDefaultRuntime);
  const McuTarget target = resolve_mcu(options.mcu, runtime);
  const Verdict verdict = check(context, options, runtime, target);
  if (options.json) {
    print_json(context, verdict_json(options, target, verdict));
  } else {
    const EmulatedCore core = find_emulated_core(target.mcu);
    context.out << target.mcu.name << ", " << core.core << " on " << core.machine << "\n\n"
                << verdict_text(verdict) << "\n"
                << (verdict.holds() ? "verified on an emulated " : "NOT as planned on an emulated ")
                << core.core << "\n";
  }
  return static_cast<int>(verdict.holds() ? ExitCode::kOk : ExitCode::kInternal);
}

}  // namespace

void add_verify_command(CLI::App& app, CliContext& context) {
  auto options = std::make_shared<VerifyOptions>();
  CLI::App* command = app.add_subcommand(
      "verify", "Build a network's C, run it on an emulated Cortex-M, compare with the plan");
  command->add_option("file", options->file, "int8 model (.tflite)")->type_name("FILE")->required();
  add_mcu_options(*command, context, options->mcu, true);
  add_input_option(*command, context, options->input);
  add_depthwise_rows_option(*command, context, options->depthwise_rows);
  command->add_option("--inputs", options->inputs, "Images to run: extremes first, then random")
      ->type_name("N")
      ->check(CLI::Range(1, 10000))
      ->capture_default_str();
  command->add_flag("--json", options->json, "One JSON document on stdout");
  command->footer(
      "Needs arm-none-eabi-gcc and qemu-system-arm. Exit codes: 0 as planned, 1 not as planned, 2 "
      "usage,\nbad input or missing tools, 3 it does not fit, 4 operators without a C kernel.");
  command->callback([options, &context] {
    context.command = [options, &context] { return verify(context, *options); };
  });
}

}  // namespace tinynas
