#include "tinynas/standalone.h"

#include <filesystem>

#include "supernet/device.h"
#include "supernet/network_training.h"
#include "supernet/subnet_files.h"
#include "supernet/supernet_file.h"
#include "tinynas/error.h"

namespace tinynas {
namespace {

constexpr const char* kFormat = "tinynas-standalone";
constexpr int kVersion = 1;

SubnetProgram random_program(const LayerNetwork& network, std::uint64_t seed) {
  auto generator = at::make_generator<at::CPUGeneratorImpl>(seed);
  SubnetProgram program;
  int channels = network.image_channels, kept_channels = 0;
  for (const NetworkLayer& layer : network.layers) {
    if (layer.opens_shortcut) kept_channels = channels;
    int& inputs = layer.on_shortcut ? kept_channels : channels;
    SubnetLayer made;
    made.conv = random_conv(layer.channels, layer.depthwise ? 1 : inputs, layer.kernel_h,
                            layer.kernel_w, generator);
    made.depthwise = layer.depthwise;
    made.stride = layer.stride;
    made.relu = layer.relu;
    made.opens_shortcut = layer.opens_shortcut;
    made.on_shortcut = layer.on_shortcut;
    made.closes_shortcut = layer.closes_shortcut;
    made.relu_after_sum = layer.relu_after_sum;
    program.layers.push_back(std::move(made));
    inputs = layer.channels;
  }
  program.classifier_weight = random_classifier(network.classes, channels, generator);
  program.classifier_bias = torch::zeros({network.classes});
  return program;
}

SubnetProgram on_device(SubnetProgram program, torch::Device device) {
  for (SubnetLayer& layer : program.layers) {
    for (torch::Tensor* tensor : {&layer.conv.weight, &layer.conv.gamma, &layer.conv.beta})
      *tensor = tensor->to(device);
  }
  program.classifier_weight = program.classifier_weight.to(device);
  program.classifier_bias = program.classifier_bias.to(device);
  return program;
}

Json network_json(const LayerNetwork& network, const Graph& graph) {
  return {{"name", network.name},
          {"id", network.id},
          {"description", network.description},
          {"resolution", network.resolution},
          {"macs", graph_macs(graph)},
          {"params", graph_params(graph)}};
}

}  // namespace

StandaloneResult train_standalone(const LayerNetwork& network, const Dataset& data,
                                  const StandaloneOptions& options, const ProgressFn& progress,
                                  const StopFn& stop) {
  use_one_intra_op_thread();
  if (options.out_dir.empty()) throw BadInput("--out: a folder is needed");
  if (!(options.epochs > 0)) throw BadInput("--epochs: must be above 0 for random weights");
  if (options.distillation > 0)
    throw BadInput("--distillation: a network that is trained alone has no teacher");
  check_finetune_options(options, data);
  const torch::Device device = parse_device(options.device, options.group);
  const Normalisation normalisation = measure_normalisation(data.train);
  const FinetuneTask task = NetworkTraining::make_task(data, normalisation, options, lower(network),
                                                       options.augmentation, device);
  NetworkTraining training(task,
                           {options.out_dir,
                            options.out_dir + "/quantised",
                            {{"network", network.id}},
                            "name another --out",
                            "trained",
                            {}},
                           device, progress, stop);
  std::vector<TrainedNetwork> trained =
      training.run(on_device(random_program(network, options.seed), device));

  StandaloneResult result;
  if (!options.group.leads()) return result;
  for (const TrainedNetwork& one : trained) result.stages.push_back(one.stage);
  result.seconds = training.seconds();
  result.kept = best_stage(result.stages);
  TrainedNetwork& kept = trained[result.kept];
  training.measure_test(kept);
  result.stages[result.kept] = kept.stage;

  SupernetInfo info = describe_training_data(data, normalisation, options.augmentation);
  info.space_name = network.name;
  const Json about = network_json(network, task.graph);
  const std::string out = options.out_dir + "/";
  write_network_weights(kept.network,
                        {{"format", "tinynas-network-weights"},
                         {"format_version", kVersion},
                         {"network", about},
                         {"data", data_metadata(info)}},
                        out + "weights.pt");
  write_int8_model(kept.quantised, info, out + "model.tflite");
  // The last to be written: where it lies, all is there.
  write_json_file({{"format", kFormat},
                   {"format_version", kVersion},
                   {"network", about},
                   {"dataset", info.dataset_name},
                   {"command", options.command},
                   {"kept", kept.stage.name},
                   {"accuracy",
                    {{"validation", kept.stage.validation},
                     {"validation_int8", kept.stage.validation_int8},
                     {"test", json_or_null(kept.stage.test)},
                     {"test_int8", json_or_null(kept.stage.test_int8)}}},
                   {"stages", stages_json(result.stages)},
                   {"recipe", training.recipe()},
                   {"seconds", result.seconds}},
                  out + "result.json");
  return result;
}

}  // namespace tinynas
