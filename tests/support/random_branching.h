#pragma once
// Random networks with branches as detectors and classifiers have them: inception and
// squeeze-excite blocks, feature pyramids (resize and add or concat), SSD heads (several outputs),
// joins of rows and columns, float images. Small, so that a test can execute them byte by byte.

#include <algorithm>
#include <cstdint>
#include <vector>

#include "tinynas/graph.h"
#include "tinynas/rng.h"

namespace tinynas::testing {

class RandomBranching {
 public:
  explicit RandomBranching(Rng rng, int max_side = 16, int max_stages = 3)
      : rng_(rng), max_side_(max_side), max_stages_(max_stages) {}

  Graph make() {
    const Shape side{between(1, max_side_), between(1, max_side_), between(1, 4)};
    const bool real = rng_.chance(0.15);
    graph_.input = graph_.add_tensor(side, real ? DType::kFloat32 : DType::kInt8);
    std::int32_t x = graph_.input;
    if (real) x = same(OpKind::kQuantize, x);
    if (rng_.chance(0.7)) x = stem(x);
    std::vector<std::int32_t> levels;
    for (int stage = between(1, max_stages_); stage > 0; --stage) {
      x = rng_.chance(0.5) ? down(x) : x;
      for (int block = between(1, 3); block > 0; --block) x = add_block(x);
      levels.push_back(x);
    }
    if (levels.size() > 1 && rng_.chance(0.5)) add_pyramid(levels);
    std::vector<std::int32_t> outputs = add_heads(levels);
    if (real && rng_.chance(0.5)) {
      outputs[0] = same(OpKind::kDequantize, outputs[0]);
      graph_.tensors[outputs[0]].dtype = DType::kFloat32;
    }
    graph_.output = outputs[0];
    graph_.more_outputs.assign(outputs.begin() + 1, outputs.end());
    return std::move(graph_);
  }

 private:
  int below(int n) { return static_cast<int>(rng_.below(static_cast<std::uint32_t>(n))); }
  int between(int low, int high) { return low + below(high - low + 1); }
  Shape shape(std::int32_t tensor) const { return graph_.tensors[tensor].shape; }

  std::int32_t append(Op op, const std::vector<std::int32_t>& inputs, Shape out) {
    return graph_.add_op(op, inputs, out);
  }
  std::int32_t append(OpKind kind, const std::vector<std::int32_t>& inputs, Shape out) {
    Op op;
    op.kind = kind;
    return append(op, inputs, out);
  }
  std::int32_t same(OpKind kind, std::int32_t x) { return append(kind, {x}, shape(x)); }

  /// TensorFlow's SAME padding, uneven at even sizes.
  std::int32_t window(OpKind kind, std::int32_t x, int kernel, int stride, int channels) {
    const Shape in = shape(x);
    Op op;
    op.kind = kind;
    op.kernel_h = op.kernel_w = static_cast<std::int16_t>(kernel);
    op.stride_h = op.stride_w = static_cast<std::int16_t>(stride);
    const Shape out{(in.h + stride - 1) / stride, (in.w + stride - 1) / stride, channels};
    const auto pad = [&](int size, int made) {
      return static_cast<std::int16_t>(std::max((made - 1) * stride + kernel - size, 0) / 2);
    };
    op.pad_top = pad(in.h, out.h);
    op.pad_left = pad(in.w, out.w);
    return append(op, {x}, out);
  }
  std::int32_t convolve(std::int32_t x, int kernel, int channels, int stride = 1) {
    return window(OpKind::kConv2d, x, kernel, stride, channels);
  }
  std::int32_t mean(std::int32_t x) {
    Op op;
    op.kind = rng_.chance(0.7) ? OpKind::kMean : OpKind::kAveragePool2d;
    op.kernel_h = static_cast<std::int16_t>(shape(x).h);
    op.kernel_w = static_cast<std::int16_t>(shape(x).w);
    return append(op, {x}, {1, 1, shape(x).c});
  }
  std::int32_t resize(std::int32_t x, const Shape& like) {
    if (shape(x).h == like.h && shape(x).w == like.w) return x;
    return append(OpKind::kResizeNearest, {x}, {like.h, like.w, shape(x).c});
  }
  std::int32_t concat(const std::vector<std::int32_t>& inputs, int axis) {
    Op op;
    op.kind = OpKind::kConcat;
    op.axis = static_cast<std::int8_t>(axis);
    Shape out = shape(inputs[0]);
    for (std::size_t i = 1; i < inputs.size(); ++i) {
      const Shape& more = shape(inputs[i]);
      (axis == 0   ? out.h
       : axis == 1 ? out.w
                   : out.c) += axis == 0   ? more.h
                               : axis == 1 ? more.w
                                           : more.c;
    }
    return append(op, inputs, out);
  }

  /// Some frameworks pad in an op of its own and convolve without padding.
  std::int32_t stem(std::int32_t x) {
    const Shape in = shape(x);
    if (rng_.chance(0.6)) return convolve(x, 3, between(2, 8), between(1, 2));
    Op pad;
    pad.kind = OpKind::kPad;
    pad.pad_top = static_cast<std::int16_t>(between(0, 2));
    pad.pad_left = static_cast<std::int16_t>(between(0, 2));
    const Shape padded{in.h + pad.pad_top + between(1, 2), in.w + pad.pad_left + between(1, 2),
                       in.c};
    x = append(pad, {x}, padded);
    Op op;
    op.kernel_h = op.kernel_w = 2;
    return append(op, {x}, {padded.h - 1, padded.w - 1, between(2, 8)});
  }

  std::int32_t down(std::int32_t x) {
    const int kind = below(3);
    if (kind == 0) return window(OpKind::kMaxPool2d, x, between(2, 3), 2, shape(x).c);
    if (kind == 1) return window(OpKind::kDepthwiseConv2d, x, 3, 2, shape(x).c);
    return convolve(x, 3, between(2, 12), 2);
  }

  std::int32_t add_block(std::int32_t x) {
    switch (below(8)) {
      case 0:
        return inception(x);
      case 1:
        return squeeze_excite(x);
      case 2:
        return bottleneck(x, true);
      case 3:
        return attention(x);
      case 4:
        return strip_join(x);
      case 5:
        return downsampled_shortcut(x);
      case 6:
        return same(rng_.chance(0.5) ? OpKind::kRelu : OpKind::kLogistic, x);
      default:
        return bottleneck(x, false);
    }
  }

  std::int32_t inception(std::int32_t x) {
    std::vector<std::int32_t> branches;
    for (int i = between(2, 4); i > 0; --i) {
      const int kind = below(4);
      std::int32_t y = x;
      if (kind == 0) {
        y = window(OpKind::kMaxPool2d, x, 3, 1, shape(x).c);
      } else if (kind == 1) {
        y = convolve(convolve(x, 1, between(1, 4)), between(2, 7), between(1, 6));
      } else if (kind == 2) {
        y = convolve(x, 1, between(1, 6));
      }
      // The plain input may be a branch once: DenseNet.
      if (y != x || std::find(branches.begin(), branches.end(), x) == branches.end()) {
        branches.push_back(y);
      }
    }
    if (branches.size() < 2) branches.push_back(convolve(x, 1, between(1, 6)));
    return concat(branches, 2);
  }

  std::int32_t squeeze_excite(std::int32_t x) {
    const int channels = shape(x).c;
    std::int32_t s = mean(x);
    s = same(OpKind::kRelu, convolve(s, 1, between(1, 3)));
    s = same(OpKind::kLogistic, convolve(s, 1, channels));
    return append(OpKind::kMul, {x, s}, shape(x));
  }

  std::int32_t bottleneck(std::int32_t x, bool excite) {
    const int channels = shape(x).c;
    std::int32_t y = convolve(x, 1, std::min(24, channels * between(1, 3)));
    y = window(OpKind::kDepthwiseConv2d, y, between(1, 7), 1, shape(y).c);
    if (excite) y = squeeze_excite(y);
    y = convolve(y, 1, channels);
    return rng_.chance(0.7) ? append(OpKind::kAdd, {y, x}, shape(x)) : y;
  }

  /// A map multiplied by one of its shape: spatial attention, swish.
  std::int32_t attention(std::int32_t x) {
    std::int32_t y = rng_.chance(0.5) ? convolve(x, between(1, 5), shape(x).c) : x;
    y = same(OpKind::kLogistic, y);
    return append(OpKind::kMul, {x, y}, shape(x));
  }

  /// Two strips side by side or one above the other, shrunk again.
  std::int32_t strip_join(std::int32_t x) {
    const int channels = between(1, 4);
    const std::int32_t a = convolve(x, 1, channels), b = convolve(x, 3, channels);
    const int axis = below(2);
    const std::int32_t joined = concat({a, b}, axis);
    Op op;
    op.kernel_h = static_cast<std::int16_t>(axis == 0 ? 2 : 1);
    op.kernel_w = static_cast<std::int16_t>(axis == 1 ? 2 : 1);
    op.stride_h = op.kernel_h;
    op.stride_w = op.kernel_w;
    return append(op, {joined}, {shape(x).h, shape(x).w, between(1, 8)});
  }

  /// ResNet's: two paths of one stride that are added.
  std::int32_t downsampled_shortcut(std::int32_t x) {
    const int channels = between(1, 12), stride = between(1, 2);
    const std::int32_t y = convolve(convolve(x, between(1, 5), between(1, 8), stride), 3, channels);
    return append(OpKind::kAdd, {y, convolve(x, 1, channels, stride)}, shape(y));
  }

  /// From the deepest level up: laterals, resized and joined.
  void add_pyramid(std::vector<std::int32_t>& levels) {
    const int channels = between(2, 6);
    std::int32_t top = convolve(levels.back(), 1, channels);
    for (std::size_t i = levels.size() - 1; i-- > 0;) {
      const std::int32_t up = resize(top, shape(levels[i]));
      if (rng_.chance(0.5)) {
        top = append(OpKind::kAdd, {convolve(levels[i], 1, channels), up}, shape(up));
      } else {
        top = convolve(concat({up, levels[i]}, 2), 1, channels);
      }
      levels[i] = rng_.chance(0.5) ? convolve(top, 3, channels) : top;
    }
  }

  std::vector<std::int32_t> add_heads(const std::vector<std::int32_t>& levels) {
    const std::int32_t x = levels.back();
    switch (below(4)) {
      case 0:
        return ssd_heads(levels);
      case 1: {  // segmentation: a class a pixel of the image
        const std::int32_t y =
            resize(convolve(levels.front(), 1, between(1, 4)), shape(graph_.input));
        return {same(OpKind::kSoftmax, y)};
      }
      case 2: {  // several tasks on one trunk
        std::vector<std::int32_t> heads;
        for (int i = between(1, 3); i > 0; --i) heads.push_back(dense(x, between(1, 9)));
        return heads;
      }
      default:
        return {same(OpKind::kSoftmax, convolve(mean(x), 1, between(2, 10)))};
    }
  }

  std::int32_t dense(std::int32_t x, int outputs) {
    if (rng_.chance(0.3)) {
      x = append(OpKind::kTranspose, {x}, {shape(x).w, shape(x).h, shape(x).c});
    }
    return append(OpKind::kFullyConnected, {x}, {1, 1, outputs});
  }

  /// Boxes and scores of each level, joined over levels; or each level's own outputs.
  std::vector<std::int32_t> ssd_heads(const std::vector<std::int32_t>& levels) {
    const int classes = between(1, 3), anchors = between(1, 2);
    std::vector<std::int32_t> boxes, scores;
    for (const std::int32_t x : levels) {
      const int anchors_here = shape(x).h * shape(x).w * anchors;
      boxes.push_back(
          append(OpKind::kReshape, {convolve(x, 3, 4 * anchors)}, {anchors_here, 1, 4}));
      scores.push_back(append(OpKind::kReshape, {convolve(x, 1, classes * anchors)},
                              {anchors_here, 1, classes}));
    }
    if (levels.size() > 1 && rng_.chance(0.7)) {
      return {concat(boxes, 0), same(OpKind::kLogistic, concat(scores, 0))};
    }
    boxes.insert(boxes.end(), scores.begin(), scores.end());
    return boxes;
  }

  Rng rng_;
  int max_side_, max_stages_;
  Graph graph_;
};

inline Graph random_branching(Rng rng) { return RandomBranching(rng).make(); }

}  // namespace tinynas::testing
