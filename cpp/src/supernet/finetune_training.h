#pragma once
// The two trainings of a single network: in floats, and with the rounding of its int8 network.

#include <torch/torch.h>

#include <vector>

#include "supernet/elastic_network.h"
#include "supernet/image_batches.h"
#include "supernet/training_loop.h"
#include "tinynas/finetune.h"
#include "tinynas/quantize.h"

namespace tinynas {

/// What both need.
struct FinetuneTask {
  const Dataset& data;
  const Normalisation& normalisation;
  const FinetuneOptions& options;
  Graph graph;            ///< of the network, lowered
  FoldedNetwork teacher;  ///< the largest subnet, where distillation is above 0
  int teacher_resolution = 0;
  /// At the network's resolution. For BN of the weights that training starts from, and of those
  /// that it makes: augmented as the images that either learnt from. For ranges of activations:
  /// plain.
  torch::Tensor start_calibration, calibration, ranges;
  LabelledImages validation;

  int resolution() const { return graph.tensors[graph.input].shape.h; }
  int classes() const { return graph.tensors[graph.output].shape.c; }
};

/// Labels and the teacher's softmax, weighed by FinetuneOptions::distillation; half a cosine.
class FinetuneTraining : public Training {
 public:
  FinetuneTraining(const FinetuneTask& task, double learning_rate, std::int64_t steps_per_epoch,
                   std::int64_t total_steps);
  NamedTensors parameters() const override { return parameters_; }
  std::vector<NamedTensors> replica_parameters() const override { return replica_parameters_; }
  double backward(std::size_t shard, const torch::Tensor& images, const torch::Tensor& labels,
                  std::int64_t step) override;
  double learning_rate(std::int64_t step) const override;

 protected:
  virtual torch::Tensor logits(std::size_t shard, const torch::Tensor& images) const = 0;

  const FinetuneTask& task_;
  double learning_rate_;
  std::int64_t steps_per_epoch_, total_steps_;
  NamedTensors parameters_;
  std::vector<NamedTensors> replica_parameters_;
};

/// BN with the batch's statistics.
class FloatTraining : public FinetuneTraining {
 public:
  FloatTraining(const FinetuneTask& task, const SubnetProgram& start, std::int64_t steps_per_epoch,
                std::int64_t total_steps);
  bool begin(std::int64_t) override { return false; }
  std::vector<std::pair<std::string, double>> validate() override;
  /// BN recalibrated on the task's calibration images and folded.
  FoldedNetwork network() const;

 private:
  torch::Tensor logits(std::size_t shard, const torch::Tensor& images) const override;
  SubnetProgram program_;
  std::vector<SubnetProgram> replicas_;
};

/// BN folded; rounding to int8 steps in every forward pass. The ranges of activations are measured
/// anew, in the way that the network is quantised at the end, when an epoch begins.
class QuantisedTraining : public FinetuneTraining {
 public:
  QuantisedTraining(const FinetuneTask& task, const FoldedNetwork& start,
                    const QuantiseOptions& quantisation, std::int64_t steps_per_epoch,
                    std::int64_t total_steps);
  bool begin(std::int64_t step) override;
  std::vector<std::pair<std::string, double>> validate() override;
  void save(StateFile& state) const override;
  void load(const StateFile& state, const std::string& path) override;
  const FoldedNetwork& network() const { return network_; }

 private:
  torch::Tensor logits(std::size_t shard, const torch::Tensor& images) const override;
  Graph quantised() const;
  FoldedNetwork network_;
  std::vector<FoldedNetwork> replicas_;
  RangeMethod method_;
  Graph grid_;  ///< scales and zero points of the epoch under way
};

}  // namespace tinynas
