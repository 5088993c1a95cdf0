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
#include "cli/mcu_options.h"
#include "cli/stop_signals.h"
#include "cli/text_table.h"
#include "cli/training_options.h"
#include "tinynas/bytes.h"
#include "tinynas/error.h"
#include "tinynas/trainer.h"

namespace tinynas {
namespace {

struct TrainCommand {
  std::string space = "fashion-mnist", data, out, recipe;
  bool skip_bad_files = false, dry_run = false;
  TypedTraining typed;
  McuOptions mcu;
  FinetuneRequest finetune;
};

#ifdef TINYNAS_WITH_TORCH
/// "0.05"
std::string shown(double value) {
  std::string number = std::to_string(value);
  number.erase(number.find_last_not_of('0') + 1);
  if (number.back() == '.') number.pop_back();
  return number;
}

std::string typed_command(const TrainCommand& command, const TrainOptions& options) {
  const TypedTraining& typed = command.typed;
  std::string text = "tinynas train --space " + command.space + " --recipe " + options.recipe;
  auto add = [&](const std::string& flag, const std::string& value) {
    if (!value.empty()) text += " " + flag + " " + value;
  };
  add("--data", command.data);
  if (command.skip_bad_files) text += " --skip-bad-files";
  add("--out", command.out);
  add("--seed", std::to_string(typed.seed));
  if (typed.epochs) add("--epochs", shown(*typed.epochs));
  if (typed.learning_rate) add("--learning-rate", shown(*typed.learning_rate));
  if (typed.batch_images) add("--batch", std::to_string(*typed.batch_images));
  if (typed.shards) add("--shards", std::to_string(*typed.shards));
  add("--mcu", command.mcu.mcu);
  add("--sram", command.mcu.sram);
  add("--flash", command.mcu.flash);
  add("--reserve-sram", command.mcu.reserve_sram);
  add("--reserve-flash", command.mcu.reserve_flash);
  return text;
}

/// Random subnets are those that fit the board.
void train_what_fits(const McuOptions& mcu, TrainOptions& options) {
  const RuntimeModel runtime = target_runtime(kDefaultRuntime, mcu);
  const McuTarget target = resolve_mcu(mcu, runtime);
  options.accepts = [runtime, budget = target.budget](const Subnet& subnet) {
    PlanOptions how;
    how.sram_budget_bytes = budget.sram_bytes;
    return violation(plan_memory(lower(subnet), runtime, how).footprint(), budget).fits();
  };
  options.accepts_what = "fit " + target.mcu.name + " (" +
                         std::to_string(target.budget.sram_bytes) + " bytes of SRAM, " +
                         std::to_string(target.budget.flash_bytes) + " of flash)";
}

std::string report(const TrainingForecast& found, const TrainOptions& options) {
  char subnets[32], hours[32];
  std::snprintf(subnets, sizeof subnets, "%.3g", found.subnets);
  std::snprintf(hours, sizeof hours, "%.2f", found.seconds / 3600);
  std::string text = text_table(
      {{"  parameters", format_count(found.parameters)},
       {"  MACs of the largest", format_count(found.largest_macs)},
       {"  MACs of the smallest", format_count(found.smallest_macs)},
       {"  subnets", subnets},
       {"  epochs", shown(total_epochs(options))},
       {"  steps", format_count(found.steps)},
       {"  hours, without validation", hours},
       {"  memory", format_bytes(found.peak_bytes)}},
      {1});
  return "A training with recipe " + options.recipe + " (nothing is written)\n" + text;
}

int run_supernet_training(CliContext& context, TrainCommand& command) {
  const SearchSpace space = SearchSpace::find(command.space);
  TrainOptions options =
      read_recipe(command.recipe.empty() ? recipe_for_space(space.name()) : command.recipe);
  command.typed.apply(options);
  if (command.typed.epochs) {
    if (!(*command.typed.epochs > 0)) throw BadInput("--epochs: must be above 0");
    scale_epochs(options, *command.typed.epochs);
  }
  if (any_mcu_option(command.mcu)) train_what_fits(command.mcu, options);
  options.out_dir = command.out;
  options.command = typed_command(command, options);
  const StopFn stop = catch_stop_signals();
  const Dataset data = load_data_for(space, command.data, space.name(), command.skip_bad_files);
  if (data.audio) options.augmentation.horizontal_flip = false;  // it would turn time around
  if (command.dry_run) {
    context.out << report(forecast_training(space, data, options), options);
    return 0;
  }
  train_supernet(space, data, options, context.progress(), stop);
  context.end_progress();
  context.out << options.out_dir << "/supernet.pt\n";
  return 0;
}

int run_train(CliContext& context, TrainCommand& command) {
  if (command.finetune.run_dir.empty()) {
    if (command.out.empty() && !command.dry_run) {
      throw BadInput(
          "--out is required for a supernet; to train a run's winner name --finetune RUN");
    }
    return run_supernet_training(context, command);
  }
  command.finetune.data = command.data;
  command.finetune.skip_bad_files = command.skip_bad_files;
  command.finetune.recipe = command.recipe;
  command.finetune.typed = command.typed;
  const std::string report =
      run_finetune_job(command.finetune, context.progress(), catch_stop_signals());
  context.end_progress();
  context.out << report;
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
      train->add_option("--out", command->out, "Folder for supernet, checkpoint and model card")
          ->type_name("DIR"));
  for_supernets(train->add_flag("--dry-run", command->dry_run,
                                "Say what would be trained, and how long; train nothing"));
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
  add_skip_bad_files_option(*train, command->skip_bad_files);
  train
      ->add_option("--recipe", command->recipe,
                   "How it is trained: a name of configs/runs or a file (default: the one named "
                   "like the space, else default)")
      ->type_name("NAME|FILE.toml");
  add_training_options(*train, context, command->typed);
  // Random subnets of the training are those that fit.
  add_mcu_options(*train, context, command->mcu, /*mcu_required=*/false);
  // Whatever is typed, a build without torch says that it is one.
  train->allow_extras(!kWithTorch);
  train->callback([command, &context] {
    context.command = [command, &context] { return run_train(context, *command); };
  });
}

}  // namespace tinynas
