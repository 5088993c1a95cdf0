// From a network to the int8 graph that runs on the board.

#include <array>

#include "space/subnet_layers.h"
#include "tinynas/layer_network.h"
#include "tinynas/search_space.h"

namespace tinynas {
namespace {

/// Builds ops one after another; `at_` is the tensor that the next op reads.
class Lowering {
 public:
  Lowering(Graph& graph, int resolution, int image_channels) : graph_(graph) {
    graph_.clear();
    at_ = graph_.input = graph_.add_tensor({resolution, resolution, image_channels});
  }

  void layer(const NetworkLayer& layer) {
    block_ = layer.block;
    if (layer.opens_shortcut) shortcut_ = at_;
    std::int32_t& reads = layer.on_shortcut ? shortcut_ : at_;
    reads = window(layer, reads);
    if (layer.closes_shortcut) {
      // The branch's output first, then what was kept: the order of the published networks.
      const std::array inputs{at_, shortcut_};
      at_ = graph_.add_op(op(OpKind::kAdd, OpRole::kResidual), inputs, shape(at_));
    }
    block_ = -1;
  }

  /// Global average pooling and classifier.
  void finish(int classes) {
    Op pool = op(OpKind::kAveragePool2d, OpRole::kPool);
    pool.kernel_h = static_cast<std::int16_t>(shape(at_).h);
    pool.kernel_w = static_cast<std::int16_t>(shape(at_).w);
    at_ = graph_.add_op(pool, std::array{at_}, {1, 1, shape(at_).c});
    at_ = graph_.add_op(op(OpKind::kConv2d, OpRole::kClassifier), std::array{at_}, {1, 1, classes});
    graph_.output = at_;
  }

 private:
  Shape shape(std::int32_t tensor) const { return graph_.tensors[tensor].shape; }

  Op op(OpKind kind, OpRole role) const {
    Op op;
    op.kind = kind;
    op.role = role;
    op.block = static_cast<std::int16_t>(block_);
    return op;
  }

  std::int32_t window(const NetworkLayer& layer, std::int32_t input) {
    Op window = op(layer.depthwise ? OpKind::kDepthwiseConv2d : OpKind::kConv2d, layer.role);
    window.kernel_h = static_cast<std::int16_t>(layer.kernel_h);
    window.kernel_w = static_cast<std::int16_t>(layer.kernel_w);
    window.stride_h = window.stride_w = static_cast<std::int16_t>(layer.stride);
    window.pad_top = static_cast<std::int16_t>(layer.kernel_h / 2);
    window.pad_left = static_cast<std::int16_t>(layer.kernel_w / 2);
    const Shape in = shape(input);
    const auto outputs = [&](int size) { return (size + layer.stride - 1) / layer.stride; };
    return graph_.add_op(window, std::array{input}, {outputs(in.h), outputs(in.w), layer.channels});
  }

  Graph& graph_;
  std::int32_t at_ = 0, shortcut_ = -1;
  int block_ = -1;
};

}  // namespace

void lower(const Subnet& subnet, Graph& graph) {
  Lowering lowering(graph, subnet.resolution, subnet.image_channels);
  visit_layers(subnet, [&](const NetworkLayer& layer) { lowering.layer(layer); });
  lowering.finish(subnet.classes);
}

Graph lower(const Subnet& subnet) {
  Graph graph;
  lower(subnet, graph);
  return graph;
}

Graph lower(const LayerNetwork& network) {
  Graph graph;
  Lowering lowering(graph, network.resolution, network.image_channels);
  for (const NetworkLayer& layer : network.layers) lowering.layer(layer);
  lowering.finish(network.classes);
  return graph;
}

}  // namespace tinynas
