#pragma once
// The layers of a subnet, one after another.

#include "tinynas/layer_network.h"

namespace tinynas {

/// Calls visit(layer) for each convolution before the pooling, in order; nothing is allocated.
template <typename Visit>
void visit_layers(const Subnet& subnet, Visit visit) {
  const auto convolution = [](OpRole role, int kernel, int stride, int channels) {
    NetworkLayer layer;
    layer.role = role;
    layer.kernel_h = layer.kernel_w = kernel;
    layer.stride = stride;
    layer.channels = channels;
    return layer;
  };
  visit(convolution(OpRole::kStem, subnet.stem_kernel, subnet.stem_stride, subnet.stem_channels));
  for (std::size_t i = 0; i < subnet.blocks.size(); ++i) {
    const Block& block = subnet.blocks[i];
    bool first = true;
    const auto add = [&](NetworkLayer layer) {
      layer.block = static_cast<int>(i);
      layer.opens_shortcut = first && block.residual;
      first = false;
      visit(layer);
    };
    if (block.expand_ratio != 1) add(convolution(OpRole::kExpand, 1, 1, block.mid_channels));
    NetworkLayer depthwise =
        convolution(OpRole::kDepthwise, block.kernel, block.stride, block.mid_channels);
    depthwise.depthwise = true;
    add(depthwise);
    NetworkLayer project = convolution(OpRole::kProject, 1, 1, block.out_channels);
    project.relu = false;
    project.closes_shortcut = block.residual;
    add(project);
  }
  if (subnet.head_channels > 0) {
    visit(convolution(OpRole::kFeatureMix, 1, 1, subnet.head_channels));
  }
}

}  // namespace tinynas
