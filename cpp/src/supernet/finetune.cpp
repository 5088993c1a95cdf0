#include "tinynas/finetune.h"

#include <filesystem>
#include <optional>

#include "search/run_lock.h"
#include "supernet/device.h"
#include "supernet/network_training.h"
#include "supernet/subnet_files.h"
#include "supernet/subnet_measurement.h"
#include "supernet/supernet_file.h"
#include "tinynas/error.h"

namespace tinynas {
namespace {

constexpr const char* kFormat = "tinynas-finetuned";
constexpr int kVersion = 1;

LoadedSupernet read_supernet_of(const FinishedRun& run, const std::string& path) {
  LoadedSupernet loaded = read_supernet(path);
  if (loaded.info.file_hash == run.supernet_hash) return loaded;
  throw BadInput(path + ": is not the supernet that " + run.directory +
                 " was searched with; name that one with --supernet");
}

class Finetuning {
 public:
  Finetuning(const FinishedRun& run, LoadedSupernet loaded, const Dataset& data,
             const FinetuneOptions& options, const ProgressFn& progress, const StopFn& stop)
      : run_(run),
        data_(data),
        options_(options),
        device_(parse_device(options.device, options.group)),
        supernet_(std::move(loaded.supernet)),
        info_(std::move(loaded.info)),
        normalisation_{info_.mean, info_.deviation},
        subnet_(supernet_.space().decode(
            read_subnet_file(supernet_.space(), run.directory + "/best/subnet.json"))),
        task_(make_task()),
        training_(task_, plan(), device_, progress, stop) {}

  /// The leader of a group measures and writes; the others only train, and return nothing.
  FinetuneResult run() {
    FinetuneResult result;
    result.stages.push_back({"zero-shot", run_.validation, run_.validation_int8, run_.test,
                             run_.test_int8, run_.quantisation});
    std::vector<TrainedNetwork> trained = training_.run(supernet_.slice(subnet_));
    if (!options_.group.leads()) return {};
    for (const TrainedNetwork& one : trained) result.stages.push_back(one.stage);
    result.seconds = training_.seconds();
    result.kept = best_stage(result.stages);
    if (result.kept == 0) {
      const FoldedNetwork network = training_.starting_network(supernet_.slice(subnet_));
      keep({result.stages[0], network, training_.quantised(network)}, result);
    } else {
      TrainedNetwork& kept = trained[result.kept - 1];
      training_.measure_test(kept);
      result.stages[result.kept] = kept.stage;
      keep(kept, result);
    }
    return result;
  }

 private:
  FinetuneTask make_task() {
    supernet_.to(device_);
    FinetuneTask task = NetworkTraining::make_task(data_, normalisation_, options_, lower(subnet_),
                                                   info_.augmentation, device_);
    const Subnet& largest = supernet_.largest();
    c10::InferenceMode inference;
    const SubnetProgram program = supernet_.slice(largest);
    const torch::Tensor images = calibration_images(
        data_.calibration, 0, normalisation_, info_.augmentation, largest.resolution, device_);
    task.teacher = recalibrated(program, images);
    task.teacher_resolution = largest.resolution;
    return task;
  }

  NetworkTrainingPlan plan() const {
    const LabelledImages choice = first_images(data_.validation, kChoiceImages, normalisation_,
                                               task_.teacher_resolution, device_);
    return {folder() + "/float",
            folder() + "/quantised",
            {{"supernet", info_.file_hash}, {"subnet", run_.winner_id}},
            "remove the folder " + folder(),
            "fine-tuned",
            predict_probabilities(task_.teacher, choice.pixels)};
  }

  std::string folder() const { return run_.directory + "/finetune"; }

  void keep(const TrainedNetwork& kept, const FinetuneResult& result) const {
    const std::string best = run_.directory + "/best/";
    write_subnet_weights(kept.network, subnet_, supernet_.space(), info_, best + "weights.pt");
    write_int8_model(kept.quantised, info_, best + "model.tflite");
    write_json_file(document(result), best + "finetuned.json");
    std::filesystem::remove_all(folder());
  }

  Json document(const FinetuneResult& result) const {
    return {{"format", kFormat},
            {"format_version", kVersion},
            {"id", run_.winner_id},
            {"kept", result.stages[result.kept].name},
            {"stages", stages_json(result.stages)},
            {"recipe", training_.recipe()},
            {"seconds", result.seconds}};
  }

  const FinishedRun& run_;
  const Dataset& data_;
  const FinetuneOptions& options_;
  torch::Device device_;
  Supernet supernet_;
  SupernetInfo info_;
  Normalisation normalisation_;
  Subnet subnet_;
  FinetuneTask task_;
  NetworkTraining training_;
};

}  // namespace

FinetuneResult finetune(const FinishedRun& run, const std::string& supernet, const Dataset& data,
                        const FinetuneOptions& options, const ProgressFn& progress,
                        const StopFn& stop) {
  use_one_intra_op_thread();
  check_finetune_options(options, data);
  std::optional<RunLock> lock;
  if (options.group.leads()) lock.emplace(run.directory);
  LoadedSupernet loaded = read_supernet_of(run, supernet);
  check_same_data(loaded.info, data);
  return Finetuning(run, std::move(loaded), data, options, progress, stop).run();
}

}  // namespace tinynas
