#pragma once
// Trains one network alone, from random weights: the truth that a supernet's word is compared with.

#include <string>
#include <vector>

#include "tinynas/dataset.h"
#include "tinynas/finetune.h"
#include "tinynas/layer_network.h"
#include "tinynas/progress.h"

namespace tinynas {

/// A fine-tuning that starts from random weights and has no teacher.
struct StandaloneOptions : FinetuneOptions {
  StandaloneOptions() {
    learning_rate = TrainOptions().learning_rate;
    epochs = 20;
    distillation = 0;
  }
  /// Takes weights.pt, model.tflite, result.json, checkpoint.pt and history.json (in floats), and
  /// quantised/ with those of the quantised epochs.
  std::string out_dir;
  std::string command;  ///< as typed, for result.json
};

struct StandaloneResult {
  std::vector<FinetuneStage> stages;  ///< "trained", "quantisation-aware"; accuracies, 0 to 1
  std::size_t kept = 0;               ///< see FinetuneResult; it alone is measured on test images
  double seconds = 0;                 ///< of training
};

/// He-normal initialisation from the options' seed, plain labels, images and augmentation as a
/// supernet sees them (resized from the data's size to the network's). BN is recalibrated as for
/// deployment, the test images are measured once, at the end. Continues from out_dir/checkpoint.pt
/// to the same weights (same device). Throws BadInput on options, data or a checkpoint that do not
/// belong together; Interrupted after a checkpoint when `stop` says so; Error when the loss is not
/// a number.
StandaloneResult train_standalone(const LayerNetwork& network, const Dataset& data,
                                  const StandaloneOptions& options, const ProgressFn& progress,
                                  const StopFn& stop);

}  // namespace tinynas
