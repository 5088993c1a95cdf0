#pragma once
// The steps and epochs of a training: order of the images, checkpoints, progress. What is trained
// stands behind Training, so that a supernet and a single network share every line.

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/json_io.h"
#include "supernet/image_batches.h"
#include "supernet/state_file.h"
#include "supernet/training_step.h"
#include "tinynas/dataset.h"
#include "tinynas/progress.h"
#include "tinynas/trainer.h"

namespace tinynas {

class Training : public Trainee {
 public:
  virtual double learning_rate(std::int64_t step) const = 0;
  /// Called before each step; true: momentum and averages start anew.
  virtual bool begin(std::int64_t step) = 0;
  /// Validation accuracies (0 to 1) at the end of an epoch, by name.
  virtual std::vector<std::pair<std::string, double>> validate() = 0;
  /// What a checkpoint holds beside weights, momentum and progress.
  virtual void save(StateFile&) const {}
  virtual void load(const StateFile&, const std::string& /*path*/) {}
};

struct TrainingPlan {
  std::string directory;  ///< of checkpoint.pt, history.json, events.*; made where it is missing
  Json recipe;            ///< must be equal for a checkpoint to be continued
  std::string elsewhere;  ///< how to start another one: "name another --out"
  std::int64_t steps_per_epoch = 0, total_steps = 0;
};

/// Trains to the end, from the checkpoint in the plan's directory where there is one, and leaves a
/// checkpoint of the end there, beside history.json and event files for TensorBoard. The weights
/// are then those that are kept (average_decay). Of a group of processes all read and the leader
/// alone writes and reports. Returns the seconds that it took, those before the checkpoint
/// included. Throws BadInput on a checkpoint of another recipe, Interrupted after a checkpoint when
/// `stop` says so, Error when the training diverges.
double run_training(Training& training, const TrainingPlan& plan, const Dataset& data,
                    const Normalisation& normalisation, const TrainingOptions& options,
                    torch::Device device, const ProgressFn& progress, const StopFn& stop);

/// The fields of a recipe that every training has.
Json recipe_json(const Dataset& data, const TrainingOptions& options);
/// Throws BadInput naming the option that cannot work with these images.
void check_training_options(const TrainingOptions& options, const Dataset& data);

/// A linear ramp over the first `ramp_steps`, times half a cosine from 1 to 0 over `steps`.
double cosine_with_ramp(std::int64_t step, double ramp_steps, std::int64_t steps);

}  // namespace tinynas
