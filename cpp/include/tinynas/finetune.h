#pragma once
// Fine-tunes the winner of a search, in floats and then, where asked, with its int8 rounding.

#include <optional>
#include <string>
#include <vector>

#include "tinynas/quantize.h"
#include "tinynas/run_store.h"
#include "tinynas/supernet.h"
#include "tinynas/trainer.h"

namespace tinynas {

struct FinetuneOptions : TrainingOptions {
  FinetuneOptions() { learning_rate = 0.05; }
  double epochs = 8;            ///< in floats, BN with the batch's statistics
  double quantised_epochs = 0;  ///< after these: BN folded, weights and activations rounded to int8
  double quantised_learning_rate = 0.005;  ///< at its highest, in the quantised epochs
  double distillation = 0.5;  ///< share of the loss that is cross-entropy to the largest subnet
};

/// The winner with one set of weights.
struct FinetuneStage {
  std::string name;                            ///< "zero-shot", "fine-tuned", "quantisation-aware"
  double validation = 0, validation_int8 = 0;  ///< accuracies, 0 to 1
  std::optional<double> test, test_int8;       ///< of the search and of what is kept
  std::string quantisation;                    ///< see describe(QuantiseOptions)
};

struct FinetuneResult {
  std::vector<FinetuneStage> stages;  ///< zero-shot (supernet weights) first
  std::size_t kept = 0;  ///< best int8 validation accuracy, then float; of equals the first
  double seconds = 0;    ///< of training
};

/// Trains the winner from its supernet weights, distilled from the largest subnet (Hinton, Vinyals
/// and Dean, 2015), and writes what is kept to the run's best/: weights.pt, model.tflite, and
/// finetuned.json with every stage. The test images are used for the kept stage only. Checkpoints
/// lie in the run's finetune/ until it is done; the same call continues them to the same weights
/// (same device). `supernet` and `data` must be those of the search. In a group of processes the
/// leader measures and writes; the others only train with it, and get no stages.
///
/// Throws BadInput on options, files or a checkpoint that do not belong together, and when another
/// process is at work in the run; Interrupted after a checkpoint when `stop` says so; Error when
/// the loss is not a number.
FinetuneResult finetune(const FinishedRun& run, const std::string& supernet, const Dataset& data,
                        const FinetuneOptions& options, const ProgressFn& progress,
                        const StopFn& stop);

}  // namespace tinynas
