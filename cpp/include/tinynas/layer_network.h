#pragma once
// A network given layer by layer: one point of a search space, or a published network that no space
// holds. Read from TOML (configs/networks/README.md has the schema).

#include <string>
#include <vector>

#include "tinynas/graph.h"
#include "tinynas/search_space.h"

namespace tinynas {

/// A convolution with batch normalisation, and what happens around it. Padding is half the kernel
/// before, and after whatever ceil(in / stride) outputs need.
struct NetworkLayer {
  OpRole role = OpRole::kNone;
  int block = -1;  ///< that it belongs to, -1 outside of blocks
  bool depthwise = false;
  int kernel_h = 3, kernel_w = 3, stride = 1;
  int channels = 0;  ///< that it writes
  bool relu = true;
  bool opens_shortcut = false;   ///< its input is kept
  bool on_shortcut = false;      ///< reads and replaces what was kept, not the map before it
  bool closes_shortcut = false;  ///< then what was kept is added
  bool relu_after_sum = false;
};

/// Layers, global average pooling, classifier.
struct LayerNetwork {
  std::string name;         ///< of its file or its space
  std::string description;  ///< of itself, on one line
  std::string id;           ///< 16 hex digits over the layers, or SearchSpace::id
  int resolution = 0;       ///< input height = width in pixels
  int image_channels = 0, classes = 0;
  std::vector<NetworkLayer> layers;
};

/// A name of configs/networks/ or a path that ends in .toml, for these images and classes. Throws
/// BadInput with file, line and key; the nearest name is suggested.
LayerNetwork find_layer_network(const std::string& name_or_path, int resolution, int image_channels,
                                int classes);
/// Names of configs/networks/, in alphabetical order.
std::vector<std::string> list_layer_networks();

/// A point of a space; `lower` makes the same graph of it as of the subnet.
LayerNetwork layer_network(const SearchSpace& space, const Genotype& genotype);

/// The int8 deployment graph (BN folded, activations fused).
Graph lower(const LayerNetwork& network);

}  // namespace tinynas
