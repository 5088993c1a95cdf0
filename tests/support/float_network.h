#pragma once
// A network in floats, run plainly: what its int8 version is calibrated on and compared with.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <stdexcept>
#include <vector>

#include "tinynas/quantize.h"

namespace tinynas::testing {

/// One output pixel of a convolution or depthwise convolution, `y` its channels.
inline void run_window(const Graph& graph, const Op& op, const FloatConstants& constants,
                       const std::vector<float>& x, int row, int column, float* y) {
  const Shape in = graph.in_shape(op), out = graph.out_shape(op);
  const bool depthwise = op.kind == OpKind::kDepthwiseConv2d;
  for (int o = 0; o < out.c; ++o) y[o] = constants.bias[static_cast<std::size_t>(o)];
  for (int ky = 0; ky < op.kernel_h; ++ky) {
    const int from_row = row * op.stride_h - op.pad_top + ky;
    if (from_row < 0 || from_row >= in.h) continue;
    for (int kx = 0; kx < op.kernel_w; ++kx) {
      const int from_column = column * op.stride_w - op.pad_left + kx;
      if (from_column < 0 || from_column >= in.w) continue;
      const float* pixel = x.data() + (std::ptrdiff_t{from_row} * in.w + from_column) * in.c;
      const float* weights = constants.weights.data();
      const std::ptrdiff_t tap = std::ptrdiff_t{ky} * op.kernel_w + kx;
      for (int o = 0; o < out.c; ++o) {
        if (depthwise) {
          y[o] += weights[tap * out.c + o] * pixel[o];
          continue;
        }
        const float* of = weights + (std::ptrdiff_t{o} * op.kernel_h * op.kernel_w + tap) * in.c;
        float sum = 0;
        for (int k = 0; k < in.c; ++k) sum += of[k] * pixel[k];
        y[o] += sum;
      }
    }
  }
  if (!constants.relu) return;
  for (int o = 0; o < out.c; ++o) y[o] = std::max(y[o], 0.0F);
}

inline std::vector<float> run_op(const Graph& graph, const Op& op, const FloatConstants& constants,
                                 const std::vector<std::vector<float>>& maps) {
  const Shape in = graph.in_shape(op), out = graph.out_shape(op);
  const std::vector<float>& x = maps[static_cast<std::size_t>(graph.inputs(op)[0])];
  std::vector<float> y(static_cast<std::size_t>(out.elements()), 0);
  switch (op.kind) {
    case OpKind::kConv2d:
    case OpKind::kDepthwiseConv2d:
      for (int r = 0; r < out.h; ++r) {
        for (int c = 0; c < out.w; ++c) {
          run_window(graph, op, constants, x, r, c,
                     y.data() + (std::ptrdiff_t{r} * out.w + c) * out.c);
        }
      }
      return y;
    case OpKind::kAdd: {
      const std::vector<float>& other = maps[static_cast<std::size_t>(graph.inputs(op)[1])];
      std::transform(x.begin(), x.end(), other.begin(), y.begin(), std::plus<>());
      return y;
    }
    case OpKind::kAveragePool2d:  // of whole maps
      for (std::size_t i = 0; i < x.size(); ++i) {
        y[i % static_cast<std::size_t>(in.c)] += x[i] / static_cast<float>(in.h * in.w);
      }
      return y;
    default:
      throw std::logic_error("lower() makes no such op");
  }
}

/// The values of each tensor for one image. Ops are those that lower() makes.
inline std::vector<std::vector<float>> run_floats(const FloatNetwork& network,
                                                  const std::vector<float>& image) {
  const Graph& graph = network.graph;
  std::vector<std::vector<float>> maps(graph.tensors.size());
  maps[static_cast<std::size_t>(graph.input)] = image;
  for (std::size_t i = 0; i < graph.ops.size(); ++i) {
    maps[static_cast<std::size_t>(graph.ops[i].output)] =
        run_op(graph, graph.ops[i], network.ops[i], maps);
  }
  return maps;
}

/// Ranges of each tensor over `images`, exact.
inline std::vector<ActivationStatistics> statistics_of(
    const FloatNetwork& network, const std::vector<std::vector<float>>& images) {
  std::vector<ActivationStatistics> all(network.graph.tensors.size());
  for (const std::vector<float>& image : images) {
    const auto maps = run_floats(network, image);
    for (std::size_t t = 0; t < maps.size(); ++t) {
      const auto channels = static_cast<std::size_t>(network.graph.tensors[t].shape.c);
      all[t].channel_max.resize(channels, 0);
      for (std::size_t i = 0; i < maps[t].size(); ++i) {
        all[t].min = std::min(all[t].min, maps[t][i]);
        all[t].max = std::max(all[t].max, maps[t][i]);
        float& most = all[t].channel_max[i % channels];
        most = std::max(most, std::abs(maps[t][i]));
      }
    }
  }
  return all;
}

}  // namespace tinynas::testing
