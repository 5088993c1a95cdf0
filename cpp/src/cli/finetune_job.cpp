#ifdef TINYNAS_WITH_TORCH

#include "cli/finetune_job.h"

#include <cstdio>
#include <filesystem>

#include "base/percent.h"
#include "cli/data_options.h"
#include "cli/network_source.h"
#include "cli/text_table.h"
#include "tinynas/error.h"

namespace tinynas {
namespace {

/// What was typed, else what the run was made with, which must still be there.
std::string typed_or_recorded(const std::string& typed, const std::string& recorded,
                              const std::string& field, const char* flag,
                              const std::string& run_dir) {
  if (!typed.empty()) return typed;
  if (std::filesystem::exists(recorded)) return recorded;
  throw BadInput(run_dir + "/run.json: field 'environment." + field + "' names " + recorded +
                 ", which is not there; name it with " + flag);
}

std::string percent(const std::optional<double>& share) {
  return share ? percent_text(*share, 2) : "-";
}

std::string report(const FinishedRun& run, const FinetuneResult& result) {
  char minutes[32];
  std::snprintf(minutes, sizeof minutes, "%.1f", result.seconds / 60);
  const std::string best = run.directory + "/best/";
  return "Winner " + run.winner_id + ", trained for " + minutes + " minutes\n" +
         stages_table(result.stages) +
         "Kept, by int8 accuracy on validation images: " + result.stages[result.kept].name + " (" +
         best + "weights.pt, " + best + "model.tflite)\n";
}

}  // namespace

std::string stages_table(const std::vector<FinetuneStage>& stages) {
  std::vector<std::vector<std::string>> rows = {
      {"  weights", "validation", "int8", "test", "int8", "quantisation"}};
  for (const FinetuneStage& stage : stages) {
    rows.push_back({"  " + stage.name, percent(stage.validation), percent(stage.validation_int8),
                    percent(stage.test), percent(stage.test_int8), stage.quantisation});
  }
  return text_table(rows, {1, 2, 3, 4});
}

std::string run_finetune_job(const FinetuneRequest& request, const ProgressFn& progress,
                             const StopFn& stop) {
  if (find_network(request.run_dir).run.empty())
    throw BadInput("--finetune: " + request.run_dir + " is a file; name the run directory");
  const FinishedRun run = read_finished_run(request.run_dir);
  const std::string supernet = typed_or_recorded(request.supernet, run.supernet_path, "supernet",
                                                 "--supernet", run.directory);
  const std::string images =
      typed_or_recorded(request.data, run.data_path, "data", "--data", run.directory);
  const SupernetInfo info = read_supernet_info(supernet);
  const SearchSpace space = SearchSpace::parse(info.space_toml, supernet);
  if (progress) progress("loading " + info.dataset_name + " and the supernet");
  const Dataset data = load_data_for(space, images, info.dataset_name,
                                     request.skip_bad_files || info.skip_bad_files);
  FinetuneOptions options = request.options;
  const double usual_rate = options.learning_rate;
  static_cast<TrainingOptions&>(options) = requested_recipe(request, info.space_name);
  options.learning_rate = usual_rate;
  keep_pitch(options, data);
  request.typed.apply(options);
  options.epochs = request.typed.epochs.value_or(options.epochs);
  const FinetuneResult result = finetune(run, supernet, data, options, progress, stop);
  return options.group.leads() ? report(run, result) : "";
}

}  // namespace tinynas

#endif
