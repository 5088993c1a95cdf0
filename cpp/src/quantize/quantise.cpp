#include <algorithm>
#include <cmath>

#include "quantize/activation_range.h"
#include "quantize/equalise.h"
#include "tinynas/quantize.h"

namespace tinynas {
namespace {

/// A bias stays within 30 bits, so that sums of products have room beside it.
constexpr double kMostBias = 1 << 30;

std::size_t channel_of(const Op& op, std::size_t index, std::size_t channels, std::size_t depth) {
  return op.kind == OpKind::kDepthwiseConv2d ? index % channels : index / depth;
}

/// One scale a channel: the largest magnitude at 127, and large enough for the bias.
std::vector<float> weight_scales(const Op& op, const FloatConstants& from, double in_scale) {
  const std::size_t channels = from.bias.size(), depth = from.weights.size() / channels;
  std::vector<float> scales(channels, 0);
  for (std::size_t k = 0; k < from.weights.size(); ++k) {
    float& largest = scales[channel_of(op, k, channels, depth)];
    largest = std::max(largest, std::abs(from.weights[k]));
  }
  for (std::size_t c = 0; c < channels; ++c) {
    const double needed = std::abs(from.bias[c]) / (in_scale * kMostBias);
    scales[c] = std::max(scales[c] / 127, static_cast<float>(needed));
    if (!(scales[c] > 0)) scales[c] = 1;  // a channel of zeros
  }
  return scales;
}

OpConstants quantise_weights(const Op& op, const FloatConstants& from, const Tensor& in) {
  OpConstants constants;
  const std::size_t channels = from.bias.size(), depth = from.weights.size() / channels;
  constants.weight_scales = weight_scales(op, from, in.scale);
  constants.weights.resize(from.weights.size());
  for (std::size_t k = 0; k < from.weights.size(); ++k) {
    const float scale = constants.weight_scales[channel_of(op, k, channels, depth)];
    const float steps = std::round(from.weights[k] / scale);
    constants.weights[k] = static_cast<std::int8_t>(std::clamp(steps, -127.0F, 127.0F));
  }
  for (std::size_t c = 0; c < channels; ++c) {
    const double scale = static_cast<double>(in.scale) * constants.weight_scales[c];
    const double steps = std::round(from.bias[c] / scale);
    constants.bias.push_back(static_cast<std::int32_t>(std::clamp(steps, -kMostBias, kMostBias)));
  }
  return constants;
}

bool keeps_quantisation(OpKind kind) {
  return kind == OpKind::kAveragePool2d || kind == OpKind::kMaxPool2d || kind == OpKind::kReshape;
}

}  // namespace

const char* range_method_name(RangeMethod method) {
  constexpr const char* kNames[] = {"min-max", "percentile", "mse"};
  return kNames[static_cast<std::size_t>(method)];
}

std::vector<QuantiseOptions> all_quantisations() {
  std::vector<QuantiseOptions> all;
  for (const bool equalise : {false, true}) {
    for (const RangeMethod method :
         {RangeMethod::kMinMax, RangeMethod::kPercentile, RangeMethod::kMse}) {
      all.push_back({method, equalise});
    }
  }
  return all;
}

std::string describe(const QuantiseOptions& options) {
  return std::string(range_method_name(options.method)) + (options.equalise ? ", equalised" : "");
}

Graph quantise(const FloatNetwork& network, const std::vector<ActivationStatistics>& statistics,
               const QuantiseOptions& options) {
  FloatNetwork floats = network;
  std::vector<ActivationStatistics> spread = statistics;
  if (options.equalise) equalise_channels(floats, spread);
  Graph graph = std::move(floats.graph);
  set_quantisation(choose_range(spread[graph.input], options.method), graph.tensors[graph.input]);
  std::vector<OpConstants> all;
  for (std::size_t i = 0; i < graph.ops.size(); ++i) {
    Op& op = graph.ops[i];
    const Tensor& in = graph.tensors[graph.inputs(op)[0]];
    Tensor& out = graph.tensors[op.output];
    if (keeps_quantisation(op.kind)) {
      out.scale = in.scale;
      out.zero_point = in.zero_point;
    } else {
      // Logits are compared with each other: none is cut off.
      const RangeMethod method = graph.is_output(op.output) ? RangeMethod::kMinMax : options.method;
      set_quantisation(choose_range(spread[op.output], method), out);
    }
    op.constants = static_cast<std::int32_t>(all.size());
    const FloatConstants& from = floats.ops[i];
    all.push_back(from.bias.empty() ? OpConstants{} : quantise_weights(op, from, in));
    if (from.relu) all.back().output_min = std::max(-128, out.zero_point);
  }
  graph.constants = std::make_shared<const std::vector<OpConstants>>(std::move(all));
  return graph;
}

}  // namespace tinynas
