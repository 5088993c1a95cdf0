#include "quantize/equalise.h"

#include <algorithm>

namespace tinynas {
namespace {

/// A channel that is almost never active is not blown up beyond this.
constexpr float kLeastShare = 1.0F / 64;

std::int32_t only_reader(const Graph& graph, std::int32_t tensor) {
  std::int32_t reader = -1;
  for (std::size_t i = 0; i < graph.ops.size(); ++i) {
    for (const std::int32_t t : graph.inputs(graph.ops[i])) {
      if (t != tensor) continue;
      if (reader >= 0) return -1;
      reader = static_cast<std::int32_t>(i);
    }
  }
  return graph.is_output(tensor) ? -1 : reader;
}

void scale_channel(const Graph& graph, const Op& writer, const Op& reader, std::size_t channel,
                   float factor, FloatConstants& written, FloatConstants& read) {
  const auto channels = static_cast<std::size_t>(graph.out_shape(writer).c);
  if (writer.kind == OpKind::kDepthwiseConv2d) {
    for (std::size_t k = channel; k < written.weights.size(); k += channels) {
      written.weights[k] *= factor;
    }
  } else {
    const std::size_t depth = written.weights.size() / channels;
    for (std::size_t k = 0; k < depth; ++k) written.weights[channel * depth + k] *= factor;
  }
  written.bias[channel] *= factor;
  const auto outputs = static_cast<std::size_t>(graph.out_shape(reader).c);
  const std::size_t multiplier = outputs / channels;
  for (std::size_t k = 0; k < read.weights.size(); ++k) {
    if (k % outputs / multiplier == channel) read.weights[k] /= factor;
  }
}

}  // namespace

void equalise_channels(FloatNetwork& network, std::vector<ActivationStatistics>& statistics) {
  const Graph& graph = network.graph;
  for (std::size_t i = 0; i < graph.ops.size(); ++i) {
    const Op& writer = graph.ops[i];
    ActivationStatistics& map = statistics[static_cast<std::size_t>(writer.output)];
    if (!network.ops[i].relu || network.ops[i].bias.empty() || map.channel_max.empty()) continue;
    const std::int32_t reader = only_reader(graph, writer.output);
    if (reader < 0 || graph.ops[reader].kind != OpKind::kDepthwiseConv2d) continue;
    for (std::size_t c = 0; c < map.channel_max.size(); ++c) {
      const float share = std::max(map.channel_max[c] / map.max, kLeastShare);
      if (!(map.max > 0) || share >= 1) continue;
      scale_channel(graph, writer, graph.ops[reader], c, 1 / share, network.ops[i],
                    network.ops[static_cast<std::size_t>(reader)]);
    }
    // Where the values of single channels went is not known: the histogram no longer holds.
    map.histogram.clear();
  }
}

}  // namespace tinynas
