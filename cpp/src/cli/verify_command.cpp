// `tinynas verify`: what was planned beside what is linked and what runs on an emulated Cortex-M.

#include <CLI/App.hpp>
#include <CLI/Formatter.hpp>
#include <memory>
#include <ostream>

#include "cli/commands.h"
#include "cli/firmware_check.h"
#include "cli/stop_signals.h"
#include "mcu/budget_json.h"
#include "tinynas/error.h"

namespace tinynas {
namespace {

struct VerifyOptions {
  std::string network;
  std::string input = "resident", depthwise_rows = "int8";
  bool layer_by_layer = false;
  McuOptions mcu;
  int inputs = 8;
  bool json = false;
};

int verify(CliContext& context, const VerifyOptions& options) {
  const RuntimeModel runtime = target_runtime(kDefaultRuntime, options.mcu);
  const McuTarget target = resolve_mcu(options.mcu, runtime);
  const NetworkSource network = find_network(options.network);
  const FirmwareVerdict verdict =
      check_firmware({network, target, runtime, runtime_input(runtime, options.input),
                      runtime_depthwise_rows(runtime, options.depthwise_rows), options.inputs,
                      options.layer_by_layer},
                     context.progress(), catch_stop_signals());
  context.end_progress();
  if (options.json) {
    Json document = {{"schema_version", 1},
                     {"file", network.file},
                     {"mcu", budget_json(target.budget)},
                     {"verified", verdict.holds()}};
    document.update(verdict_json(verdict));
    print_json(context, document);
  } else {
    context.out << target.mcu.name << ", " << verdict.core.core << " on " << verdict.core.machine
                << "\n\n"
                << verdict_text(verdict);
  }
  return static_cast<int>(verdict.holds() ? ExitCode::kOk : ExitCode::kInternal);
}

}  // namespace

void add_verify_command(CLI::App& app, CliContext& context) {
  auto options = std::make_shared<VerifyOptions>();
  CLI::App* command = app.add_subcommand(
      "verify", "Build a network's C, run it on an emulated Cortex-M, compare with the plan");
  command->add_option("network", options->network, "Run directory, or int8 model (.tflite)")
      ->type_name("RUN|FILE")
      ->required();
  add_mcu_options(*command, context, options->mcu, true);
  add_input_option(*command, context, options->input);
  add_layer_by_layer_option(*command, options->layer_by_layer);
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
