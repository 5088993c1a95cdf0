#pragma once
// One optimisation step: gradients of a batch over fixed shards, and SGD.

#include <torch/torch.h>

#include <cstdint>
#include <span>
#include <vector>

#include "supernet/elastic_network.h"
#include "supernet/image_batches.h"
#include "tinynas/dataset.h"
#include "tinynas/trainer.h"

namespace tinynas {

/// Whose gradients a step takes.
class Trainee {
 public:
  virtual ~Trainee() = default;
  /// The weights, in a fixed order.
  virtual NamedTensors parameters() const = 0;
  /// One for each shard: leaves over the same memory, whose gradients are the shard's own.
  virtual std::vector<NamedTensors> replica_parameters() const = 0;
  /// Adds a shard's gradients of step `step` to its replica and returns the loss that is reported.
  /// Shards are asked side by side.
  virtual double backward(std::size_t shard, const torch::Tensor& images,
                          const torch::Tensor& labels, std::int64_t step) = 0;
};

/// Trainee, optimiser and shards. Results depend on the options alone, not on how many threads
/// there are.
class TrainingState {
 public:
  TrainingState(Trainee& trainee, const ImageSet& images, const Normalisation& normalisation,
                const TrainingOptions& options, torch::Device device);

  /// Returns the mean loss of the shards. Throws Error when it is not a number.
  double step(std::span<const std::int32_t> indices, std::int64_t number, double learning_rate);

  void reset_momentum();
  /// Momentum buffers as "momentum.NAME"; zeros before the first step.
  NamedTensors momentum() const;
  void set_momentum(const std::string& name, const torch::Tensor& value);

 private:
  double shard_gradients(std::size_t shard, std::span<const std::int32_t> indices,
                         std::int64_t number);
  void reduce_gradients();

  Trainee& trainee_;
  const ImageSet& images_;
  const Normalisation& normalisation_;
  const TrainingOptions& options_;
  torch::Device device_;
  NamedTensors parameters_;
  std::vector<NamedTensors> replica_parameters_;
  std::vector<torch::Tensor> momentum_;
};

/// Mean cross-entropy of logits (N, classes) to a teacher's probabilities (N, classes).
torch::Tensor distillation_loss(const torch::Tensor& logits, const torch::Tensor& teacher);

}  // namespace tinynas
