#include "supernet/training_step.h"

#include <tbb/parallel_for.h>

#include <algorithm>
#include <cmath>

#include "supernet/augmentation.h"
#include "supernet/device.h"
#include "tinynas/error.h"

namespace tinynas {

namespace {

constexpr std::uint32_t kMixupStream = 0x6d697875;

/// An alpha-divergence of each image and what its gradient is taken of.
struct Divergence {
  torch::Tensor value, surrogate;
};

/// `ratio`: teacher over student, clipped; `student`: both detached.
Divergence divergence_of(double alpha, const torch::Tensor& ratio, const torch::Tensor& student,
                         const torch::Tensor& log_student) {
  constexpr double kMostRatio = 5.0;
  torch::Tensor f, rho;
  if (alpha == 1) {
    const torch::Tensor clipped = ratio.clamp(0, kMostRatio);
    f = clipped * clipped.clamp_min(1e-12).log();
    rho = clipped;
  } else {
    const torch::Tensor power = ratio.pow(alpha).clamp(0, kMostRatio);
    f = (power - 1) / (alpha * (alpha - 1));
    rho = power / alpha + 1 / (alpha * (alpha - 1));
  }
  return {(student * f).sum(1), -(student * rho * log_student).sum(1)};
}

double norm_of(const std::vector<torch::Tensor>& tensors) {
  return at::stack(at::_foreach_norm(tensors)).norm().item<double>();
}

}  // namespace

torch::Tensor cross_entropy(const torch::Tensor& logits, const torch::Tensor& probabilities) {
  return -(probabilities * logits.log_softmax(1)).sum(1).mean();
}

torch::Tensor alpha_divergence(const torch::Tensor& logits, const torch::Tensor& teacher) {
  const torch::Tensor log_student = logits.log_softmax(1), student = log_student.detach().exp();
  const torch::Tensor ratio = teacher / student.clamp_min(1e-12);
  const Divergence low = divergence_of(-1, ratio, student, log_student);
  const Divergence high = divergence_of(1, ratio, student, log_student);
  return torch::where(low.value > high.value, low.surrogate, high.surrogate).mean();
}

TrainingState::TrainingState(Trainee& trainee, const Dataset& data,
                             const Normalisation& normalisation, const TrainingOptions& options,
                             torch::Device device)
    : trainee_(trainee),
      images_(data.train),
      classes_(static_cast<int>(data.class_names.size())),
      normalisation_(normalisation),
      options_(options),
      device_(device),
      group_(options.group, device),
      parameters_(trainee.parameters()),
      replica_parameters_(trainee.replica_parameters()) {
  for (const auto& [name, parameter] : parameters_) {
    momentum_.push_back(torch::zeros_like(parameter));
    if (options.average_decay > 0) averages_.push_back(parameter.detach().clone());
  }
}

double TrainingState::shard_gradients(std::size_t shard, std::span<const std::int32_t> indices,
                                      std::int64_t number) {
  const std::uint64_t stream =
      static_cast<std::uint64_t>(number) * static_cast<std::uint64_t>(options_.shards) +
      first_shard(options_) + shard;
  torch::Tensor images = augmented_batch(images_, indices, normalisation_, options_.augmentation,
                                         options_.seed, stream)
                             .to(device_);
  torch::Tensor targets = smoothed_targets(label_batch(images_, indices).to(device_), classes_,
                                           options_.label_smoothing);
  if (options_.augmentation.mixup > 0) {
    Rng rng(options_.seed, stream, kMixupStream);
    mix_in_pairs(images, targets, draw_beta(options_.augmentation.mixup, rng));
  }
  return trainee_.backward(shard, images, targets, number);
}

void TrainingState::check_finite(double value, const char* what, std::int64_t number) const {
  if (std::isfinite(value)) return;
  throw Error(
      ExitCode::kInternal,
      group_.said_once("training diverged at step " + std::to_string(number + 1) + ": " + what +
                       " not finite; start again with a lower --learning-rate (the last "
                       "checkpoint is from before)"));
}

std::vector<torch::Tensor> TrainingState::sum_gradients(std::vector<double>& numbers) {
  // Summed in shard order, so that the result is the same however the shards were scheduled.
  std::vector<torch::Tensor> gradients;
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    torch::Tensor& first = replica_parameters_[0][i].second.mutable_grad();
    if (!first.defined()) first = torch::zeros_like(parameters_[i].second);
    for (std::size_t shard = 1; shard < replica_parameters_.size(); ++shard) {
      torch::Tensor& other = replica_parameters_[shard][i].second.mutable_grad();
      if (other.defined()) first += other;
      other.reset();
    }
    gradients.push_back(first);
  }
  group_.sum(gradients, numbers);
  return gradients;
}

void TrainingState::scale_gradients(const std::vector<torch::Tensor>& gradients,
                                    std::int64_t number) {
  at::_foreach_div_(gradients, static_cast<double>(options_.shards));
  const double norm = norm_of(gradients);
  check_finite(norm, "the gradients' norm is", number);
  if (options_.gradient_norm <= 0 || norm <= options_.gradient_norm) return;
  at::_foreach_mul_(gradients, options_.gradient_norm / norm);
}

StepResult TrainingState::step(std::span<const std::int32_t> indices, std::int64_t number,
                               double learning_rate, const StopFn& stop) {
  const std::size_t shards = replica_parameters_.size();
  const std::size_t part = indices.size() / static_cast<std::size_t>(options_.shards);
  indices = indices.subspan(static_cast<std::size_t>(options_.group.rank) * shards * part);
  std::vector<double> losses(shards);
  auto run = [&](std::size_t shard) {
    use_one_intra_op_thread_here();
    losses[shard] = shard_gradients(shard, indices.subspan(shard * part, part), number);
  };
  if (device_.is_cpu()) {
    tbb::parallel_for(std::size_t{0}, shards, run);
  } else {
    for (std::size_t shard = 0; shard < shards; ++shard) run(shard);
  }
  torch::NoGradGuard no_grad;
  std::vector<double> numbers{0, stop && stop() ? 1.0 : 0.0};
  for (const double value : losses) numbers[0] += value / options_.shards;
  const std::vector<torch::Tensor> gradients = sum_gradients(numbers);
  const StepResult result{numbers[0], numbers[1] > 0};
  check_finite(result.loss, "the loss is", number);
  scale_gradients(gradients, number);
  // SGD with Nesterov momentum. Lists of tensors at once: an accelerator spends its time on
  // starting operations.
  std::vector<torch::Tensor> weights, decayed, their_gradients;
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    weights.push_back(parameters_[i].second);
    if (weights.back().dim() <= 1) continue;
    decayed.push_back(weights.back());
    their_gradients.push_back(gradients[i]);
  }
  at::_foreach_add_(their_gradients, decayed, options_.weight_decay);
  at::_foreach_mul_(momentum_, options_.momentum);
  at::_foreach_add_(momentum_, gradients);
  at::_foreach_add_(gradients, momentum_, options_.momentum);
  at::_foreach_add_(weights, gradients, -learning_rate);
  for (auto& [name, parameter] : replica_parameters_[0]) parameter.mutable_grad().reset();
  check_finite(norm_of(weights), "the weights are", number);
  update_averages();
  return result;
}

void TrainingState::update_averages() {
  // Short at first, so that the weights from which a phase began are soon forgotten.
  const auto steps = static_cast<double>(averaged_steps_++);
  const double decay = std::min(options_.average_decay, (1 + steps) / (10 + steps));
  if (averages_.empty()) return;
  std::vector<torch::Tensor> weights;
  for (const auto& [name, weight] : parameters_) weights.push_back(weight);
  at::_foreach_mul_(averages_, decay);
  at::_foreach_add_(averages_, weights, 1 - decay);
}

void TrainingState::start_anew() {
  torch::NoGradGuard no_grad;
  for (torch::Tensor& buffer : momentum_) buffer.zero_();
  for (std::size_t i = 0; i < averages_.size(); ++i) averages_[i].copy_(parameters_[i].second);
  averaged_steps_ = 0;
}

void TrainingState::swap_averages() {
  torch::NoGradGuard no_grad;
  for (std::size_t i = 0; i < averages_.size(); ++i) {
    const torch::Tensor weights = parameters_[i].second.detach().clone();
    parameters_[i].second.copy_(averages_[i]);
    averages_[i].copy_(weights);
  }
}

NamedTensors TrainingState::buffers() const {
  NamedTensors list;
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    list.emplace_back("momentum." + parameters_[i].first, momentum_[i]);
    if (!averages_.empty()) list.emplace_back("average." + parameters_[i].first, averages_[i]);
  }
  return list;
}

void TrainingState::set_buffer(const std::string& name, const torch::Tensor& value) {
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    if (name == "momentum." + parameters_[i].first) momentum_[i].copy_(value);
    if (!averages_.empty() && name == "average." + parameters_[i].first) averages_[i].copy_(value);
  }
}

}  // namespace tinynas
