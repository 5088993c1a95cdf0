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
  /// `targets`: (N, classes), probabilities. Shards are asked side by side.
  virtual double backward(std::size_t shard, const torch::Tensor& images,
                          const torch::Tensor& targets, std::int64_t step) = 0;
};

/// Trainee, optimiser and shards. Results depend on the options alone, not on how many threads
/// there are.
class TrainingState {
 public:
  TrainingState(Trainee& trainee, const Dataset& data, const Normalisation& normalisation,
                const TrainingOptions& options, torch::Device device);

  /// Returns the mean loss of the shards. Throws Error when it is not a number.
  double step(std::span<const std::int32_t> indices, std::int64_t number, double learning_rate);

  /// Momentum from zero, averages from the weights as they are.
  void start_anew();
  /// Weights and their averages change places; nothing without TrainingOptions::average_decay.
  void swap_averages();
  /// Momentum buffers as "momentum.NAME" and averages as "average.NAME".
  NamedTensors buffers() const;
  /// Nothing for another name.
  void set_buffer(const std::string& name, const torch::Tensor& value);
  std::int64_t averaged_steps() const { return averaged_steps_; }
  void set_averaged_steps(std::int64_t steps) { averaged_steps_ = steps; }

 private:
  double shard_gradients(std::size_t shard, std::span<const std::int32_t> indices,
                         std::int64_t number);
  void reduce_gradients();
  void update_averages();

  Trainee& trainee_;
  const ImageSet& images_;
  int classes_;
  const Normalisation& normalisation_;
  const TrainingOptions& options_;
  torch::Device device_;
  NamedTensors parameters_;
  std::vector<NamedTensors> replica_parameters_;
  std::vector<torch::Tensor> momentum_, averages_;
  std::int64_t averaged_steps_ = 0;  ///< since the averages began anew
};

/// Mean cross-entropy of logits (N, classes) to probabilities (N, classes).
torch::Tensor cross_entropy(const torch::Tensor& logits, const torch::Tensor& probabilities);
/// The adaptive alpha-divergence of a student from its teacher (Wang et al., "AlphaNet", ICML 2021,
/// equations 5 to 7: alpha -1 and 1, ratios clipped at 5); its value is not the divergence, its
/// gradient is.
torch::Tensor alpha_divergence(const torch::Tensor& logits, const torch::Tensor& teacher);

}  // namespace tinynas
