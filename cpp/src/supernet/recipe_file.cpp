#include <algorithm>

#include "base/files.h"
#include "base/toml_names.h"
#include "base/toml_reader.h"
#include "tinynas/error.h"
#include "tinynas/trainer.h"

namespace tinynas {
namespace {

constexpr int kMostPixels = 256;
constexpr double kMostEpochs = 1e6;
/// Epochs that --epochs leaves a warm-up.
constexpr double kLeastWarmUp = 1;

bool warms_up(const TrainingPhase& phase) {
  return phase.largest && !phase.smallest && !phase.largest_resized && !phase.smallest_resized &&
         phase.random_subnets == 0;
}

Augmentation read_augmentation(const TomlTable& table) {
  Augmentation augmentation;
  augmentation.shift_pixels = static_cast<int>(table.int_or("shift", 0, 0, kMostPixels));
  augmentation.horizontal_flip = table.bool_or("flip", false);
  augmentation.erase_pixels = static_cast<int>(table.int_or("erase", 0, 0, kMostPixels));
  augmentation.least_crop = table.number_or("least_crop", 1.0, 0.05, 1.0);
  augmentation.operations = static_cast<int>(table.int_or("operations", 0, 0, 8));
  augmentation.magnitude = table.number_or("magnitude", augmentation.magnitude, 0.0, 1.0);
  augmentation.mixup = table.number_or("mixup", 0.0, 0.0, 8.0);
  table.finish();
  return augmentation;
}

void read_subnets(const TomlTable& table, TrainingPhase& phase) {
  phase.largest = false;
  for (const std::string& kind : table.get_strings("subnets")) {
    if (kind == "largest") {
      phase.largest = true;
    } else if (kind == "smallest") {
      phase.smallest = true;
    } else if (kind == "largest-resized") {
      phase.largest_resized = true;
    } else if (kind == "smallest-resized") {
      phase.smallest_resized = true;
    } else if (kind == "random") {
      ++phase.random_subnets;
    } else {
      table.fail("subnets", "'" + kind +
                                "' is not largest, smallest, largest-resized, smallest-resized or "
                                "random");
    }
  }
  if (!phase.trains_any()) table.fail("subnets", "at least one is needed");
}

Teacher read_teacher(const TomlTable& table) {
  const std::string name = table.string_or("teacher", "none");
  if (name == "none") return Teacher::kNone;
  if (name == "in-place") return Teacher::kInPlace;
  if (name == "frozen") return Teacher::kFrozen;
  table.fail("teacher", "'" + name + "' is not none, in-place or frozen");
}

void read_elastic(const TomlTable& table, TrainingPhase& phase) {
  for (const char* axis : {"resolution", "width", "depth", "kernel", "expand"}) {
    if (!table.has(axis)) continue;
    const std::vector<std::string> texts = table.get_texts(axis);
    phase.elastic[axis] = texts == std::vector<std::string>{"all"}
                              ? TrainingPhase::kAllChoices
                              : static_cast<int>(table.get_int(axis, 0, 254));
  }
  table.finish();
}

TrainingPhase read_phase(const TomlTable& table) {
  TrainingPhase phase;
  phase.name = table.get_string("name");
  phase.epochs = table.get_number("epochs", 0, kMostEpochs);
  phase.learning_rate = table.number_or("learning_rate", 1.0, 1e-6, 1e3);
  const std::string schedule = table.string_or("schedule", "cosine");
  if (schedule != "cosine" && schedule != "constant")
    table.fail("schedule", "'" + schedule + "' is not cosine or constant");
  phase.cosine = schedule == "cosine";
  phase.ramp_epochs = table.number_or("ramp_epochs", phase.ramp_epochs, 0, kMostEpochs);
  phase.sort_channels = table.bool_or("sort_channels", false);
  read_subnets(table, phase);
  phase.teacher = read_teacher(table);
  if (phase.teacher == Teacher::kInPlace && !phase.largest)
    table.fail("teacher", "in-place needs \"largest\" among the subnets");
  phase.label_share =
      table.number_or("label_share", phase.teacher == Teacher::kNone ? 1.0 : 0.0, 0, 1);
  if (table.has("elastic")) read_elastic(table.get_table("elastic"), phase);
  table.finish();
  return phase;
}

void read_optimiser(const TomlTable& file, TrainOptions& options) {
  options.batch_images = static_cast<int>(file.int_or("batch", options.batch_images, 2, 1 << 20));
  options.shards = static_cast<int>(file.int_or("shards", options.shards, 1, 1 << 12));
  options.learning_rate = file.number_or("learning_rate", options.learning_rate, 1e-9, 1e3);
  options.momentum = file.number_or("momentum", options.momentum, 0, 0.9999);
  options.weight_decay = file.number_or("weight_decay", options.weight_decay, 0, 1);
  options.label_smoothing = file.number_or("label_smoothing", options.label_smoothing, 0, 0.5);
  options.gradient_norm = file.number_or("gradient_norm", options.gradient_norm, 0, 1e6);
  options.average_decay = file.number_or("average_decay", options.average_decay, 0, 0.999999);
}

void read_supernet_rules(const TomlTable& file, TrainOptions& options) {
  options.kernel_transforms = file.bool_or("kernel_transforms", false);
  options.resolution_per_batch = file.bool_or("resolution_per_batch", false);
  const std::string divergence = file.string_or("divergence", "kl");
  if (divergence != "kl" && divergence != "alpha")
    file.fail("divergence", "'" + divergence + "' is not kl or alpha");
  options.alpha_divergence = divergence == "alpha";
  options.subnets_per_shard = file.bool_or("subnets_per_shard", false);
  options.worst_of = static_cast<int>(file.int_or("worst_of", 1, 1, 64));
}

std::string recipes_folder() { return data_dir() + "/configs/runs"; }

std::string recipe_path(const std::string& name_or_path) {
  if (name_or_path.ends_with(".toml")) return name_or_path;
  const std::vector<std::string> names = list_recipes();
  if (std::find(names.begin(), names.end(), name_or_path) == names.end()) {
    throw BadInput("no training recipe is called '" + name_or_path + "'" +
                   did_you_mean(name_or_path, names) +
                   "; configs/runs has them, and a path that ends in .toml is read as a file");
  }
  return recipes_folder() + "/" + name_or_path + ".toml";
}

}  // namespace

std::vector<std::string> list_recipes() { return toml_names(recipes_folder()); }

std::string recipe_for_space(const std::string& space_name) {
  const std::vector<std::string> names = list_recipes();
  const bool own = std::find(names.begin(), names.end(), space_name) != names.end();
  return own ? space_name : "default";
}

TrainOptions read_recipe(const std::string& name_or_path) {
  const TomlTable file = TomlTable::load_file(recipe_path(name_or_path));
  TrainOptions options;
  options.recipe = name_or_path;
  static_cast<void>(file.get_string("description"));
  read_optimiser(file, options);
  read_supernet_rules(file, options);
  if (file.has("augmentation"))
    options.augmentation = read_augmentation(file.get_table("augmentation"));
  for (const TomlTable& table : file.get_tables("phase")) {
    options.phases.push_back(read_phase(table));
    const bool first = options.phases.size() == 1;
    if (first && options.phases.back().teacher == Teacher::kFrozen)
      table.fail("teacher", "a frozen teacher needs a phase before, that trains it");
  }
  if (options.phases.empty()) file.fail("phase", "at least one [[phase]] is needed");
  file.finish();
  return options;
}

double total_epochs(const TrainOptions& options) {
  double sum = 0;
  for (const TrainingPhase& phase : options.phases) sum += phase.epochs;
  return sum;
}

void scale_epochs(TrainOptions& options, double epochs) {
  const double total = total_epochs(options);
  if (!(total > 0)) return;  // is refused before it is trained
  const TrainingPhase& first = options.phases.front();
  double of_first = first.epochs * epochs / total;
  if (warms_up(first)) {
    of_first = std::max(of_first, std::min({first.epochs, kLeastWarmUp, epochs / 2}));
  }
  const double rest = total - first.epochs;
  const double of_others = rest > 0 ? (epochs - of_first) / rest : 0;
  for (std::size_t i = 0; i < options.phases.size(); ++i) {
    TrainingPhase& phase = options.phases[i];
    const double before = phase.epochs;
    phase.epochs = i == 0 ? of_first : before * of_others;
    phase.ramp_epochs *= before > 0 ? std::min(1.0, phase.epochs / before) : 1;
  }
}

}  // namespace tinynas
