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
#include "cli/subnet_option.h"
#include "tinynas/error.h"
#include "tinynas/trainer.h"

namespace tinynas {
namespace {

struct TrainCommand {
  std::string space = "fashion-mnist", data, resume = "auto";
  ///< Their defaults depend on what is trained.
  std::optional<double> epochs, learning_rate, quantised_epochs, quantised_learning_rate;
  TrainOptions train;  ///< what both have (TrainingOptions) is read from here
  FinetuneRequest finetune;
  StandaloneRequest standalone;
};

/// "0.05"
std::string shown(double value) {
  std::string number = std::to_string(value);
  number.erase(number.find_last_not_of('0') + 1);
  if (number.back() == '.') number.pop_back();
  return number;
}

#ifdef TINYNAS_WITH_TORCH
std::string typed_command(const TrainCommand& command) {
  const StandaloneRequest& alone = command.standalone;
  std::string text = "tinynas train";
  if (alone.network.empty()) text += " --space " + command.space;
  if (!alone.network.empty()) text += " --network " + alone.network;
  if (!alone.subnet.empty()) text += " --subnet '" + alone.subnet + "'";
  if (alone.image_size > 0) text += " --image-size " + std::to_string(alone.image_size);
  if (!command.data.empty()) text += " --data " + command.data;
  text += " --out " + command.train.out_dir + " --seed " + std::to_string(command.train.seed);
  const TrainOptions defaults;
  auto add = [&](const char* flag, double value, double usual) {
    if (value != usual) text += std::string(" ") + flag + " " + shown(value);
  };
  add("--warmup-epochs", command.train.warmup_epochs, defaults.warmup_epochs);
  add("--epochs", command.train.epochs, defaults.epochs);
  add("--random-subnets", command.train.random_subnets, defaults.random_subnets);
  add("--batch", command.train.batch_images, defaults.batch_images);
  add("--shards", command.train.shards, defaults.shards);
  add("--learning-rate", command.train.learning_rate, defaults.learning_rate);
  add("--weight-decay", command.train.weight_decay, defaults.weight_decay);
  add("--label-smoothing", command.train.label_smoothing, defaults.label_smoothing);
  add("--gradient-norm", command.train.gradient_norm, defaults.gradient_norm);
  add("--shift", command.train.shift_pixels, defaults.shift_pixels);
  add("--erase", command.train.erase_pixels, defaults.erase_pixels);
  if (!command.train.horizontal_flip) text += " --no-flip";
  if (command.quantised_epochs) add("--quantised-epochs", *command.quantised_epochs, 0);
  if (command.quantised_learning_rate)
    add("--quantised-learning-rate", *command.quantised_learning_rate, 0);
  return text;
}

void set_quantised(const TrainCommand& command, FinetuneOptions& options) {
  options.quantised_epochs = command.quantised_epochs.value_or(options.quantised_epochs);
  options.quantised_learning_rate =
      command.quantised_learning_rate.value_or(options.quantised_learning_rate);
}

int run_finetune(CliContext& context, TrainCommand& command) {
  FinetuneOptions& options = command.finetune.options;
  const double usual_rate = options.learning_rate;
  static_cast<TrainingOptions&>(options) = command.train;
  options.learning_rate = command.learning_rate.value_or(usual_rate);
  options.epochs = command.epochs.value_or(options.epochs);
  set_quantised(command, options);
  command.finetune.data = command.data;
  const std::string report =
      run_finetune_job(command.finetune, context.progress(), catch_stop_signals());
  context.end_progress();
  context.out << report;
  return 0;
}

int run_standalone(CliContext& context, TrainCommand& command) {
  StandaloneOptions& options = command.standalone.options;
  const double usual_rate = options.learning_rate;
  options.epochs = command.train.epochs = command.epochs.value_or(options.epochs);
  command.train.learning_rate = command.learning_rate.value_or(usual_rate);
  static_cast<TrainingOptions&>(options) = command.train;
  set_quantised(command, options);
  options.out_dir = command.train.out_dir;
  options.command = typed_command(command);
  command.standalone.space = command.space;
  command.standalone.data = command.data;
  const std::string report =
      run_standalone_job(command.standalone, context.progress(), catch_stop_signals());
  context.end_progress();
  context.out << report;
  return 0;
}

int run_train(CliContext& context, TrainCommand& command) {
  command.train.resume = parse_resume(command.resume, "--resume");
  const bool alone = !command.standalone.subnet.empty() || !command.standalone.network.empty();
  if (!alone && command.standalone.image_size > 0)
    throw BadInput("--image-size: is for --subnet and --network; a supernet's follows its space");
  if (alone) return run_standalone(context, command);
  if (!command.finetune.run_dir.empty()) return run_finetune(context, command);
  if (command.train.out_dir.empty())
    throw BadInput("--out is required; to train a run's winner name --finetune RUN");
  if (command.quantised_epochs || command.quantised_learning_rate) {
    throw BadInput(
        "--quantised-epochs and --quantised-learning-rate: are for --finetune, --subnet and "
        "--network");
  }
  command.train.epochs = command.epochs.value_or(command.train.epochs);
  command.train.learning_rate = command.learning_rate.value_or(command.train.learning_rate);
  const StopFn stop = catch_stop_signals();
  const SearchSpace space = SearchSpace::find(command.space);
  const Dataset data = load_data_for(space, command.data, space.name());
  command.train.command = typed_command(command);
  train_supernet(space, data, command.train, context.progress(), stop);
  context.end_progress();
  context.out << command.train.out_dir << "/supernet.pt\n";
  return 0;
}

#else
int run_train(CliContext&, TrainCommand&) { fail_without_torch("train"); }
#endif

}  // namespace

void add_train_command(CLI::App& app, CliContext& context) {
  CLI::App* train = app.add_subcommand("train",
                                       "Train a once-for-all supernet, (--finetune) the winner of "
                                       "a search, or (--subnet, --network) "
                                       "one network alone");
  auto command = std::make_shared<TrainCommand>();
  TrainOptions& options = command->train;
  FinetuneOptions& finetune = command->finetune.options;
  CLI::Option* run = train
                         ->add_option("--finetune", command->finetune.run_dir,
                                      "Run directory whose winner is trained; it takes the result")
                         ->type_name("RUN");
  StandaloneRequest& standalone = command->standalone;
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
  train
      ->add_option("--image-size", standalone.image_size,
                   "Of such a network's images before augmentation, in pixels (default: the "
                   "space's largest; of --network, as stored)")
      ->check(CLI::Range(8, 1024));
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
      for_all_but_winners(train->add_option("--space", command->space, "Search space")
                              ->type_name("NAME|FILE.toml")
                              ->capture_default_str());
  context.choices[space] = SearchSpace::list_names;
  for_all_but_winners(train
                          ->add_option("--out", options.out_dir,
                                       "Folder for weights, checkpoint and what was measured")
                          ->type_name("DIR"));
  for_supernets(train->add_option("--warmup-epochs", options.warmup_epochs, "Largest subnet alone")
                    ->capture_default_str());
  for_supernets(train
                    ->add_option("--random-subnets", options.random_subnets,
                                 "Beside largest and smallest, a step")
                    ->check(CLI::Range(0, 64))
                    ->capture_default_str());
  for_winners(train
                  ->add_option("--supernet", command->finetune.supernet,
                               "Supernet of the run (default: where the run found it)")
                  ->type_name("FILE.pt"));
  train->add_option("--quantised-epochs", command->quantised_epochs,
                    "Of a single network, quantisation-aware, after those in floats (default: 0)");
  train->add_option(
      "--quantised-learning-rate", command->quantised_learning_rate,
      "At its highest, in these (default: " + shown(finetune.quantised_learning_rate) + ")");
  for_winners(train
                  ->add_option("--distillation", finetune.distillation,
                               "Share of the loss that is cross-entropy to the largest subnet")
                  ->capture_default_str());

  train
      ->add_option("--data", command->data,
                   "Images (default: Debian's Fashion-MNIST, or those of the run)")
      ->type_name("PATH");
  CLI::Option* resume =
      train->add_option("--resume", command->resume, "Go on from a checkpoint: auto, never or must")
          ->capture_default_str();
  context.choices[resume] = [] { return std::vector<std::string>{"auto", "never", "must"}; };
  train->add_option("--device", options.device, "As torch spells it")->capture_default_str();
  train->add_option("--seed", options.seed, "Of weights, batches and subnets")
      ->capture_default_str();
  train->add_option("--epochs", command->epochs,
                    "Sandwich rule (default: " + shown(options.epochs) +
                        "); of a winner, in floats (default: " + shown(finetune.epochs) +
                        "), of a network alone (default: " + shown(standalone.options.epochs) +
                        ")");
  train->add_option("--batch", options.batch_images, "Images a step")->capture_default_str();
  train->add_option("--shards", options.shards, "Parts of a batch, trained side by side")
      ->capture_default_str();
  train->add_option("--learning-rate", command->learning_rate,
                    "At its highest (default: " + shown(options.learning_rate) + "; of a winner " +
                        shown(finetune.learning_rate) + ")");
  train->add_option("--weight-decay", options.weight_decay, "Of convolutions and classifier")
      ->capture_default_str();
  train->add_option("--label-smoothing", options.label_smoothing, "Of labels")
      ->check(CLI::Range(0.0, 0.5))
      ->capture_default_str();
  train->add_option("--gradient-norm", options.gradient_norm, "Clip to this (0: not)")
      ->capture_default_str();
  train->add_option("--shift", options.shift_pixels, "Augmentation: pixels")
      ->check(CLI::Range(0, 64))
      ->capture_default_str();
  train->add_flag("!--no-flip", options.horizontal_flip, "Augmentation: no horizontal flips");
  train
      ->add_option("--erase", options.erase_pixels,
                   "Augmentation: side of an erased square in pixels")
      ->check(CLI::Range(0, 256))
      ->capture_default_str();
  // Whatever is typed, a build without torch says that it is one.
  train->allow_extras(!kWithTorch);
  train->callback([command, &context] {
    context.command = [command, &context] { return run_train(context, *command); };
  });
}

}  // namespace tinynas
