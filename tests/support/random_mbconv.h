#pragma once
// Random networks of the family that is searched: stem, inverted bottlenecks with shortcuts, an
// optional head, pooling, classifier; any resolution, odd ones too.

#include <algorithm>
#include <cstdint>
#include <vector>

#include "tinynas/graph.h"
#include "tinynas/rng.h"

namespace tinynas::testing {

class RandomMbconv {
 public:
  /// Images of 20 to `max_side` pixels a side; channels in multiples of `unit`.
  explicit RandomMbconv(Rng rng, int max_side = 224, int unit = 8)
      : rng_(rng), max_side_(max_side), unit_(unit) {}

  Graph make() {
    const int side =
        std::min(20, max_side_ / 2) + below(max_side_ - std::min(20, max_side_ / 2) + 1);
    graph_.input = graph_.add_tensor({side, side, rng_.chance(0.5) ? 3 : 1});
    std::int32_t x = convolve(graph_.input, 3, 2, unit_ * (1 + below(4)), OpRole::kStem);
    const int blocks = 1 + below(20);
    for (int i = 0; i < blocks; ++i) x = add_block(x, i);
    if (rng_.chance(0.3)) x = convolve(x, 1, 1, 2 * unit_ * (1 + below(24)), OpRole::kFeatureMix);
    const Shape last = graph_.tensors[x].shape;
    Op pool;
    pool.kind = OpKind::kAveragePool2d;
    pool.role = OpRole::kPool;
    pool.kernel_h = static_cast<std::int16_t>(last.h);
    pool.kernel_w = static_cast<std::int16_t>(last.w);
    x = graph_.add_op(pool, std::vector<std::int32_t>{x}, {1, 1, last.c});
    graph_.output = convolve(x, 1, 1, 2 + below(1000), OpRole::kClassifier);
    return std::move(graph_);
  }

 private:
  int below(int n) { return static_cast<int>(rng_.below(static_cast<std::uint32_t>(n))); }

  std::int32_t window(OpKind kind, std::int32_t x, int kernel, int stride, int channels,
                      OpRole role) {
    const Shape in = graph_.tensors[x].shape;
    Op op;
    op.kind = kind;
    op.role = role;
    op.block = block_;
    op.kernel_h = op.kernel_w = static_cast<std::int16_t>(kernel);
    op.stride_h = op.stride_w = static_cast<std::int16_t>(stride);
    op.pad_top = op.pad_left = static_cast<std::int16_t>(kernel / 2);
    const Shape out{(in.h - 1) / stride + 1, (in.w - 1) / stride + 1, channels};
    return graph_.add_op(op, std::vector<std::int32_t>{x}, out);
  }
  std::int32_t convolve(std::int32_t x, int kernel, int stride, int channels, OpRole role) {
    return window(OpKind::kConv2d, x, kernel, stride, channels, role);
  }

  std::int32_t add_block(std::int32_t x, int index) {
    block_ = static_cast<std::int16_t>(index);
    const Shape in = graph_.tensors[x].shape;
    const int stride = in.h > 3 && rng_.chance(0.3) ? 2 : 1;
    const int channels = rng_.chance(0.6) ? in.c : unit_ * (1 + below(12));
    const int middle = in.c * (1 + below(6));
    std::int32_t y = middle == in.c ? x : convolve(x, 1, 1, middle, OpRole::kExpand);
    y = window(OpKind::kDepthwiseConv2d, y, 3 + 2 * below(3), stride, middle, OpRole::kDepthwise);
    y = convolve(y, 1, 1, channels, OpRole::kProject);
    // Without an expand convolution the depthwise kernel writes over the block's own input.
    if (stride == 1 && channels == in.c && middle != in.c) {
      Op add;
      add.kind = OpKind::kAdd;
      add.role = OpRole::kResidual;
      add.block = block_;
      y = graph_.add_op(add, std::vector<std::int32_t>{y, x}, in);
    }
    block_ = -1;
    return y;
  }

  Rng rng_;
  int max_side_, unit_;
  Graph graph_;
  std::int16_t block_ = -1;
};

inline Graph random_mbconv(Rng rng) { return RandomMbconv(rng).make(); }
/// Small enough to be executed byte by byte thousands of times; odd channel counts.
inline Graph random_small_mbconv(Rng rng) { return RandomMbconv(rng, 18, 1).make(); }

}  // namespace tinynas::testing
