// From a network to the int8 graph that runs on the board.

#include <array>
#include <initializer_list>

#include "tinynas/search_space.h"

namespace tinynas {
namespace {

/// Builds ops one after another; `at_` is the tensor that the next op reads.
class Lowering {
 public:
  Lowering(Graph& graph, const Subnet& subnet) : graph_(graph) {
    graph_.clear();
    at_ = graph_.input =
        graph_.add_tensor({subnet.resolution, subnet.resolution, subnet.image_channels});
  }

  void convolution(OpRole role, int kernel, int stride, int channels) {
    window(OpKind::kConv2d, role, kernel, stride, channels);
  }

  void block(const Block& block, int index) {
    block_ = index;
    const std::int32_t shortcut = at_;
    if (block.expand_ratio != 1) convolution(OpRole::kExpand, 1, 1, block.mid_channels);
    window(OpKind::kDepthwiseConv2d, OpRole::kDepthwise, block.kernel, block.stride,
           block.mid_channels);
    convolution(OpRole::kProject, 1, 1, block.out_channels);
    if (block.residual) {
      // Project's output first, then the block's input: the order of the published networks.
      append(op(OpKind::kAdd, OpRole::kResidual), std::array{at_, shortcut}, shape());
    }
    block_ = -1;
  }

  void global_average_pool() {
    Op pool = op(OpKind::kAveragePool2d, OpRole::kPool);
    pool.kernel_h = static_cast<std::int16_t>(shape().h);
    pool.kernel_w = static_cast<std::int16_t>(shape().w);
    append(pool, std::array{at_}, {1, 1, shape().c});
  }

  void finish() { graph_.output = at_; }

 private:
  Shape shape() const { return graph_.tensors[at_].shape; }

  Op op(OpKind kind, OpRole role) const {
    Op op;
    op.kind = kind;
    op.role = role;
    op.block = static_cast<std::int16_t>(block_);
    return op;
  }

  /// A k x k window with k/2 of padding before, and after whatever ceil(in / stride) outputs need.
  void window(OpKind kind, OpRole role, int kernel, int stride, int channels) {
    Op window = op(kind, role);
    window.kernel_h = window.kernel_w = static_cast<std::int16_t>(kernel);
    window.stride_h = window.stride_w = static_cast<std::int16_t>(stride);
    window.pad_top = window.pad_left = static_cast<std::int16_t>(kernel / 2);
    const Shape in = shape();
    append(window, std::array{at_},
           {(in.h + stride - 1) / stride, (in.w + stride - 1) / stride, channels});
  }

  template <std::size_t N>
  void append(const Op& op, const std::array<std::int32_t, N>& inputs, Shape output) {
    at_ = graph_.add_op(op, inputs, output);
  }

  Graph& graph_;
  std::int32_t at_ = 0;
  int block_ = -1;
};

}  // namespace

void lower(const Subnet& subnet, Graph& graph) {
  Lowering lowering(graph, subnet);
  lowering.convolution(OpRole::kStem, subnet.stem_kernel, subnet.stem_stride, subnet.stem_channels);
  for (std::size_t i = 0; i < subnet.blocks.size(); ++i) {
    lowering.block(subnet.blocks[i], static_cast<int>(i));
  }
  if (subnet.head_channels > 0) {
    lowering.convolution(OpRole::kFeatureMix, 1, 1, subnet.head_channels);
  }
  lowering.global_average_pool();
  lowering.convolution(OpRole::kClassifier, 1, 1, subnet.classes);
  lowering.finish();
}

Graph lower(const Subnet& subnet) {
  Graph graph;
  lower(subnet, graph);
  return graph;
}

}  // namespace tinynas
