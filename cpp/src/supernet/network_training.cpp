#include "supernet/network_training.h"

#include <cmath>

#include "supernet/precision.h"
#include "supernet/subnet_measurement.h"
#include "tinynas/error.h"

namespace tinynas {

FinetuneTask NetworkTraining::make_task(const Dataset& data, const Normalisation& normalisation,
                                        const FinetuneOptions& options, Graph graph,
                                        const Augmentation& learnt_from, torch::Device device) {
  FinetuneTask task{data, normalisation, options, std::move(graph), {}, 0, {}, {}, {}, {}};
  const int resolution = task.resolution();
  const auto augmented = [&](const Augmentation& augmentation) {
    return calibration_images(data.calibration, 0, normalisation, augmentation, resolution, device);
  };
  task.start_calibration = augmented(learnt_from);
  task.calibration = options.augmentation == learnt_from ? task.start_calibration
                                                         : augmented(options.augmentation);
  task.ranges =
      first_images(data.calibration, kRangeImages, normalisation, resolution, device).pixels;
  task.validation = first_images(data.validation, 0, normalisation, resolution, device);
  return task;
}

NetworkTraining::NetworkTraining(const FinetuneTask& task, NetworkTrainingPlan plan,
                                 torch::Device device, const ProgressFn& progress,
                                 const StopFn& stop)
    : task_(task),
      plan_(std::move(plan)),
      device_(device),
      group_(task.options.group, device),
      progress_(progress),
      stop_(stop),
      steps_per_epoch_(static_cast<std::int64_t>(task.data.train.count()) /
                       task.options.batch_images) {
  check_precision(task.options.precision, device);
  Json recipe = recipe_json(task.data, task.options);
  recipe.update(plan_.recipe);
  recipe["epochs"] = task.options.epochs;
  recipe["quantised_epochs"] = task.options.quantised_epochs;
  recipe["quantised_learning_rate"] = task.options.quantised_learning_rate;
  recipe["distillation"] = task.options.distillation;
  plan_.recipe = std::move(recipe);
}

std::vector<TrainedNetwork> NetworkTraining::run(const SubnetProgram& start) {
  const FinetuneOptions& options = task_.options;
  const bool leads = group_.leads();
  std::vector<TrainedNetwork> trained;
  FoldedNetwork network;
  if (options.epochs > 0) {
    FloatTraining training(task_, start, steps_per_epoch_, epoch_steps(options.epochs));
    seconds_ += train(training, "float", epoch_steps(options.epochs));
    network = training.network();
    if (leads) trained.push_back(measured(plan_.float_name, network));
  } else {
    network = starting_network(start);
  }
  if (options.quantised_epochs > 0) {
    QuantiseOptions way;
    if (leads)
      way = trained.empty() ? quantised(network).options : trained.back().quantised.options;
    share(way);
    QuantisedTraining training(task_, network, way, steps_per_epoch_,
                               epoch_steps(options.quantised_epochs));
    seconds_ += train(training, "quantised", epoch_steps(options.quantised_epochs));
    if (leads) trained.push_back(measured("quantisation-aware", training.network()));
  }
  return trained;
}

void NetworkTraining::share(QuantiseOptions& options) const {
  const Json shared =
      group_.share(Json{{"method", options.method}, {"equalise", options.equalise}});
  options.method = shared["method"].get<RangeMethod>();
  options.equalise = shared["equalise"].get<bool>();
}

std::int64_t NetworkTraining::epoch_steps(double epochs) const {
  return std::llround(epochs * static_cast<double>(steps_per_epoch_));
}

double NetworkTraining::train(Training& training, const std::string& phase,
                              std::int64_t steps) const {
  const bool in_floats = phase == "float";
  const TrainingPlan plan{in_floats ? plan_.float_directory : plan_.quantised_directory,
                          plan_.recipe, plan_.elsewhere, steps_per_epoch_, steps};
  const ProgressFn progress =
      !progress_ ? progress_ : [&](const std::string& line) { progress_(phase + ": " + line); };
  TrainingOptions options = task_.options;
  // A run that was killed between its phases has no checkpoint of the second yet.
  if (!in_floats && task_.options.epochs > 0) options.resume = Resume::kAuto;
  return run_training(training, plan, task_.data, task_.normalisation, options, device_, progress,
                      stop_);
}

FoldedNetwork NetworkTraining::starting_network(const SubnetProgram& start) const {
  return recalibrated(start, task_.start_calibration);
}

QuantisedNetwork NetworkTraining::quantised(const FoldedNetwork& network) const {
  const LabelledImages choice{task_.validation.pixels.slice(0, 0, kChoiceImages),
                              task_.validation.labels.slice(0, 0, kChoiceImages)};
  const torch::Tensor yardstick =
      plan_.yardstick.defined() ? plan_.yardstick : predict_probabilities(network, choice.pixels);
  return quantise_best(task_.graph, network, task_.normalisation,
                       {task_.ranges, choice, yardstick});
}

double NetworkTraining::float_accuracy(const FoldedNetwork& network,
                                       const LabelledImages& images) const {
  return measure(network, images.pixels, images.labels, no_teacher(images)).accuracy;
}

double NetworkTraining::int8_accuracy(const Graph& graph, const LabelledImages& images) const {
  return measure_int8(graph, images.pixels, images.labels, no_teacher(images)).accuracy;
}

/// For accuracies alone.
torch::Tensor NetworkTraining::no_teacher(const LabelledImages& images) const {
  return at::one_hot(images.labels, task_.classes()).to(torch::kFloat);
}

TrainedNetwork NetworkTraining::measured(const std::string& name,
                                         const FoldedNetwork& network) const {
  TrainedNetwork trained{{}, network, quantised(network)};
  trained.stage.name = name;
  trained.stage.validation = float_accuracy(network, task_.validation);
  trained.stage.validation_int8 = int8_accuracy(trained.quantised.graph, task_.validation);
  trained.stage.quantisation = describe(trained.quantised.options);
  return trained;
}

void NetworkTraining::measure_test(TrainedNetwork& trained) const {
  if (progress_) progress_("measuring " + trained.stage.name + " weights on the test images");
  const LabelledImages test =
      first_images(task_.data.test, 0, task_.normalisation, task_.resolution(), device_);
  trained.stage.test = float_accuracy(trained.network, test);
  trained.stage.test_int8 = int8_accuracy(trained.quantised.graph, test);
}

std::size_t best_stage(const std::vector<FinetuneStage>& stages) {
  std::size_t best = 0;
  const auto key = [&](std::size_t i) {
    return std::pair(stages[i].validation_int8, stages[i].validation);
  };
  for (std::size_t i = 1; i < stages.size(); ++i) {
    if (key(i) > key(best)) best = i;
  }
  return best;
}

Json stages_json(const std::vector<FinetuneStage>& stages) {
  Json list = Json::array();
  for (const FinetuneStage& stage : stages) {
    list.push_back({{"name", stage.name},
                    {"validation", stage.validation},
                    {"validation_int8", stage.validation_int8},
                    {"test", json_or_null(stage.test)},
                    {"test_int8", json_or_null(stage.test_int8)},
                    {"quantisation", stage.quantisation}});
  }
  return list;
}

void check_finetune_options(const FinetuneOptions& options, const Dataset& data) {
  if (options.epochs < 0 || options.quantised_epochs < 0 ||
      options.epochs + options.quantised_epochs <= 0) {
    throw BadInput("--epochs and --quantised-epochs: at least one must be above 0, none below");
  }
  if (!(options.quantised_learning_rate > 0))
    throw BadInput("--quantised-learning-rate: must be above 0");
  if (!(options.distillation >= 0 && options.distillation <= 1))
    throw BadInput("--distillation: must lie in 0 to 1");
  check_training_options(options, data);
}

}  // namespace tinynas
