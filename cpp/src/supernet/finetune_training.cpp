#include "supernet/finetune_training.h"

#include "quantize/equalise.h"
#include "supernet/fake_quantisation.h"
#include "supernet/int8_measurement.h"
#include "supernet/precision.h"
#include "supernet/subnet_measurement.h"
#include "tinynas/error.h"

namespace tinynas {
namespace {

/// visit(name, tensor) for all that is trained.
template <typename Visit>
void visit_parameters(SubnetProgram& program, Visit visit) {
  for (std::size_t i = 0; i < program.layers.size(); ++i) {
    ConvBn& conv = program.layers[i].conv;
    const std::string name = "layer" + std::to_string(i);
    visit(name + ".weight", conv.weight);
    visit(name + ".gamma", conv.gamma);
    visit(name + ".beta", conv.beta);
  }
  visit("classifier.weight", program.classifier_weight);
  visit("classifier.bias", program.classifier_bias);
}

template <typename Visit>
void visit_parameters(FoldedNetwork& network, Visit visit) {
  for (std::size_t i = 0; i < network.layers.size(); ++i) {
    const std::string name = "layer" + std::to_string(i);
    visit(name + ".weight", network.layers[i].weight);
    visit(name + ".bias", network.layers[i].bias);
  }
  visit("classifier.weight", network.classifier_weight);
  visit("classifier.bias", network.classifier_bias);
}

/// Memory of its own, that gradients may flow to.
template <typename Network>
Network own_copy(Network network) {
  visit_parameters(network, [](const std::string&, torch::Tensor& t) { t = t.detach().clone(); });
  return network;
}

/// The same memory; gradients of its own.
template <typename Network>
Network replica_of(Network network) {
  visit_parameters(
      network, [](const std::string&, torch::Tensor& t) { t = t.detach().requires_grad_(true); });
  return network;
}

template <typename Network>
NamedTensors parameters_of(Network network) {
  NamedTensors list;
  visit_parameters(
      network, [&](std::string name, torch::Tensor& t) { list.emplace_back(std::move(name), t); });
  return list;
}

torch::Tensor taught(const FinetuneTask& task, const torch::Tensor& images) {
  const torch::NoGradGuard no_grad;
  return forward(task.teacher, resize_batch(images, task.teacher_resolution)).softmax(1);
}

torch::Tensor one_hot(const LabelledImages& images, int classes) {
  return at::one_hot(images.labels, classes).to(torch::kFloat);
}

}  // namespace

FinetuneTraining::FinetuneTraining(const FinetuneTask& task, double learning_rate,
                                   std::int64_t steps_per_epoch, std::int64_t total_steps)
    : task_(task),
      learning_rate_(learning_rate),
      steps_per_epoch_(steps_per_epoch),
      total_steps_(total_steps) {}

double FinetuneTraining::backward(std::size_t shard, const torch::Tensor& images,
                                  const torch::Tensor& targets, std::int64_t) {
  const FinetuneOptions& options = task_.options;
  const torch::Tensor made = logits(shard, resize_batch(images, task_.resolution()));
  torch::Tensor loss = cross_entropy(made, targets);
  if (options.distillation > 0) {
    loss = (1 - options.distillation) * loss +
           options.distillation * cross_entropy(made, taught(task_, images));
  }
  loss.backward();
  return loss.item<double>();
}

double FinetuneTraining::learning_rate(std::int64_t step) const {
  return learning_rate_ *
         cosine_with_ramp(step, 0.5 * static_cast<double>(steps_per_epoch_), total_steps_);
}

FloatTraining::FloatTraining(const FinetuneTask& task, const SubnetProgram& start,
                             std::int64_t steps_per_epoch, std::int64_t total_steps)
    : FinetuneTraining(task, task.options.learning_rate, steps_per_epoch, total_steps),
      program_(own_copy(start)) {
  parameters_ = parameters_of(program_);
  for (int shard = 0; shard < local_shards(task.options); ++shard) {
    replicas_.push_back(replica_of(program_));
    replica_parameters_.push_back(parameters_of(replicas_.back()));
  }
}

torch::Tensor FloatTraining::logits(std::size_t shard, const torch::Tensor& images) const {
  return forward_in(task_.options.precision, images.device(),
                    [&] { return forward_with_batch_statistics(replicas_[shard], images); });
}

FoldedNetwork FloatTraining::network() const { return recalibrated(program_, task_.calibration); }

std::vector<std::pair<std::string, double>> FloatTraining::validate() {
  const LabelledImages& images = task_.validation;
  return {
      {"float", measure(network(), images.pixels, images.labels, one_hot(images, task_.classes()))
                    .accuracy}};
}

QuantisedTraining::QuantisedTraining(const FinetuneTask& task, const FoldedNetwork& start,
                                     const QuantiseOptions& quantisation,
                                     std::int64_t steps_per_epoch, std::int64_t total_steps)
    : FinetuneTraining(task, task.options.quantised_learning_rate, steps_per_epoch, total_steps),
      network_(own_copy(start)),
      method_(quantisation.method),
      grid_(task.graph) {
  if (quantisation.equalise) {
    FloatNetwork floats = float_network(task.graph, network_);
    auto statistics = measure_activations(floats.graph, network_, task.ranges, task.normalisation);
    equalise_channels(floats, statistics);
    load_float_network(floats, network_);
  }
  parameters_ = parameters_of(network_);
  for (int shard = 0; shard < local_shards(task.options); ++shard) {
    replicas_.push_back(replica_of(network_));
    replica_parameters_.push_back(parameters_of(replicas_.back()));
  }
}

Graph QuantisedTraining::quantised() const {
  const FloatNetwork floats = float_network(task_.graph, network_);
  return quantise(floats,
                  measure_activations(floats.graph, network_, task_.ranges, task_.normalisation),
                  {method_, /*equalise=*/false});
}

bool QuantisedTraining::begin(std::int64_t step) {
  if (step % steps_per_epoch_ == 0) grid_ = quantised();
  return false;
}

torch::Tensor QuantisedTraining::logits(std::size_t shard, const torch::Tensor& images) const {
  return forward_fake_quantised(replicas_[shard], grid_, images);
}

std::vector<std::pair<std::string, double>> QuantisedTraining::validate() {
  const LabelledImages& images = task_.validation;
  return {{"int8",
           measure_int8(quantised(), images.pixels, images.labels, one_hot(images, task_.classes()))
               .accuracy}};
}

void QuantisedTraining::save(StateFile& state) const {
  Json scales = Json::array(), zero_points = Json::array();
  for (const Tensor& tensor : grid_.tensors) {
    scales.push_back(tensor.scale);
    zero_points.push_back(tensor.zero_point);
  }
  state.metadata["activation_scales"] = scales;
  state.metadata["activation_zero_points"] = zero_points;
}

void QuantisedTraining::load(const StateFile& state, const std::string& path) {
  const Json& scales = json_at(state.metadata, "activation_scales", path);
  const Json& zero_points = json_at(state.metadata, "activation_zero_points", path);
  if (scales.size() != grid_.tensors.size() || zero_points.size() != grid_.tensors.size())
    throw BadInput(path + ": field 'activation_scales' is of another network");
  for (std::size_t i = 0; i < grid_.tensors.size(); ++i) {
    grid_.tensors[i].scale = scales[i].get<float>();
    grid_.tensors[i].zero_point = zero_points[i].get<std::int32_t>();
  }
}

}  // namespace tinynas
