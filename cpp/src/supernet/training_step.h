#pragma once
// One optimisation step: gradients of a batch over fixed shards, summed over all processes, and
// SGD.

#include <torch/torch.h>

#include <cstdint>
#include <span>
#include <vector>

#include "supernet/collectives.h"
#include "supernet/elastic_network.h"
#include "supernet/image_batches.h"
#include "tinynas/dataset.h"
#include "tinynas/progress.h"
#include "tinynas/trainer.h"

namespace tinynas {

/// Whose gradients a step takes.
class Trainee {
 public:
  virtual ~Trainee() = default;
  /// The weights, in a fixed order.
  virtual NamedTensors parameters() const = 0;
  /// One for each shard of this process (local_shards): leaves over the same memory, whose
  /// gradients are the shard's own.
  virtual std::vector<NamedTensors> replica_parameters() const = 0;
  /// Adds a shard's gradients of step `step` to its replica and returns the loss that is reported.
  /// `targets`: (N, classes), probabilities. Shards are asked side by side.
  virtual double backward(std::size_t shard, const torch::Tensor& images,
                          const torch::Tensor& targets, std::int64_t step) = 0;
};

/// Shards of a batch that this process trains: those from rank * local_shards on.
inline int local_shards(const TrainingOptions& options) {
  return options.shards / options.group.size;
}

/// The number, among all processes' shards, of this process's first.
inline std::size_t first_shard(const TrainingOptions& options) {
  return static_cast<std::size_t>(options.group.rank * local_shards(options));
}

struct StepResult {
  double loss = 0;    ///< mean of all shards
  bool stop = false;  ///< asked for in any process
};

/// Trainee, optimiser and shards. Results depend on the options alone, not on how many threads
/// there are; on the number of processes only by the order of sums.
class TrainingState {
 public:
  TrainingState(Trainee& trainee, const Dataset& data, const Normalisation& normalisation,
                const TrainingOptions& options, torch::Device device);

  /// `indices`: the batch of all processes. Throws Error when the loss, the norm of the gradients
  /// or the new weights are not finite.
  StepResult step(std::span<const std::int32_t> indices, std::int64_t number, double learning_rate,
                  const StopFn& stop = {});
  const Collectives& group() const { return group_; }

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
  void update_averages();
  /// Gradients of the parameters and, in place, `numbers`, summed over the shards of all processes.
  std::vector<torch::Tensor> sum_gradients(std::vector<double>& numbers);
  /// From the sum to the mean of the shards, clipped.
  void scale_gradients(const std::vector<torch::Tensor>& gradients, std::int64_t number);
  void check_finite(double value, const char* what, std::int64_t number) const;

  Trainee& trainee_;
  const ImageSet& images_;
  int classes_;
  const Normalisation& normalisation_;
  const TrainingOptions& options_;
  torch::Device device_;
  Collectives group_;
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
