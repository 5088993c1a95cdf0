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

/// What a step trains: the largest subnet from labels, each student from the largest's detached
/// softmax.
struct StepTask {
  std::vector<Subnet> students;  ///< empty during warm-up
  std::uint64_t stream = 0;      ///< names the step's random numbers
};

/// Supernet, optimiser and shards. Results depend on the options alone, not on how many threads
/// there are.
class TrainingState {
 public:
  TrainingState(Supernet& supernet, const ImageSet& images, const Normalisation& normalisation,
                const TrainOptions& options, torch::Device device);

  /// Returns the mean loss of the largest subnet. Throws Error when it is not a number.
  double step(std::span<const std::int32_t> indices, const StepTask& task, double learning_rate);

  void reset_momentum();
  /// Momentum buffers as "momentum.NAME"; zeros before the first step.
  NamedTensors momentum() const;
  void set_momentum(const std::string& name, const torch::Tensor& value);

 private:
  double shard_gradients(std::size_t shard, std::span<const std::int32_t> indices,
                         const StepTask& task);
  void reduce_gradients();

  const ImageSet& images_;
  const Normalisation& normalisation_;
  const TrainOptions& options_;
  torch::Device device_;
  Subnet largest_;
  NamedTensors parameters_;
  std::vector<Supernet> replicas_;
  std::vector<NamedTensors> replica_parameters_;
  std::vector<torch::Tensor> momentum_;
};

}  // namespace tinynas
