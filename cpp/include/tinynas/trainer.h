#pragma once
// Trains a once-for-all supernet.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tinynas/augmentation.h"
#include "tinynas/dataset.h"
#include "tinynas/process_group.h"
#include "tinynas/progress.h"
#include "tinynas/run_store.h"
#include "tinynas/search_space.h"

namespace tinynas {

/// Of convolutions and matrix products in a training's forward and backward passes.
enum class Precision : std::uint8_t { kFloat32, kBfloat16 };
/// "float32", "bf16"; throws BadInput naming `what` otherwise.
Precision parse_precision(const std::string& word, const std::string& what);
const char* precision_name(Precision precision);

/// What every training has: steps of stochastic gradient descent on augmented images.
struct TrainingOptions {
  std::string device = "cpu";  ///< "cuda" in a group: the GPU of the process's local rank
  ProcessGroup group;          ///< that trains together; batch and shards are those of all
  Precision precision = Precision::kFloat32;
  Resume resume = Resume::kAuto;
  std::uint64_t seed = 0;
  int batch_images = 128;  ///< a step, all shards together
  int shards = 2;  ///< parts of a batch with BN statistics of their own; fixed, so that threads do
                   ///< not change results
  double learning_rate = 0.4;  ///< at its highest
  double momentum = 0.9;       ///< Nesterov
  double weight_decay = 1e-4;  ///< of convolutions and classifier, not of BN
  double label_smoothing = 0.0;
  double gradient_norm = 5.0;  ///< clipped to; 0: not
  /// What is kept is the mean of the weights over the steps, older ones weighing less by this
  /// factor a step (less at a phase's start); 0: the last weights.
  double average_decay = 0.0;
  Augmentation augmentation;
  double checkpoint_seconds = 120;
};

/// Who teaches the subnets of a phase, beside or instead of the labels.
enum class Teacher : std::uint8_t {
  kNone,
  kInPlace,  ///< the largest subnet as it is being trained (Yu et al., "BigNAS", ECCV 2020)
  kFrozen,   ///< the largest subnet as the phases before left it (Cai et al., "Once-for-all")
};

/// What is trained for some epochs.
struct TrainingPhase {
  std::string name;
  double epochs = 1;
  double learning_rate = 1;  ///< factor of TrainingOptions::learning_rate
  bool cosine = true;        ///< half a cosine to 0; false: constant
  double ramp_epochs = 0.5;  ///< a linear ramp at the start
  bool sort_channels = false;
  bool largest = true, smallest = false;  ///< in every step, beside `random_subnets`
  /// The same at a resolution that is drawn for the step.
  bool largest_resized = false, smallest_resized = false;
  int random_subnets = 0;
  bool trains_any() const {
    return largest || smallest || largest_resized || smallest_resized || random_subnets > 0;
  }
  Teacher teacher = Teacher::kNone;
  double label_share = 1.0;  ///< of a taught subnet's loss; the rest is the teacher's
  /// By the axis (the last part of a gene's name: "kernel"): how many choices below the greatest
  /// may be taken. Axes that are not named stay at their greatest.
  std::map<std::string, int> elastic;
  static constexpr int kAllChoices = 255;
};

/// A recipe with where, what and how to say it. Files of configs/runs hold recipes (README.md there
/// has the schema).
struct TrainOptions : TrainingOptions {
  std::string recipe;   ///< name or path, as the model card tells it
  std::string out_dir;  ///< supernet.pt, checkpoint.pt, history.json and MODEL_CARD.md
  std::vector<TrainingPhase> phases;
  bool kernel_transforms = false;  ///< small kernels are learned maps of the larger ones' centres
  bool resolution_per_batch = false;  ///< one for all subnets of a step, not one for each
  bool alpha_divergence = false;      ///< Wang et al., "AlphaNet", ICML 2021; false: KL divergence
  bool subnets_per_shard = false;     ///< each shard of a step draws random subnets of its own
  /// Of so many random subnets the one is trained whose loss on the shard's first images is
  /// greatest (Wang et al., "AttentiveNAS", CVPR 2021: WorstUp, by minibatch loss).
  int worst_of = 1;
  /// Random subnets are drawn anew until one is accepted, 100 times at most; empty: all are.
  std::function<bool(const Subnet&)> accepts;
  std::string accepts_what;  ///< of checkpoint and model card: "fits stm32f746"
  int random_subnets_in_card = 20;
  std::string command;  ///< as typed, for the model card
};

/// Reads configs/runs/NAME.toml, or a path that ends in .toml. Throws BadInput with file, line and
/// key; an unknown name suggests the nearest.
TrainOptions read_recipe(const std::string& name_or_path);
/// Names of configs/runs, in alphabetical order.
std::vector<std::string> list_recipes();
/// The recipe that is called like a space, else "default".
std::string recipe_for_space(const std::string& space_name);
/// All phases take `epochs` together, each its share; a warm-up (a first phase that trains the
/// largest subnet alone) keeps one epoch if it has that, or half of less than two: after a shorter
/// one the sandwich rule all but diverged in 15 of 16 trainings of cifar10.
void scale_epochs(TrainOptions& options, double epochs);
double total_epochs(const TrainOptions& options);

/// Runs the phases of the recipe one after another: by default a warm-up of the largest subnet,
/// channel sorting (Once-for-all, ICLR 2020), then the sandwich rule with in-place distillation (Yu
/// et al., "BigNAS", ECCV 2020). Continues from out_dir/checkpoint.pt to the same weights as an
/// uninterrupted run (same device). A group of processes takes the steps that one would, up to the
/// order in which float32 gradients are summed; its leader writes all files. Throws BadInput on
/// options, data or a checkpoint that do not belong together, Interrupted after a checkpoint when
/// `stop` says so in any process, Error when loss, gradients or weights are not finite any more
/// (the last checkpoint is from before) and when another process of the group is gone.
void train_supernet(const SearchSpace& space, const Dataset& data, const TrainOptions& options,
                    const ProgressFn& progress, const StopFn& stop);

/// What a training would do, measured on some steps of each phase; nothing is written.
struct TrainingForecast {
  std::int64_t parameters = 0, largest_macs = 0, smallest_macs = 0, steps = 0;
  double subnets = 0;           ///< cardinality of the space
  double seconds = 0;           ///< of all steps; validation is not counted
  std::int64_t peak_bytes = 0;  ///< of memory of this process on the host, not on a GPU
};
TrainingForecast forecast_training(const SearchSpace& space, const Dataset& data,
                                   const TrainOptions& options);

}  // namespace tinynas
