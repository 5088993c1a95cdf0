#include <CLI/App.hpp>
#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>
#include <ostream>

#include "base/files.h"
#include "cli/commands.h"
#include "cli/mcu_options.h"
#include "cli/network_file.h"
#include "tinyengine/plan_report.h"
#include "tinynas/error.h"
#include "tinynas/search_space.h"

namespace tinynas {
namespace {

struct PlanCommandOptions {
  std::string file, space;
  std::string runtime = "tinyengine";
  McuOptions mcu;
  bool json = false;
};

int plan(CliContext& context, const PlanCommandOptions& options) {
  const RuntimeModel runtime = find_runtime(options.runtime);
  std::optional<McuTarget> target;
  const McuOptions& mcu = options.mcu;
  if (any_mcu_option(mcu)) target = resolve_mcu(mcu, runtime);
  const McuBudget* budget = target ? &target->budget : nullptr;
  const Graph graph = read_network_file(options.file, options.space);
  const MemoryPlan memory = plan_memory(graph, runtime);
  if (options.json) {
    print_json(context, plan_json(graph, memory, budget));
  } else {
    const std::string title = std::filesystem::path(options.file).stem().string();
    context.out << plan_text(title, graph, memory, budget);
  }
  const bool fits = budget == nullptr || violation(memory.footprint(), *budget).fits();
  return static_cast<int>(fits ? ExitCode::kOk : ExitCode::kNothingFits);
}

std::vector<std::string> runtime_names() {
  std::vector<std::string> names;
  const auto folder = std::filesystem::path(data_dir()) / "configs" / "runtimes";
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(folder, ignored)) {
    if (entry.path().extension() == ".toml") names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

void add_plan_command(CLI::App& app, CliContext& context) {
  auto options = std::make_shared<PlanCommandOptions>();
  CLI::App* command =
      app.add_subcommand("plan", "What a network needs of a part's SRAM and flash, to the byte");
  command->add_option("file", options->file, "Layer table or subnet file (JSON)")
      ->type_name("FILE")
      ->required();
  add_mcu_options(*command, context, options->mcu, false);
  CLI::Option* runtime =
      command->add_option("--runtime", options->runtime, "Whose memory rules apply")
          ->type_name("NAME")
          ->capture_default_str();
  context.choices[runtime] = runtime_names;
  CLI::Option* space =
      command
          ->add_option("--space", options->space,
                       "Search space of a subnet file, where its own name does not find it")
          ->type_name("NAME|FILE.toml");
  context.choices[space] = SearchSpace::list_names;
  command->add_flag("--json", options->json, "One JSON document on stdout");
  command->footer(
      "Exit codes: 0 it fits (or no --mcu was given), 3 it does not fit, 2 usage or bad input.");
  command->callback([options, &context] {
    context.command = [options, &context] { return plan(context, *options); };
  });
}

}  // namespace tinynas
