#pragma once
// Options that every training takes, over those of its recipe.

#include <cstdint>
#include <optional>
#include <string>

#include "tinynas/trainer.h"

namespace CLI {
class App;
}

namespace tinynas {

struct CliContext;

/// As typed; what is absent stays as the recipe has it.
struct TypedTraining {
  std::string device = "cpu", resume = "auto", precision = "float32";
  ProcessGroup group;  ///< that this process is of; it is not typed
  std::uint64_t seed = 0;
  std::optional<double> epochs, learning_rate;
  std::optional<int> batch_images, shards;

  /// All but the epochs. Throws BadInput for an unknown way to resume or precision.
  void apply(TrainingOptions& options) const;
  /// " --seed 0 --epochs 4": what would have to be typed.
  std::string text() const;
};

/// What every training is asked, as typed.
struct TrainingRequest {
  std::string data;             ///< empty: what the space or the run names
  bool skip_bad_files = false;  ///< of a winner: as the supernet's training did, in any case
  std::string recipe;           ///< empty: the one for the space, else "default"
  TypedTraining typed;
};

/// The recipe that is asked for, else the space's. Throws as read_recipe.
TrainOptions requested_recipe(const TrainingRequest& request, const std::string& space_name);
/// Images of recordings are not mirrored: it would turn pitch upside down.
void keep_pitch(TrainingOptions& options, const Dataset& data);

/// "0.05"
std::string typed_number(double value);

/// Declares the options on `command`; `typed` must outlive parsing.
void add_training_options(CLI::App& command, CliContext& context, TypedTraining& typed);

}  // namespace tinynas
