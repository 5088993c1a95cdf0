#pragma once
// A single network on disk: its weights in floats, and its int8 model (write_int8_model).

#include <string>

#include "base/json_io.h"
#include "supernet/elastic_network.h"
#include "tinynas/supernet.h"

namespace tinynas {

/// Folded weights of each layer as one .pt file; `metadata` says whose they are.
void write_network_weights(const FoldedNetwork& network, Json metadata, const std::string& path);
/// Those of a subnet.
void write_subnet_weights(const FoldedNetwork& network, const Subnet& subnet,
                          const SearchSpace& space, const SupernetInfo& info,
                          const std::string& path);

}  // namespace tinynas
