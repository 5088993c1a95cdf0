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
#include "cli/stop_signals.h"
#include "tinynas/error.h"
#include "tinynas/trainer.h"

namespace tinynas {
namespace {

struct TrainCommand {
  std::string space = "fashion-mnist", data, resume = "auto", precision = "float32";
  std::optional<double> epochs, learning_rate;  ///< their defaults depend on what is trained
  TrainOptions train;  ///< what both have (TrainingOptions) is read from here
  FinetuneRequest finetune;
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
  std::string text = "tinynas train --space " + command.space;
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
  if (command.train.precision != defaults.precision)
    text += std::string(" --precision ") + precision_name(command.train.precision);
  return text;
}

int run_finetune(CliContext& context, TrainCommand& command) {
  FinetuneOptions& options = command.finetune.options;
  const double usual_rate = options.learning_rate;
  static_cast<TrainingOptions&>(options) = command.train;
  options.learning_rate = command.learning_rate.value_or(usual_rate);
  options.epochs = command.epochs.value_or(options.epochs);
  command.finetune.data = command.data;
  const std::string report =
      run_finetune_job(command.finetune, context.progress(), catch_stop_signals(context.group));
  context.end_progress();
  context.out << report;
  return 0;
}

int run_train(CliContext& context, TrainCommand& command) {
  command.train.resume = parse_resume(command.resume, "--resume");
  command.train.precision = parse_precision(command.precision, "--precision");
  command.train.group = context.group;
  if (!command.finetune.run_dir.empty()) return run_finetune(context, command);
  if (command.train.out_dir.empty())
    throw BadInput("--out is required for a supernet; to train a run's winner name --finetune RUN");
  command.train.epochs = command.epochs.value_or(command.train.epochs);
  command.train.learning_rate = command.learning_rate.value_or(command.train.learning_rate);
  const StopFn stop = catch_stop_signals(context.group);
  const SearchSpace space = SearchSpace::find(command.space);
  const Dataset data = load_data_for(space, command.data, space.name());
  command.train.command = typed_command(command);
  train_supernet(space, data, command.train, context.progress(), stop);
  context.end_progress();
  if (context.group.leads()) context.out << command.train.out_dir << "/supernet.pt\n";
  return 0;
}

#else
int run_train(CliContext&, TrainCommand&) { fail_without_torch("train"); }
#endif

}  // namespace

void add_train_command(CLI::App& app, CliContext& context) {
  CLI::App* train = app.add_subcommand(
      "train", "Train a once-for-all supernet, or (--finetune) the winner of a search");
  auto command = std::make_shared<TrainCommand>();
  TrainOptions& options = command->train;
  FinetuneOptions& finetune = command->finetune.options;
  CLI::Option* run = train
                         ->add_option("--finetune", command->finetune.run_dir,
                                      "Run directory whose winner is trained; it takes the result")
                         ->type_name("RUN");
  const auto for_supernets = [run](CLI::Option* option) {
    return kWithTorch ? option->excludes(run) : option;
  };
  const auto for_winners = [run](CLI::Option* option) {
    return kWithTorch ? option->needs(run) : option;
  };

  CLI::Option* space = for_supernets(train->add_option("--space", command->space, "Search space")
                                         ->type_name("NAME|FILE.toml")
                                         ->capture_default_str());
  context.choices[space] = SearchSpace::list_names;
  for_supernets(
      train->add_option("--out", options.out_dir, "Folder for supernet, checkpoint and model card")
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
  for_winners(train
                  ->add_option("--quantised-epochs", finetune.quantised_epochs,
                               "Quantisation-aware, after those in floats")
                  ->capture_default_str());
  for_winners(train
                  ->add_option("--quantised-learning-rate", finetune.quantised_learning_rate,
                               "At its highest, in these")
                  ->capture_default_str());
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
  CLI::Option* precision =
      train
          ->add_option("--precision", command->precision,
                       "Of convolutions: float32 or bf16, where the device has it")
          ->capture_default_str();
  context.choices[precision] = [] { return std::vector<std::string>{"float32", "bf16"}; };
  train->add_option("--seed", options.seed, "Of weights, batches and subnets")
      ->capture_default_str();
  train->add_option("--epochs", command->epochs,
                    "Sandwich rule (default: " + shown(options.epochs) +
                        "); of a winner, in floats (default: " + shown(finetune.epochs) + ")");
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
