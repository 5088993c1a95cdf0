// `tinynas export`: a network as files that other tools and boards run.

#include <CLI/App.hpp>
#include <CLI/Formatter.hpp>
#include <filesystem>

#include "base/files.h"
#include "cli/commands.h"
#include "cli/mcu_options.h"
#include "cli/network_file.h"
#include "tinynas/bytes.h"
#include "tinynas/codegen.h"
#include "tinynas/error.h"
#include "tinynas/memory_plan.h"

namespace tinynas {
namespace {

namespace fs = std::filesystem;

struct ExportOptions {
  std::string file, out;
  std::string format = "c";
  std::string input = "resident", depthwise_rows = "int8";
  McuOptions mcu;
};

/// A file that every folder of this format has: what tells an earlier export from a user's folder.
constexpr const char* kMarker = "tinynas_config.h";

/// All files or none: they are written beside `folder`, which is then replaced by a rename.
void write_folder(const std::string& folder, const std::vector<GeneratedFile>& files) {
  std::error_code error;
  const bool there = fs::exists(folder, error);
  if (there && !fs::exists(fs::path(folder) / kMarker, error) && !fs::is_empty(folder, error)) {
    throw BadInput("--out: " + folder + " holds other files; choose a new folder");
  }
  const std::string partial = folder + ".partial";
  fs::remove_all(partial, error);
  fs::create_directories(partial, error);
  if (error) throw BadInput("--out: " + folder + " cannot be made: " + error.message());
  try {
    for (const GeneratedFile& file : files) {
      write_file_atomic((fs::path(partial) / file.name).string(), file.content);
    }
    fs::remove_all(folder, error);
    fs::rename(partial, folder, error);
    if (error) throw BadInput("--out: " + folder + " cannot be written: " + error.message());
  } catch (...) {
    fs::remove_all(partial, error);
    throw;
  }
}

int export_network(CliContext& context, const ExportOptions& options) {
  if (options.format != "c") throw BadInput("--format: '" + options.format + "' is not 'c'");
  const RuntimeModel runtime = find_runtime(kDefaultRuntime);
  PlanOptions plan_options;
  plan_options.input = runtime_input(runtime, options.input);
  plan_options.depthwise_rows = runtime_depthwise_rows(runtime, options.depthwise_rows);
  if (any_mcu_option(options.mcu)) {
    plan_options.sram_budget_bytes = resolve_mcu(options.mcu, runtime).budget.sram_bytes;
  }
  const Network network = read_network_file(options.file, "");
  const MemoryPlan plan = plan_memory(network.graph, runtime, plan_options);
  CodeLabels labels;
  labels.network = fs::path(options.file).stem().string();
  const auto files = generate_c(network.graph, plan, labels, options.file);
  write_folder(fs::path(options.out).lexically_normal().string(), files);
  context.err << options.out << ": " << files.size() << " files, an arena of "
              << format_count(plan.peak_sram_bytes) << " bytes\n";
  return 0;
}

}  // namespace

void add_export_command(CLI::App& app, CliContext& context) {
  auto options = std::make_shared<ExportOptions>();
  CLI::App* command = app.add_subcommand("export", "A network as C that executes its memory plan");
  command->add_option("file", options->file, "int8 model (.tflite)")->type_name("FILE")->required();
  command->add_option("--format", options->format, "c: C99 for any Cortex-M and for the host")
      ->type_name("NAME")
      ->capture_default_str();
  command->add_option("--out", options->out, "Folder to write")->type_name("DIR")->required();
  add_mcu_options(*command, context, options->mcu, false);
  add_input_option(*command, context, options->input);
  add_depthwise_rows_option(*command, context, options->depthwise_rows);
  command->footer("Exit codes: 0 written, 2 usage or bad input, 4 operators without a C kernel.");
  command->callback([options, &context] {
    context.command = [options, &context] { return export_network(context, *options); };
  });
}

}  // namespace tinynas
