#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <memory>
#include <optional>
#include <ostream>
#include <string>

#include "cli/commands.h"
#include "cli/data_options.h"
#include "cli/finetune_job.h"
#include "cli/standalone_job.h"
#include "cli/stop_signals.h"
#include "cli/supernet_job.h"
#include "tinynas/error.h"

namespace tinynas {
namespace {

struct TrainCommand {
  SupernetRequest supernet;  ///< what all three have is read from here
  FinetuneRequest finetune;
  StandaloneRequest standalone;
  std::optional<double> quantised_epochs, quantised_learning_rate;
};

#ifdef TINYNAS_WITH_TORCH
void set_quantised(const TrainCommand& command, FinetuneOptions& options) {
  options.quantised_epochs = command.quantised_epochs.value_or(options.quantised_epochs);
  options.quantised_learning_rate =
      command.quantised_learning_rate.value_or(options.quantised_learning_rate);
}

std::string run_finetune(CliContext& context, TrainCommand& command, const StopFn& stop) {
  FinetuneRequest& request = command.finetune;
  static_cast<TrainingRequest&>(request) = command.supernet;
  set_quantised(command, request.options);
  return run_finetune_job(request, context.progress(), stop);
}

std::string run_standalone(CliContext& context, TrainCommand& command, const StopFn& stop) {
  StandaloneRequest& request = command.standalone;
  static_cast<TrainingRequest&>(request) = command.supernet;
  request.space = command.supernet.space;
  set_quantised(command, request.options);
  request.options.out_dir = command.supernet.out;
  return run_standalone_job(request, context.progress(), stop);
}

std::string run_supernet(CliContext& context, TrainCommand& command, const StopFn& stop) {
  if (command.standalone.image_size > 0)
    throw BadInput("--image-size: is for --subnet and --network; a supernet's follows its space");
  if (command.quantised_epochs || command.quantised_learning_rate) {
    throw BadInput(
        "--quantised-epochs and --quantised-learning-rate: are for --finetune, --subnet and "
        "--network");
  }
  return run_supernet_job(command.supernet, context.progress(), stop);
}

int run_train(CliContext& context, TrainCommand& command) {
  command.supernet.typed.group = context.group;
  const StopFn stop = catch_stop_signals(context.group);
  const bool alone = !command.standalone.subnet.empty() || !command.standalone.network.empty();
  const std::string report = alone ? run_standalone(context, command, stop)
                             : command.finetune.run_dir.empty()
                                 ? run_supernet(context, command, stop)
                                 : run_finetune(context, command, stop);
  context.end_progress();
  if (context.group.leads()) context.out << report;
  return 0;
}

#else
int run_train(CliContext&, TrainCommand&) { fail_without_torch("train"); }
#endif

}  // namespace

void add_train_command(CLI::App& app, CliContext& context) {
  CLI::App* train = app.add_subcommand("train",
                                       "Train a once-for-all supernet, (--finetune) the winner of "
                                       "a search, or (--subnet, --network) one network alone");
  auto command = std::make_shared<TrainCommand>();
  SupernetRequest& supernet = command->supernet;
  FinetuneOptions& finetune = command->finetune.options;
  StandaloneRequest& standalone = command->standalone;
  CLI::Option* run = train
                         ->add_option("--finetune", command->finetune.run_dir,
                                      "Run directory whose winner is trained; it takes the result")
                         ->type_name("RUN");
  CLI::Option* subnet = train
                            ->add_option("--subnet", standalone.subnet,
                                         "Train one network of --space alone: file, "
                                         "genes (\"resolution=24 ...\"), largest or smallest")
                            ->type_name("FILE|GENES");
  CLI::Option* network = train
                             ->add_option("--network", standalone.network,
                                          "Train a network given layer by layer alone")
                             ->type_name("NAME|FILE.toml");
  context.choices[network] = list_layer_networks;
  if (kWithTorch) {
    subnet->excludes(run)->excludes(network);
    network->excludes(run);
  }
  const auto for_all_but_winners = [run](CLI::Option* option) {
    return kWithTorch ? option->excludes(run) : option;
  };
  const auto for_supernets = [run, subnet, network](CLI::Option* option) {
    return kWithTorch ? option->excludes(run)->excludes(subnet)->excludes(network) : option;
  };
  const auto for_winners = [run](CLI::Option* option) {
    return kWithTorch ? option->needs(run) : option;
  };

  CLI::Option* space =
      for_all_but_winners(train->add_option("--space", supernet.space, "Search space")
                              ->type_name("NAME|FILE.toml")
                              ->capture_default_str());
  context.choices[space] = SearchSpace::list_names;
  for_all_but_winners(train
                          ->add_option("--out", supernet.out,
                                       "Folder for weights, checkpoint and what was measured")
                          ->type_name("DIR"));
  for_supernets(train->add_flag("--dry-run", supernet.dry_run,
                                "Say what would be trained, and how long; train nothing"));
  train
      ->add_option("--image-size", standalone.image_size,
                   "Of --subnet's and --network's images before augmentation, in pixels (default: "
                   "the space's largest; of --network, as stored)")
      ->check(CLI::Range(8, 1024));
  for_winners(train
                  ->add_option("--supernet", command->finetune.supernet,
                               "Supernet of the run (default: where the run found it)")
                  ->type_name("FILE.pt"));
  train->add_option("--quantised-epochs", command->quantised_epochs,
                    "Of a single network, quantisation-aware, after those in floats (default: 0)");
  train->add_option(
      "--quantised-learning-rate", command->quantised_learning_rate,
      "At its highest, in these (default: " + typed_number(finetune.quantised_learning_rate) + ")");
  for_winners(train
                  ->add_option("--distillation", finetune.distillation,
                               "Share of the loss that is cross-entropy to the largest subnet")
                  ->capture_default_str());

  train
      ->add_option("--data", supernet.data,
                   "Images (default: Debian's Fashion-MNIST, or those of the run)")
      ->type_name("PATH");
  add_skip_bad_files_option(*train, supernet.skip_bad_files);
  train
      ->add_option("--recipe", supernet.recipe,
                   "How it is trained: a name of configs/runs or a file (default: the one named "
                   "like the space, else default)")
      ->type_name("NAME|FILE.toml");
  add_training_options(*train, context, supernet.typed);
  add_mcu_options(*train, context, supernet.mcu, /*mcu_required=*/false);
  // Whatever is typed, a build without torch says that it is one.
  train->allow_extras(!kWithTorch);
  train->callback([command, &context] {
    context.command = [command, &context] { return run_train(context, *command); };
  });
}

}  // namespace tinynas
