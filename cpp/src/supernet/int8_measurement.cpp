#include "supernet/int8_measurement.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "supernet/device.h"
#include "tinynas/int8_interpreter.h"

namespace tinynas {
namespace {

constexpr std::int64_t kBatch = 128;
constexpr std::size_t kWaysScoredWhole = 2;

std::vector<float> values_of(const torch::Tensor& tensor) {
  const torch::Tensor flat = tensor.to(torch::kCPU, torch::kFloat).contiguous().flatten();
  const float* data = flat.const_data_ptr<float>();
  return {data, data + flat.numel()};
}

/// (out, in, kh, kw) as the graph has it: depthwise [kh][kw][out], others [out][kh][kw][in].
std::vector<float> graph_order(const torch::Tensor& weight, bool depthwise) {
  return values_of(depthwise ? weight.permute({2, 3, 0, 1}) : weight.permute({0, 2, 3, 1}));
}

/// Calls visit(tensor of the graph, its values) for the output of each op, in order.
void trace(const Graph& graph, const FoldedNetwork& network, torch::Tensor x,
           const std::function<void(std::int32_t, const torch::Tensor&)>& visit) {
  std::size_t op = 0;
  torch::Tensor shortcut;
  const auto made = [&](const torch::Tensor& values) { visit(graph.ops[op++].output, values); };
  for (const FoldedLayer& layer : network.layers) {
    if (layer.opens_shortcut) shortcut = x;
    torch::Tensor& map = layer.on_shortcut ? shortcut : x;
    map = convolve(map, layer.weight, layer.bias, layer.stride, layer.groups);
    if (layer.relu) map.relu_();
    made(map);
    if (!layer.closes_shortcut) continue;
    x = x + shortcut;
    if (layer.relu_after_sum) x.relu_();
    made(x);
  }
  x = x.mean({2, 3}, /*keepdim=*/true);
  made(x);
  made(at::linear(x.flatten(1), network.classifier_weight, network.classifier_bias));
}

/// Batch by batch in order: bins are counted in integers, so nothing depends on threads.
void for_batches(const torch::Tensor& images,
                 const std::function<void(const torch::Tensor&)>& task) {
  use_one_intra_op_thread_here();
  c10::InferenceMode inference;
  for (std::int64_t first = 0; first < images.size(0); first += kBatch) {
    task(images.slice(0, first, std::min(first + kBatch, images.size(0))));
  }
}

/// Largest magnitudes of channels, extremes and histogram of one batch more.
void add_batch(const torch::Tensor& values, ActivationStatistics& statistics) {
  const std::vector<std::int64_t> others =
      values.dim() == 4 ? std::vector<std::int64_t>{0, 2, 3} : std::vector<std::int64_t>{0};
  const std::vector<float> largest = values_of(values.amax(others)),
                           smallest = values_of(values.amin(others));
  statistics.channel_max.resize(largest.size(), 0);
  for (std::size_t c = 0; c < largest.size(); ++c) {
    statistics.min = std::min(statistics.min, smallest[c]);
    statistics.max = std::max(statistics.max, largest[c]);
    statistics.channel_max[c] = std::max({statistics.channel_max[c], largest[c], -smallest[c]});
  }
  statistics.widen_histogram(statistics.min, statistics.max);
  if (statistics.histogram.empty()) return;
  const std::vector<float> bins =
      values_of(at::histc(values.to(torch::kCPU), kHistogramBins, statistics.low, statistics.high));
  for (std::size_t i = 0; i < bins.size(); ++i)
    statistics.histogram[i] += static_cast<std::int64_t>(bins[i]);
}

ActivationStatistics image_statistics(const Normalisation& normalisation) {
  ActivationStatistics statistics;
  for (std::size_t c = 0; c < normalisation.mean.size(); ++c) {
    const double black = -normalisation.mean[c] / normalisation.deviation[c];
    const double white = (1 - normalisation.mean[c]) / normalisation.deviation[c];
    statistics.min = std::min(statistics.min, static_cast<float>(black));
    statistics.max = std::max(statistics.max, static_cast<float>(white));
  }
  return statistics;
}

}  // namespace

std::vector<std::int8_t> quantised_images(const Tensor& input, const torch::Tensor& images) {
  const torch::Tensor steps =
      (images.to(torch::kCPU) / input.scale).round_().add_(input.zero_point).clamp_(-128, 127);
  const torch::Tensor bytes = steps.permute({0, 2, 3, 1}).contiguous().to(torch::kChar).flatten();
  const auto* data = bytes.const_data_ptr<std::int8_t>();
  return {data, data + bytes.numel()};
}

FloatNetwork float_network(Graph graph, const FoldedNetwork& network) {
  c10::InferenceMode inference;
  FloatNetwork result;
  result.graph = std::move(graph);
  result.ops.resize(result.graph.ops.size());
  std::size_t layer = 0;
  for (std::size_t i = 0; i < result.graph.ops.size(); ++i) {
    const OpKind kind = result.graph.ops[i].kind;
    FloatConstants& to = result.ops[i];
    if (kind == OpKind::kAdd) to.relu = network.layers[layer - 1].relu_after_sum;
    if (kind != OpKind::kConv2d && kind != OpKind::kDepthwiseConv2d) continue;
    if (layer == network.layers.size()) {
      to.weights = values_of(network.classifier_weight);
      to.bias = values_of(network.classifier_bias);
      continue;
    }
    const FoldedLayer& from = network.layers[layer++];
    to.weights = graph_order(from.weight, kind == OpKind::kDepthwiseConv2d);
    to.bias = values_of(from.bias);
    to.relu = from.relu;
  }
  return result;
}

void load_float_network(const FloatNetwork& floats, FoldedNetwork& network) {
  torch::NoGradGuard no_grad;
  std::size_t layer = 0;
  for (std::size_t i = 0; i < floats.ops.size(); ++i) {
    const FloatConstants& from = floats.ops[i];
    if (from.bias.empty()) continue;
    const bool classifier = layer == network.layers.size();
    torch::Tensor& weight = classifier ? network.classifier_weight : network.layers[layer].weight;
    torch::Tensor& bias = classifier ? network.classifier_bias : network.layers[layer].bias;
    bias.copy_(torch::tensor(from.bias));
    const torch::Tensor values = torch::tensor(from.weights);
    if (classifier) {
      weight.copy_(values.view(weight.sizes()));
      continue;
    }
    const bool depthwise = floats.graph.ops[i].kind == OpKind::kDepthwiseConv2d;
    const torch::Tensor seen =
        depthwise ? weight.permute({2, 3, 0, 1}) : weight.permute({0, 2, 3, 1});
    seen.copy_(values.view(seen.sizes()));
    ++layer;
  }
}

std::vector<ActivationStatistics> measure_activations(const Graph& graph,
                                                      const FoldedNetwork& network,
                                                      const torch::Tensor& images,
                                                      const Normalisation& normalisation) {
  std::vector<ActivationStatistics> all(graph.tensors.size());
  for_batches(images, [&](const torch::Tensor& batch) {
    trace(graph, network, batch, [&](std::int32_t t, const torch::Tensor& values) {
      add_batch(values, all[static_cast<std::size_t>(t)]);
    });
  });
  all[static_cast<std::size_t>(graph.input)] = image_statistics(normalisation);
  return all;
}

Measurement measure_int8(const Graph& graph, const torch::Tensor& images,
                         const torch::Tensor& labels, const torch::Tensor& teacher) {
  c10::InferenceMode inference;
  const Int8Interpreter interpreter(graph, "subnet");
  const auto images_count = images.size(0);
  std::vector<std::int8_t> outputs(
      static_cast<std::size_t>(images_count * interpreter.output_bytes()));
  interpreter.run(quantised_images(graph.tensors[graph.input], images), outputs);
  const Tensor& output = graph.tensors[graph.output];
  const torch::Tensor logits =
      (torch::from_blob(outputs.data(), {images_count, interpreter.output_bytes()}, torch::kChar)
           .to(torch::kDouble) -
       output.zero_point) *
      static_cast<double>(output.scale);
  const torch::Tensor classes = labels.to(torch::kCPU);
  Measurement measurement;
  measurement.images = static_cast<int>(images_count);
  // Of equal logits the first counts, as on the device.
  measurement.accuracy =
      static_cast<double>(logits.argmax(1).eq(classes).sum().item<std::int64_t>()) /
      static_cast<double>(images_count);
  measurement.score =
      (logits.log_softmax(1) * teacher.to(torch::kCPU, torch::kDouble)).sum().item<double>() /
      static_cast<double>(images_count);
  measurement.standard_error = std::sqrt(measurement.accuracy * (1 - measurement.accuracy) /
                                         static_cast<double>(images_count));
  return measurement;
}

QuantisedNetwork quantise_best(const Graph& graph, const FoldedNetwork& network,
                               const Normalisation& normalisation,
                               const QuantisationImages& images) {
  const FloatNetwork floats = float_network(graph, network);
  const auto statistics =
      measure_activations(floats.graph, network, images.calibration, normalisation);
  const std::int64_t count = images.choice.pixels.size(0),
                     quarter = std::max<std::int64_t>(1, count / 4);
  const auto score = [&](const Graph& int8, std::int64_t begin, std::int64_t end) {
    const Measurement part = measure_int8(int8, images.choice.pixels.slice(0, begin, end),
                                          images.choice.labels.slice(0, begin, end),
                                          images.teacher.slice(0, begin, end));
    return part.score * part.images;
  };
  struct Way {
    double score = 0;
    QuantisedNetwork network;
  };
  std::vector<Way> ways;
  for (const QuantiseOptions& options : all_quantisations()) {
    Graph int8 = quantise(floats, statistics, options);
    const double first = score(int8, 0, quarter);
    ways.push_back({first, {std::move(int8), options}});
  }
  const auto better = [](const Way& a, const Way& b) { return a.score > b.score; };
  std::stable_sort(ways.begin(), ways.end(), better);
  ways.resize(std::min(ways.size(), kWaysScoredWhole));
  if (quarter < count) {
    for (Way& way : ways) way.score += score(way.network.graph, quarter, count);
  }
  return std::min_element(ways.begin(), ways.end(), better)->network;
}

}  // namespace tinynas
