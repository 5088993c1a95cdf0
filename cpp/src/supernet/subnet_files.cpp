#include "supernet/subnet_files.h"

#include "base/files.h"
#include "supernet/state_file.h"
#include "supernet/supernet_file.h"
#include "tinynas/tflite.h"

namespace tinynas {

void write_network_weights(const FoldedNetwork& network, Json metadata, const std::string& path) {
  StateFile state;
  state.metadata = std::move(metadata);
  Json layers = Json::array();
  for (std::size_t i = 0; i < network.layers.size(); ++i) {
    const FoldedLayer& layer = network.layers[i];
    const std::string name = "layer" + std::to_string(i);
    state.tensors.emplace_back(name + ".weight", layer.weight);
    state.tensors.emplace_back(name + ".bias", layer.bias);
    layers.push_back({{"stride", layer.stride},
                      {"padding", {layer.weight.size(2) / 2, layer.weight.size(3) / 2}},
                      {"groups", layer.groups},
                      {"relu", layer.relu},
                      {"opens_shortcut", layer.opens_shortcut},
                      {"on_shortcut", layer.on_shortcut},
                      {"closes_shortcut", layer.closes_shortcut},
                      {"relu_after_sum", layer.relu_after_sum}});
  }
  state.tensors.emplace_back("classifier.weight", network.classifier_weight);
  state.tensors.emplace_back("classifier.bias", network.classifier_bias);
  state.metadata["layers"] = layers;
  write_state_file(state, path);
}

void write_subnet_weights(const FoldedNetwork& network, const Subnet& subnet,
                          const SearchSpace& space, const SupernetInfo& info,
                          const std::string& path) {
  Json metadata = supernet_metadata(space, info);
  metadata["format"] = "tinynas-subnet-weights";
  metadata["subnet"] = describe(subnet);
  write_network_weights(network, std::move(metadata), path);
}

void write_int8_model(const QuantisedNetwork& network, const SupernetInfo& info,
                      const std::string& path) {
  ModelLabels labels;
  labels.description = "tinynas " + info.space_name + ", int8: " + describe(network.options);
  labels.class_names = info.class_names;
  labels.normalisation = {info.mean, info.deviation};
  labels.audio = info.audio;
  write_file_atomic(path, encode_tflite(network.graph, labels));
}

}  // namespace tinynas
