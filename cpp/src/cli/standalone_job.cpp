#ifdef TINYNAS_WITH_TORCH

#include "cli/standalone_job.h"

#include <cstdio>

#include "base/files.h"
#include "cli/data_options.h"
#include "cli/finetune_job.h"
#include "cli/subnet_option.h"
#include "tinynas/bytes.h"
#include "tinynas/error.h"

namespace tinynas {
namespace {

struct Prepared {
  LayerNetwork network;
  Dataset data;
  std::string subnet_file;  ///< text; "" where no space is named
};

Prepared prepare_subnet(const StandaloneRequest& request) {
  SearchSpace space = SearchSpace::find(request.space);
  const int largest = space.decode(space.largest()).resolution;
  Dataset data =
      load_images(request.data, space.name(), request.image_size > 0 ? request.image_size : largest,
                  space.image_channels(), request.skip_bad_files);
  const auto classes = static_cast<int>(data.class_names.size());
  if (classes != space.classes()) space = space.with_classes(classes);
  const Genotype genotype = chosen_genotype(space, request.subnet);
  return {layer_network(space, genotype), std::move(data), subnet_json(space, genotype)};
}

Prepared prepare_network(const StandaloneRequest& request) {
  Dataset data =
      load_images(request.data, "fashion-mnist", request.image_size, 0, request.skip_bad_files);
  if (data.train.height != data.train.width) {
    throw BadInput(data.path + ": images of " + std::to_string(data.train.height) + " x " +
                   std::to_string(data.train.width) + " pixels; name one size with --image-size");
  }
  LayerNetwork network = find_layer_network(request.network, data.train.height, data.train.channels,
                                            static_cast<int>(data.class_names.size()));
  return {std::move(network), std::move(data), ""};
}

std::string typed_command(const StandaloneRequest& request, const std::string& recipe) {
  std::string text = "tinynas train";
  if (request.network.empty()) text += " --space " + request.space;
  if (!request.network.empty()) text += " --network " + request.network;
  if (!request.subnet.empty()) text += " --subnet '" + request.subnet + "'";
  if (request.image_size > 0) text += " --image-size " + std::to_string(request.image_size);
  if (!request.data.empty()) text += " --data " + request.data;
  if (request.skip_bad_files) text += " --skip-bad-files";
  text += " --recipe " + recipe + " --out " + request.options.out_dir + request.typed.text();
  const StandaloneOptions& options = request.options;
  if (options.quantised_epochs > 0) {
    text += " --quantised-epochs " + typed_number(options.quantised_epochs) +
            " --quantised-learning-rate " + typed_number(options.quantised_learning_rate);
  }
  return text;
}

StandaloneOptions options_of(const StandaloneRequest& request, const Dataset& data) {
  const std::string space =
      request.subnet.empty() ? "default" : SearchSpace::find(request.space).name();
  const TrainOptions recipe = requested_recipe(request, space);
  StandaloneOptions options = request.options;
  static_cast<TrainingOptions&>(options) = recipe;
  keep_pitch(options, data);
  request.typed.apply(options);
  options.epochs = request.typed.epochs.value_or(total_epochs(recipe));
  options.command = typed_command(request, recipe.recipe);
  return options;
}

}  // namespace

std::string run_standalone_job(const StandaloneRequest& request, const ProgressFn& progress,
                               const StopFn& stop) {
  const std::string& out = request.options.out_dir;
  if (out.empty()) throw BadInput("--out: a folder is needed");
  const Prepared prepared =
      request.subnet.empty() ? prepare_network(request) : prepare_subnet(request);
  const LayerNetwork& network = prepared.network;
  const StandaloneOptions options = options_of(request, prepared.data);
  const StandaloneResult result = train_standalone(network, prepared.data, options, progress, stop);
  if (!options.group.leads()) return "";
  if (!prepared.subnet_file.empty()) write_file_atomic(out + "/subnet.json", prepared.subnet_file);
  const Graph graph = lower(network);
  char minutes[32];
  std::snprintf(minutes, sizeof minutes, "%.1f", result.seconds / 60);
  return network.name + " " + network.id + " (" + network.description + "), " +
         format_count(graph_macs(graph)) + " MACs, " + format_count(graph_params(graph)) +
         " parameters, trained alone for " + minutes + " minutes\n" + stages_table(result.stages) +
         "Kept, by int8 accuracy on validation images: " + result.stages[result.kept].name + " (" +
         out + "/weights.pt, " + out + "/model.tflite, " + out + "/result.json)\n";
}

}  // namespace tinynas

#endif
