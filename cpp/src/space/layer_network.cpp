#include "tinynas/layer_network.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "base/files.h"
#include "base/toml_names.h"
#include "base/toml_reader.h"
#include "space/spec.h"
#include "space/subnet_layers.h"
#include "tinynas/error.h"

namespace tinynas {
namespace {

constexpr int kMaxLayers = 512, kMaxChannels = 4096, kMaxKernel = 31;

std::string folder() { return data_dir() + "/configs/networks"; }

std::string path_of(const std::string& name_or_path) {
  if (name_or_path.ends_with(".toml")) return name_or_path;
  const std::vector<std::string> names = list_layer_networks();
  if (std::find(names.begin(), names.end(), name_or_path) != names.end())
    return folder() + "/" + name_or_path + ".toml";
  std::string known;
  for (const std::string& name : names) known += (known.empty() ? "" : ", ") + name;
  throw BadInput("no network is called '" + name_or_path + "'" + did_you_mean(name_or_path, names) +
                 "; there are " + known + ", and a path that ends in .toml is read as a file");
}

/// Layers of a file, in order.
class Reader {
 public:
  explicit Reader(int image_channels) : channels_(image_channels) {}

  void layer(const TomlTable& table) {
    const std::string kind = table.get_string("kind");
    const int stride = static_cast<int>(table.int_or("stride", 1, 1, 4));
    if (kind == "conv") {
      add({table, false, stride, channels_of(table), true});
    } else if (kind == "depthwise") {
      add({table, true, stride, channels_, true});
    } else if (kind == "residual") {
      residual(table, stride, channels_of(table));
    } else {
      table.fail("kind", "'" + kind + "' is not one of conv, depthwise, residual");
    }
    table.finish();
    if (layers_.size() > kMaxLayers) table.fail("kind", "more than 512 layers");
  }

  std::vector<NetworkLayer> layers() && { return std::move(layers_); }

 private:
  struct Wanted {
    const TomlTable& table;
    bool depthwise;
    int stride, channels;
    bool relu;
  };

  static int channels_of(const TomlTable& table) {
    return static_cast<int>(table.get_int("channels", 1, kMaxChannels));
  }

  NetworkLayer& add(const Wanted& wanted) {
    const std::vector<double> kernel = wanted.table.get_numbers("kernel", 1, kMaxKernel);
    const bool whole = std::all_of(kernel.begin(), kernel.end(),
                                   [](double side) { return side == std::floor(side); });
    if (!whole || kernel.size() > 2)
      wanted.table.fail("kernel", "must be one whole number, or rows and columns");
    NetworkLayer layer;
    layer.role = layers_.empty()    ? OpRole::kStem
                 : wanted.depthwise ? OpRole::kDepthwise
                                    : OpRole::kNone;
    layer.depthwise = wanted.depthwise;
    layer.kernel_h = static_cast<int>(kernel.front());
    layer.kernel_w = static_cast<int>(kernel.back());
    layer.stride = wanted.stride;
    layer.channels = channels_ = wanted.channels;
    layer.relu = wanted.relu;
    layers_.push_back(layer);
    return layers_.back();
  }

  /// Two convolutions around a shortcut, which has a 1x1 convolution of its own where the shapes
  /// differ (He et al., "Deep Residual Learning", CVPR 2016, figure 2 and option B).
  void residual(const TomlTable& table, int stride, int channels) {
    const bool projects = stride != 1 || channels != channels_;
    const std::size_t first = layers_.size();
    add({table, false, stride, channels, true}).opens_shortcut = true;
    add({table, false, 1, channels, false});
    if (projects) {
      NetworkLayer projection;
      projection.role = OpRole::kProject;
      projection.kernel_h = projection.kernel_w = 1;
      projection.stride = stride;
      projection.channels = channels;
      projection.relu = false;
      projection.on_shortcut = true;
      layers_.push_back(projection);
    }
    layers_.back().closes_shortcut = layers_.back().relu_after_sum = true;
    for (std::size_t i = first; i < layers_.size(); ++i) layers_[i].block = block_;
    ++block_;
  }

  std::vector<NetworkLayer> layers_;
  int channels_, block_ = 0;
};

std::string hash_of(const LayerNetwork& network) {
  std::string text = std::to_string(network.resolution) + " " +
                     std::to_string(network.image_channels) + " " + std::to_string(network.classes);
  for (const NetworkLayer& layer : network.layers) {
    for (const int value :
         {int{layer.depthwise}, layer.kernel_h, layer.kernel_w, layer.stride, layer.channels,
          int{layer.relu}, int{layer.opens_shortcut}, int{layer.on_shortcut},
          int{layer.closes_shortcut}, int{layer.relu_after_sum}}) {
      text += " " + std::to_string(value);
    }
  }
  char digits[17];
  std::snprintf(digits, sizeof digits, "%016llx",
                static_cast<unsigned long long>(hash_bytes(text.data(), text.size())));
  return digits;
}

}  // namespace

std::vector<std::string> list_layer_networks() { return toml_names(folder()); }

LayerNetwork find_layer_network(const std::string& name_or_path, int resolution, int image_channels,
                                int classes) {
  const std::string path = path_of(name_or_path);
  const TomlTable table = TomlTable::load_file(path);
  LayerNetwork network;
  network.name = table.get_string("name");
  network.description = table.get_string("description");
  network.resolution = resolution;
  network.image_channels = image_channels;
  network.classes = classes;
  Reader reader(image_channels);
  const std::vector<TomlTable> layers = table.get_tables("layer");
  if (layers.empty()) table.fail("layer", "at least one [[layer]] is needed");
  for (const TomlTable& layer : layers) reader.layer(layer);
  table.finish();
  network.layers = std::move(reader).layers();
  validate(lower(network), path);
  network.id = hash_of(network);
  return network;
}

LayerNetwork layer_network(const SearchSpace& space, const Genotype& genotype) {
  const Subnet subnet = space.decode(genotype);
  LayerNetwork network;
  network.name = space.name();
  network.description = describe(subnet);
  network.id = space.id(genotype);
  network.resolution = subnet.resolution;
  network.image_channels = subnet.image_channels;
  network.classes = subnet.classes;
  visit_layers(subnet, [&](const NetworkLayer& layer) { network.layers.push_back(layer); });
  return network;
}

}  // namespace tinynas
