#include <CLI/App.hpp>
#include <algorithm>
#include <memory>
#include <optional>
#include <ostream>

#include "base/files.h"
#include "cli/commands.h"
#include "cli/mcu_options.h"
#include "cli/network_file.h"
#include "cli/network_source.h"
#include "tinyengine/memory_map.h"
#include "tinyengine/offline_plan.h"
#include "tinyengine/plan_document.h"
#include "tinyengine/plan_report.h"
#include "tinynas/bytes.h"
#include "tinynas/error.h"
#include "tinynas/search_space.h"
#include "tinynas/tflite.h"

namespace tinynas {
namespace {

struct PlanCommandOptions {
  std::string network, space, svg, html, offline_plan;
  std::string runtime = kDefaultRuntime;
  std::string input = "resident";
  bool layer_by_layer = false;
  std::string depthwise_rows = "int8";
  McuOptions mcu;
  bool json = false, front = false;
};

/// The same file for the stock interpreter, with offsets that need the least memory there.
void write_offline_plan(CliContext& context, const std::string& file, const std::string& target) {
  const std::string content = read_file(file);
  if (!is_tflite(file, content)) {
    throw BadInput("--write-offline-plan: " + file + " is no .tflite file");
  }
  const OfflinePlan plan = plan_offline(parse_tflite(content, file));
  write_file_atomic(target, with_offline_plan(content, file, plan.offset_bytes));
  context.err << target << ": the interpreter's arena head takes " << format_count(plan.head_bytes)
              << " bytes, " << format_count(plan.interpreter_head_bytes)
              << " as the interpreter plans it\n";
}

int plan(CliContext& context, const PlanCommandOptions& options) {
  const RuntimeModel runtime = target_runtime(options.runtime, options.mcu);
  std::optional<McuTarget> target;
  const McuOptions& mcu = options.mcu;
  if (any_mcu_option(mcu)) target = resolve_mcu(mcu, runtime);
  const McuBudget* budget = target ? &target->budget : nullptr;
  PlanOptions plan_options;
  plan_options.input = runtime_input(runtime, options.input);
  plan_options.layer_by_layer = options.layer_by_layer;
  plan_options.depthwise_rows = runtime_depthwise_rows(runtime, options.depthwise_rows);
  plan_options.predict_instructions = true;
  if (budget != nullptr) {
    plan_options.sram_budget_bytes = budget->sram_bytes;
    require_latency_of_rows(*budget, plan_options.depthwise_rows);
  }
  const NetworkSource source = find_network(options.network);
  const Network network = read_network_file(source.file, options.space);
  const Graph& graph = network.under(runtime);
  const MemoryPlan memory = plan_memory(graph, runtime, plan_options);
  if (budget != nullptr) require_latency(*budget, memory, source.file);
  const std::vector<MemoryPlan> all = plan_under_all(network, memory, plan_options);
  const std::string text = plan_text(source.name, graph, memory, budget) + "\n" +
                           runtimes_text(all, budget) + "\n" +
                           relief_text(network, runtime, memory) + left_out_text(network, runtime);
  if (!options.svg.empty()) {
    write_file_atomic(options.svg, memory_map_svg(source.name, graph, memory, budget));
  }
  if (!options.html.empty()) {
    write_file_atomic(options.html, memory_map_html(source.name, graph, memory, budget, text));
  }
  if (!options.offline_plan.empty()) write_offline_plan(context, source.file, options.offline_plan);
  if (options.json) {
    print_json(context, plan_document(network, runtime, plan_options, memory, budget));
  } else {
    context.out << text;
    if (options.front)
      context.out << "\n"
                  << front_text(graph, memory_macs_front(graph, runtime, plan_options.input));
  }
  const bool fits = budget == nullptr || violation(memory.footprint(), *budget).fits();
  return static_cast<int>(fits ? ExitCode::kOk : ExitCode::kNothingFits);
}

}  // namespace

void add_plan_command(CLI::App& app, CliContext& context) {
  auto options = std::make_shared<PlanCommandOptions>();
  CLI::App* command =
      app.add_subcommand("plan", "What a network needs of a part's SRAM and flash, to the byte");
  command
      ->add_option("network", options->network,
                   "Run directory, model (.tflite), layer table or subnet file (JSON)")
      ->type_name("RUN|FILE")
      ->required();
  add_mcu_options(*command, context, options->mcu, false);
  add_latency_options(*command, options->mcu);
  CLI::Option* runtime =
      command->add_option("--runtime", options->runtime, "Whose memory rules apply")
          ->type_name("NAME")
          ->capture_default_str();
  context.choices[runtime] = list_runtimes;
  add_input_option(*command, context, options->input);
  add_layer_by_layer_option(*command, options->layer_by_layer);
  add_depthwise_rows_option(*command, context, options->depthwise_rows);
  CLI::Option* space =
      command
          ->add_option("--space", options->space,
                       "Search space of a subnet file, where its own name does not find it")
          ->type_name("NAME|FILE.toml");
  context.choices[space] = SearchSpace::list_names;
  command->add_flag("--front", options->front,
                    "Also list peak SRAM against extra MACs (patches) and depthwise rows");
  command->add_option("--svg", options->svg, "Write a memory map: bytes against time")
      ->type_name("FILE");
  command->add_option("--html", options->html, "Write a page with the memory map and the tables")
      ->type_name("FILE");
  command
      ->add_option("--write-offline-plan", options->offline_plan,
                   "Write the .tflite file with offsets for TensorFlow Lite Micro's interpreter")
      ->type_name("FILE.tflite");
  command->add_flag("--json", options->json, "One JSON document on stdout");
  command->footer(
      "Exit codes: 0 it fits (or no --mcu was given), 3 it does not fit, 2 usage or bad input, 4 "
      "operators without a kernel.");
  command->callback([options, &context] {
    context.command = [options, &context] { return plan(context, *options); };
  });
}

}  // namespace tinynas
