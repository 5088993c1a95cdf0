#include "tinynas/finetune.h"

#include <cmath>
#include <filesystem>

#include "base/files.h"
#include "search/run_lock.h"
#include "supernet/collectives.h"
#include "supernet/device.h"
#include "supernet/finetune_training.h"
#include "supernet/int8_measurement.h"
#include "supernet/precision.h"
#include "supernet/subnet_files.h"
#include "supernet/subnet_measurement.h"
#include "supernet/supernet_file.h"
#include "tinynas/error.h"

namespace tinynas {
namespace {

constexpr const char* kFormat = "tinynas-finetuned";
constexpr int kVersion = 1;

void check_options(const FinetuneOptions& options, const Dataset& data) {
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

LoadedSupernet read_supernet_of(const FinishedRun& run, const std::string& path) {
  LoadedSupernet loaded = read_supernet(path);
  if (loaded.info.file_hash == run.supernet_hash) return loaded;
  throw BadInput(path + ": is not the supernet that " + run.directory +
                 " was searched with; name that one with --supernet");
}

/// One set of weights of the winner, ready to be written.
struct Trained {
  FinetuneStage stage;
  FoldedNetwork network;
  QuantisedNetwork quantised;
};

class Finetuning {
 public:
  Finetuning(const FinishedRun& run, LoadedSupernet loaded, const Dataset& data,
             const FinetuneOptions& options, const ProgressFn& progress, const StopFn& stop)
      : run_(run),
        data_(data),
        options_(options),
        progress_(progress),
        stop_(stop),
        device_(parse_device(options.device, options.group)),
        group_(options.group, device_),
        supernet_(std::move(loaded.supernet)),
        info_(std::move(loaded.info)),
        normalisation_{info_.mean, info_.deviation},
        task_(make_task()),
        steps_per_epoch_(static_cast<std::int64_t>(data.train.count()) / options.batch_images) {
    check_precision(options.precision, device_);
    const LabelledImages choice =
        first(Split::kValidation, kChoiceImages, task_.teacher_resolution);
    images_ = {task_.ranges,
               {task_.validation.pixels.slice(0, 0, kChoiceImages),
                task_.validation.labels.slice(0, 0, kChoiceImages)},
               predict_probabilities(task_.teacher, choice.pixels)};
  }

  /// The leader of a group measures and writes; the others only train, and return nothing.
  FinetuneResult run() {
    const bool leads = group_.leads();
    FinetuneResult result;
    result.stages.push_back({"zero-shot", run_.validation, run_.validation_int8, run_.test,
                             run_.test_int8, run_.quantisation});
    std::vector<Trained> trained;
    FoldedNetwork network;
    if (options_.epochs > 0) {
      FloatTraining training(task_, supernet_.slice(task_.subnet), steps_per_epoch_,
                             epoch_steps(options_.epochs));
      result.seconds += train(training, "float", epoch_steps(options_.epochs));
      network = training.network();
      if (leads) trained.push_back(measured("fine-tuned", network));
    } else {
      network = supernet_network();
    }
    if (options_.quantised_epochs > 0) {
      QuantiseOptions way;
      if (leads)
        way = trained.empty() ? quantise_winner(network).options : trained.back().quantised.options;
      share(way);
      QuantisedTraining training(task_, network, way, steps_per_epoch_,
                                 epoch_steps(options_.quantised_epochs));
      result.seconds += train(training, "quantised", epoch_steps(options_.quantised_epochs));
      if (leads) trained.push_back(measured("quantisation-aware", training.network()));
    }
    if (!leads) return {};
    for (const Trained& one : trained) result.stages.push_back(one.stage);
    for (std::size_t i = 1; i < result.stages.size(); ++i) {
      const auto key = [&](std::size_t k) {
        return std::pair(result.stages[k].validation_int8, result.stages[k].validation);
      };
      if (key(i) > key(result.kept)) result.kept = i;
    }
    keep(trained, result);
    return result;
  }

 private:
  LabelledImages first(Split split, int count, int resolution) const {
    return first_images(data_.split(split), count, normalisation_, resolution, device_);
  }

  FinetuneTask make_task() {
    supernet_.to(device_);
    const SearchSpace& space = supernet_.space();
    const Subnet subnet =
        space.decode(read_subnet_file(space, run_.directory + "/best/subnet.json"));
    const Subnet& largest = supernet_.largest();
    c10::InferenceMode inference;
    const SubnetProgram program = supernet_.slice(largest);
    const LabelledImages images = first(Split::kCalibration, 0, largest.resolution);
    FoldedNetwork teacher = fold_batch_norm(program, recalibrate(program, images.pixels));
    const c10::InferenceMode ordinary(false);
    const torch::Tensor calibration = first(Split::kCalibration, 0, subnet.resolution).pixels;
    return {data_,
            normalisation_,
            options_,
            subnet,
            std::move(teacher),
            largest.resolution,
            calibration,
            calibration.slice(0, 0, kRangeImages),
            first(Split::kValidation, 0, subnet.resolution)};
  }

  /// The leader's.
  void share(QuantiseOptions& options) const {
    const Json shared =
        group_.share(Json{{"method", options.method}, {"equalise", options.equalise}});
    options.method = shared["method"].get<RangeMethod>();
    options.equalise = shared["equalise"].get<bool>();
  }

  std::int64_t epoch_steps(double epochs) const {
    return std::llround(epochs * static_cast<double>(steps_per_epoch_));
  }

  std::string folder() const { return run_.directory + "/finetune"; }

  Json recipe() const {
    Json recipe = recipe_json(data_, options_);
    recipe["supernet"] = info_.file_hash;
    recipe["subnet"] = run_.winner_id;
    recipe["epochs"] = options_.epochs;
    recipe["quantised_epochs"] = options_.quantised_epochs;
    recipe["quantised_learning_rate"] = options_.quantised_learning_rate;
    recipe["distillation"] = options_.distillation;
    return recipe;
  }

  double train(Training& training, const std::string& phase, std::int64_t steps) const {
    const TrainingPlan plan{folder() + "/" + phase, recipe(), "remove the folder " + folder(),
                            steps_per_epoch_, steps};
    const ProgressFn progress =
        !progress_ ? progress_ : [&](const std::string& line) { progress_(phase + ": " + line); };
    TrainingOptions options = options_;
    // A run that was killed between its phases has no checkpoint of the second yet.
    if (phase == "quantised" && options_.epochs > 0) options.resume = Resume::kAuto;
    return run_training(training, plan, data_, normalisation_, options, device_, progress, stop_);
  }

  FoldedNetwork supernet_network() const {
    c10::InferenceMode inference;
    const SubnetProgram program = supernet_.slice(task_.subnet);
    return fold_batch_norm(program, recalibrate(program, task_.calibration));
  }

  QuantisedNetwork quantise_winner(const FoldedNetwork& network) const {
    return quantise_best(task_.subnet, network, normalisation_, images_);
  }

  double float_accuracy(const FoldedNetwork& network, const LabelledImages& images) const {
    return measure(network, images.pixels, images.labels, no_teacher(images)).accuracy;
  }
  double int8_accuracy(const Graph& graph, const LabelledImages& images) const {
    return measure_int8(graph, images.pixels, images.labels, no_teacher(images)).accuracy;
  }
  /// For accuracies alone.
  torch::Tensor no_teacher(const LabelledImages& images) const {
    return at::one_hot(images.labels, task_.subnet.classes).to(torch::kFloat);
  }

  Trained measured(const std::string& name, const FoldedNetwork& network) const {
    Trained trained{{}, network, quantise_winner(network)};
    trained.stage.name = name;
    trained.stage.validation = float_accuracy(network, task_.validation);
    trained.stage.validation_int8 = int8_accuracy(trained.quantised.graph, task_.validation);
    trained.stage.quantisation = describe(trained.quantised.options);
    return trained;
  }

  void keep(const std::vector<Trained>& trained, FinetuneResult& result) const {
    FinetuneStage& stage = result.stages[result.kept];
    Trained kept =
        result.kept > 0 ? trained[result.kept - 1] : Trained{stage, supernet_network(), {}};
    if (result.kept == 0) {
      kept.quantised = quantise_winner(kept.network);
    } else {
      if (progress_) progress_("measuring the fine-tuned winner on the test images");
      const LabelledImages test = first(Split::kTest, 0, task_.subnet.resolution);
      stage.test = float_accuracy(kept.network, test);
      stage.test_int8 = int8_accuracy(kept.quantised.graph, test);
    }
    const std::string best = run_.directory + "/best/";
    write_subnet_weights(kept.network, task_.subnet, supernet_.space(), info_, best + "weights.pt");
    write_int8_model(kept.quantised, info_, best + "model.tflite");
    write_json_file(document(result), best + "finetuned.json");
    std::filesystem::remove_all(folder());
  }

  Json document(const FinetuneResult& result) const {
    const auto or_null = [](const std::optional<double>& value) {
      return value ? Json(*value) : Json(nullptr);
    };
    Json stages = Json::array();
    for (const FinetuneStage& stage : result.stages) {
      stages.push_back({{"name", stage.name},
                        {"validation", stage.validation},
                        {"validation_int8", stage.validation_int8},
                        {"test", or_null(stage.test)},
                        {"test_int8", or_null(stage.test_int8)},
                        {"quantisation", stage.quantisation}});
    }
    return {{"format", kFormat},        {"format_version", kVersion},
            {"id", run_.winner_id},     {"kept", result.stages[result.kept].name},
            {"stages", stages},         {"recipe", recipe()},
            {"seconds", result.seconds}};
  }

  const FinishedRun& run_;
  const Dataset& data_;
  const FinetuneOptions& options_;
  const ProgressFn& progress_;
  const StopFn& stop_;
  torch::Device device_;
  Collectives group_;
  Supernet supernet_;
  SupernetInfo info_;
  Normalisation normalisation_;
  FinetuneTask task_;
  std::int64_t steps_per_epoch_;
  QuantisationImages images_;
};

}  // namespace

FinetuneResult finetune(const FinishedRun& run, const std::string& supernet, const Dataset& data,
                        const FinetuneOptions& options, const ProgressFn& progress,
                        const StopFn& stop) {
  use_one_intra_op_thread();
  check_options(options, data);
  std::optional<RunLock> lock;
  if (options.group.leads()) lock.emplace(run.directory);
  LoadedSupernet loaded = read_supernet_of(run, supernet);
  check_same_data(loaded.info, data);
  return Finetuning(run, std::move(loaded), data, options, progress, stop).run();
}

}  // namespace tinynas
