#pragma once
// One network from given weights to what is deployed: trained in floats, then with int8 rounding
// where asked, quantised, measured. Winners of searches and networks that are trained alone share
// every line.

#include <torch/torch.h>

#include <string>
#include <vector>

#include "base/json_io.h"
#include "supernet/collectives.h"
#include "supernet/finetune_training.h"
#include "supernet/int8_measurement.h"

namespace tinynas {

/// Weights of the network, ready to be written.
struct TrainedNetwork {
  FinetuneStage stage;
  FoldedNetwork network;
  QuantisedNetwork quantised;
};

struct NetworkTrainingPlan {
  std::string float_directory, quantised_directory;  ///< of checkpoints and histories
  Json recipe;             ///< beside the fields that every such training has
  std::string elsewhere;   ///< see TrainingPlan
  std::string float_name;  ///< of the stage
  /// Probabilities of the first kChoiceImages validation images that int8 should come close to;
  /// undefined: the network's own in floats.
  torch::Tensor yardstick;
};

class NetworkTraining {
 public:
  /// All but the teacher of a task: images at the graph's resolution. `learnt_from` is the
  /// augmentation of the images that the weights at its start were trained on.
  static FinetuneTask make_task(const Dataset& data, const Normalisation& normalisation,
                                const FinetuneOptions& options, Graph graph,
                                const Augmentation& learnt_from, torch::Device device);

  /// The references of `task` and all else that is referred to must outlive this.
  NetworkTraining(const FinetuneTask& task, NetworkTrainingPlan plan, torch::Device device,
                  const ProgressFn& progress, const StopFn& stop);

  /// One a phase that has epochs, not measured on test images. The leader of a group measures; the
  /// others only train, and return nothing.
  std::vector<TrainedNetwork> run(const SubnetProgram& start);
  double seconds() const { return seconds_; }  ///< of training
  const Json& recipe() const { return plan_.recipe; }

  /// The weights that training starts from, BN recalibrated on all calibration images and folded.
  FoldedNetwork starting_network(const SubnetProgram& start) const;
  QuantisedNetwork quantised(const FoldedNetwork& network) const;
  void measure_test(TrainedNetwork& trained) const;

 private:
  double train(Training& training, const std::string& phase, std::int64_t steps) const;
  /// The leader's.
  void share(QuantiseOptions& options) const;
  TrainedNetwork measured(const std::string& name, const FoldedNetwork& network) const;
  std::int64_t epoch_steps(double epochs) const;
  double float_accuracy(const FoldedNetwork& network, const LabelledImages& images) const;
  double int8_accuracy(const Graph& graph, const LabelledImages& images) const;
  torch::Tensor no_teacher(const LabelledImages& images) const;

  const FinetuneTask& task_;
  NetworkTrainingPlan plan_;
  torch::Device device_;
  Collectives group_;
  const ProgressFn& progress_;
  const StopFn& stop_;
  std::int64_t steps_per_epoch_;
  double seconds_ = 0;
};

/// Best int8 validation accuracy, then float; of equals the first.
std::size_t best_stage(const std::vector<FinetuneStage>& stages);
/// As JSON, in order.
Json stages_json(const std::vector<FinetuneStage>& stages);
/// Throws BadInput on epochs, rates and shares that cannot be, and see check_training_options().
void check_finetune_options(const FinetuneOptions& options, const Dataset& data);

}  // namespace tinynas
