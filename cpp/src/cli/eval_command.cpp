#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <cstdio>
#include <memory>
#include <ostream>
#include <string>

#include "cli/commands.h"
#include "cli/data_options.h"
#include "cli/subnet_option.h"
#include "tinynas/bytes.h"
#include "tinynas/error.h"
#include "tinynas/supernet.h"

namespace tinynas {
namespace {

struct EvalCommand {
  std::string subnet, supernet, space = "fashion-mnist", data, split = "validation";
  EvaluatorOptions evaluator;
  int images = 0, recalibration_images = 0;
  bool json = false, skip_bad_files = false;
};

#ifdef TINYNAS_WITH_TORCH
Fidelity fidelity(const EvalCommand& command) {
  Fidelity result;
  result.images = command.images;
  result.recalibration_images = command.recalibration_images;
  if (command.split != "validation" && command.split != "test") {
    throw BadInput("--split: '" + command.split + "' is not one of validation, test");
  }
  result.split = command.split == "test" ? Split::kTest : Split::kValidation;
  return result;
}

int run_eval(CliContext& context, const EvalCommand& command) {
  const Fidelity how = fidelity(command);
  const std::string path =
      command.supernet.empty() ? shipped_supernet_path(command.space) : command.supernet;
  const SupernetInfo info = read_supernet_info(path);
  const SearchSpace space = SearchSpace::parse(info.space_toml, path);
  const Genotype genotype = chosen_genotype(space, command.subnet);
  const Subnet subnet = space.decode(genotype);
  auto data = std::make_shared<const Dataset>(load_data_for(
      space, command.data, info.dataset_name, command.skip_bad_files || info.skip_bad_files));
  const auto evaluator = SupernetEvaluator::load(path, data, command.evaluator);
  const Measurement measured = evaluator->evaluate({&subnet, 1}, how).front();
  const Graph graph = lower(subnet);
  if (command.json) {
    print_json(context, {{"schema_version", 1},
                         {"id", space.id(genotype)},
                         {"subnet", describe(subnet)},
                         {"split", command.split},
                         {"images", measured.images},
                         {"accuracy", measured.accuracy},
                         {"standard_error", measured.standard_error},
                         {"score", measured.score},
                         {"arithmetic", "float"},
                         {"weights", "supernet"},
                         {"macs", graph_macs(graph)},
                         {"params", graph_params(graph)}});
    return 0;
  }
  char line[200];
  std::snprintf(line, sizeof line,
                "%.2f %% +- %.2f on %s %s images (float, supernet weights, BN recalibrated)\n",
                100 * measured.accuracy, 100 * measured.standard_error,
                format_count(measured.images).c_str(), command.split.c_str());
  context.out << "subnet " << space.id(genotype) << ": " << describe(subnet) << "\n"
              << line << format_count(graph_macs(graph)) << " MACs, "
              << format_count(graph_params(graph)) << " parameters\n";
  return 0;
}

#else
int run_eval(CliContext&, const EvalCommand&) { fail_without_torch("eval"); }
#endif

}  // namespace

void add_eval_command(CLI::App& app, CliContext& context) {
  CLI::App* eval = app.add_subcommand("eval", "Accuracy of one subnet with the supernet's weights");
  auto command = std::make_shared<EvalCommand>();
  eval->add_option("--subnet", command->subnet, kSubnetHelp)
      ->type_name("FILE|GENES")
      ->required(kWithTorch);
  eval->add_option("--supernet", command->supernet,
                   "Supernet file (default: the one shipped for --space)")
      ->type_name("FILE");
  CLI::Option* space =
      eval->add_option("--space", command->space, "Space whose shipped supernet is taken")
          ->capture_default_str();
  context.choices[space] = SearchSpace::list_names;
  eval->add_option("--data", command->data, "Images (default: Debian's Fashion-MNIST)")
      ->type_name("PATH");
  add_skip_bad_files_option(*eval, command->skip_bad_files);
  CLI::Option* split =
      eval->add_option("--split", command->split, "validation or test")->capture_default_str();
  context.choices[split] = [] { return std::vector<std::string>{"validation", "test"}; };
  eval->add_option("--images", command->images, "The first of the split, class-balanced (0: all)")
      ->check(CLI::Range(0, 1 << 30))
      ->capture_default_str();
  eval->add_option("--recalibration-images", command->recalibration_images,
                   "For BN statistics (0: all)")
      ->check(CLI::Range(0, 1 << 30))
      ->capture_default_str();
  eval->add_option("--device", command->evaluator.device, "As torch spells it")
      ->capture_default_str();
  eval->add_option("--threads", command->evaluator.threads, "On a CPU (0: all cores)")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str();
  eval->add_flag("--json", command->json, "One JSON document on stdout");
  // Whatever is typed, a build without torch says that it is one.
  eval->allow_extras(!kWithTorch);
  eval->callback([command, &context] {
    context.command = [command, &context] { return run_eval(context, *command); };
  });
}

}  // namespace tinynas
