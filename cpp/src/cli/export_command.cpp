// `tinynas export`: a network as files that other tools and boards run.

#include <CLI/App.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <memory>
#include <ostream>

#include "cli/commands.h"
#include "cli/export_formats.h"
#include "cli/stop_signals.h"

namespace tinynas {
namespace {

struct ExportOptions {
  std::string network;
  std::string format = "c";
  ExportRequest request;
};

std::vector<std::string> format_names() {
  std::vector<std::string> names;
  for (const ExportFormat& format : export_formats()) names.emplace_back(format.name);
  return names;
}

std::string formats_text() {
  std::string text = "Formats:\n";
  for (const ExportFormat& format : export_formats()) {
    std::string line = std::string("  ") + format.name + " --out " + format.target;
    line.resize(std::max<std::size_t>(line.size() + 2, 28), ' ');
    text += line + format.help + "\n";
  }
  return text;
}

int run_export(CliContext& context, ExportOptions& options) {
  find_export_format(options.format);  // a slip in the name is told first
  options.request.network = find_network(options.network);
  options.request.stop = catch_stop_signals();
  context.err << export_network(options.format, options.request) << "\n";
  return 0;
}

}  // namespace

void add_export_command(CLI::App& app, CliContext& context) {
  auto options = std::make_shared<ExportOptions>();
  CLI::App* command =
      app.add_subcommand("export", "A run's winner or any int8 model as C and in other formats");
  command->add_option("network", options->network, "Run directory, or int8 model (.tflite)")
      ->type_name("RUN|FILE")
      ->required();
  CLI::Option* format = command->add_option("--format", options->format, "What to write, see below")
                            ->type_name("NAME")
                            ->capture_default_str();
  context.choices[format] = format_names;
  command->add_option("--out", options->request.out, "File or folder to write")
      ->type_name("PATH")
      ->required();
  add_mcu_options(*command, context, options->request.mcu, false);
  add_input_option(*command, context, options->request.input);
  add_layer_by_layer_option(*command, options->request.layer_by_layer);
  add_depthwise_rows_option(*command, context, options->request.depthwise_rows);
  command->footer(
      formats_text() +
      "Exit codes: 0 written, 2 usage or bad input, 3 a project does not fit its part, 4 "
      "operators without a kernel.");
  command->callback([options, &context] {
    context.command = [options, &context] { return run_export(context, *options); };
  });
}

}  // namespace tinynas
