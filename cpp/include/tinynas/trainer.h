#pragma once
// Trains a once-for-all supernet.

#include <cstdint>
#include <memory>
#include <string>

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
  int shift_pixels = 2;
  bool horizontal_flip = true;
  int erase_pixels = 0;
  double checkpoint_seconds = 120;
};

/// The defaults are the recipe of the shipped supernets.
struct TrainOptions : TrainingOptions {
  std::string out_dir;       ///< supernet.pt, checkpoint.pt, history.json and MODEL_CARD.md
  double warmup_epochs = 4;  ///< the largest subnet alone, before channels are sorted
  double epochs = 16;        ///< sandwich rule: largest, smallest and `random_subnets` a step
  int random_subnets = 2;
  int random_subnets_in_card = 20;
  std::string command;  ///< as typed, for the model card
};

/// Warm-up of the largest subnet, channel sorting (Once-for-all, ICLR 2020), then the sandwich rule
/// with in-place distillation (Yu et al., "BigNAS", ECCV 2020). Continues from
/// out_dir/checkpoint.pt to the same weights as an uninterrupted run (same device). A group of
/// processes takes the steps that one would, up to the order in which float32 gradients are summed;
/// its leader writes all files. Throws BadInput on options, data or a checkpoint that do not belong
/// together, Interrupted after a checkpoint when `stop` says so in any process, Error when loss,
/// gradients or weights are not finite any more (the last checkpoint is from before) and when
/// another process of the group is gone.
void train_supernet(const SearchSpace& space, const Dataset& data, const TrainOptions& options,
                    const ProgressFn& progress, const StopFn& stop);

}  // namespace tinynas
