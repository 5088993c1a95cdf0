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
                  space.image_channels());
  const auto classes = static_cast<int>(data.class_names.size());
  if (classes != space.classes()) space = space.with_classes(classes);
  const Genotype genotype = chosen_genotype(space, request.subnet);
  return {layer_network(space, genotype), std::move(data), subnet_json(space, genotype)};
}

Prepared prepare_network(const StandaloneRequest& request) {
  Dataset data = load_images(request.data, "fashion-mnist", request.image_size, 0);
  if (data.train.height != data.train.width) {
    throw BadInput(data.path + ": images of " + std::to_string(data.train.height) + " x " +
                   std::to_string(data.train.width) + " pixels; name one size with --image-size");
  }
  LayerNetwork network = find_layer_network(request.network, data.train.height, data.train.channels,
                                            static_cast<int>(data.class_names.size()));
  return {std::move(network), std::move(data), ""};
}

}  // namespace

std::string run_standalone_job(const StandaloneRequest& request, const ProgressFn& progress,
                               const StopFn& stop) {
  const std::string& out = request.options.out_dir;
  if (out.empty()) throw BadInput("--out: a folder is needed");
  const Prepared prepared =
      request.subnet.empty() ? prepare_network(request) : prepare_subnet(request);
  const LayerNetwork& network = prepared.network;
  const StandaloneResult result =
      train_standalone(network, prepared.data, request.options, progress, stop);
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
