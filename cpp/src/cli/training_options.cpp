#include "cli/training_options.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "cli/commands.h"

namespace tinynas {

std::string typed_number(double value) {
  std::string number = std::to_string(value);
  number.erase(number.find_last_not_of('0') + 1);
  if (number.back() == '.') number.pop_back();
  return number;
}

#ifdef TINYNAS_WITH_TORCH
void TypedTraining::apply(TrainingOptions& options) const {
  options.device = device;
  options.resume = parse_resume(resume, "--resume");
  options.precision = parse_precision(precision, "--precision");
  options.group = group;
  options.seed = seed;
  options.learning_rate = learning_rate.value_or(options.learning_rate);
  options.batch_images = batch_images.value_or(options.batch_images);
  options.shards = shards.value_or(options.shards);
}

TrainOptions requested_recipe(const TrainingRequest& request, const std::string& space_name) {
  return read_recipe(request.recipe.empty() ? recipe_for_space(space_name) : request.recipe);
}

void keep_pitch(TrainingOptions& options, const Dataset& data) {
  if (data.audio) options.augmentation.horizontal_flip = false;
}

std::string TypedTraining::text() const {
  std::string text = " --seed " + std::to_string(seed);
  if (epochs) text += " --epochs " + typed_number(*epochs);
  if (learning_rate) text += " --learning-rate " + typed_number(*learning_rate);
  if (batch_images) text += " --batch " + std::to_string(*batch_images);
  if (shards) text += " --shards " + std::to_string(*shards);
  if (device != "cpu") text += " --device " + device;
  if (precision != precision_name(Precision::kFloat32)) text += " --precision " + precision;
  return text;
}
#endif

void add_training_options(CLI::App& command, CliContext& context, TypedTraining& typed) {
  CLI::Option* resume =
      command.add_option("--resume", typed.resume, "Go on from a checkpoint: auto, never or must")
          ->capture_default_str();
  context.choices[resume] = [] { return std::vector<std::string>{"auto", "never", "must"}; };
  command.add_option("--device", typed.device, "As torch spells it")->capture_default_str();
  CLI::Option* precision =
      command
          .add_option("--precision", typed.precision,
                      "Of convolutions: float32 or bf16, where the device has it")
          ->capture_default_str();
  context.choices[precision] = [] { return std::vector<std::string>{"float32", "bf16"}; };
  command.add_option("--seed", typed.seed, "Of weights, batches and subnets")
      ->capture_default_str();
  command.add_option(
      "--epochs", typed.epochs,
      "All phases of the recipe together, each its share (default: the recipe's); of a "
      "single network, in floats");
  command.add_option("--batch", typed.batch_images, "Images a step (default: the recipe's)");
  command.add_option("--shards", typed.shards,
                     "Parts of a batch, trained side by side (default: the recipe's)");
  command.add_option("--learning-rate", typed.learning_rate,
                     "At its highest (default: the recipe's)");
}

}  // namespace tinynas
