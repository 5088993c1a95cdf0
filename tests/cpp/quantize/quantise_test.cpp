#include <algorithm>
#include <cmath>
#include <random>

#include "catch.h"
#include "errors.h"
#include "float_network.h"
#include "quantize/activation_range.h"
#include "quantize/equalise.h"
#include "tinynas/int8_interpreter.h"
#include "tinynas/quantize.h"

using namespace tinynas;

namespace {

/// Ten million values of a normal distribution with one far outlier.
ActivationStatistics spread(float outlier) {
  std::mt19937 random(3);
  std::normal_distribution<float> normal(0.0F, 1.0F);
  std::vector<float> values(100000);
  for (float& value : values) value = normal(random);
  values[0] = outlier;
  ActivationStatistics statistics;
  statistics.min = *std::min_element(values.begin(), values.end());
  statistics.max = *std::max_element(values.begin(), values.end());
  statistics.widen_histogram(statistics.min, statistics.max);
  for (const float value : values) {
    const double place = (value - statistics.min) / (statistics.max - statistics.min);
    const auto bin =
        std::min<std::size_t>(kHistogramBins - 1, static_cast<std::size_t>(place * kHistogramBins));
    ++statistics.histogram[bin];
  }
  for (std::int64_t& bin : statistics.histogram) bin *= 100;
  statistics.histogram.back() = 1;
  return statistics;
}

/// expand 1x1 with ReLU, depthwise 3x3 with ReLU, project 1x1, pooling, classifier: random floats
/// whose expanded channels differ tenfold.
FloatNetwork bottleneck(std::uint32_t seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0.0F, 0.5F);
  FloatNetwork network;
  Graph& graph = network.graph;
  graph.input = graph.add_tensor({6, 5, 3});
  std::int32_t at = graph.input;
  const auto add = [&](OpKind kind, int kernel, int channels, bool relu) {
    Op op;
    op.kind = kind;
    op.kernel_h = op.kernel_w = static_cast<std::int16_t>(kernel);
    op.pad_top = op.pad_left = static_cast<std::int16_t>(kernel / 2);
    const Shape in = graph.tensors[at].shape;
    const std::int32_t inputs[] = {at};
    at = graph.add_op(op, inputs, {in.h, in.w, channels});
    FloatConstants constants;
    const int depth = kernel * kernel * (kind == OpKind::kDepthwiseConv2d ? 1 : in.c);
    constants.weights.resize(static_cast<std::size_t>(depth) * channels);
    for (float& weight : constants.weights) weight = normal(random);
    constants.bias.resize(static_cast<std::size_t>(channels));
    for (float& bias : constants.bias) bias = normal(random);
    constants.relu = relu;
    network.ops.push_back(std::move(constants));
  };
  add(OpKind::kConv2d, 1, 8, true);
  FloatConstants& expand = network.ops.back();
  for (std::size_t c = 0; c < 8; ++c) {
    const float factor = std::pow(0.7F, static_cast<float>(c));
    for (std::size_t k = 0; k < 3; ++k) expand.weights[c * 3 + k] *= factor;
    expand.bias[c] *= factor;
  }
  add(OpKind::kDepthwiseConv2d, 3, 8, true);
  add(OpKind::kConv2d, 1, 4, false);
  graph.output = at;
  return network;
}

std::vector<float> random_image(std::uint32_t seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> uniform(-1.0F, 1.0F);
  std::vector<float> image(6 * 5 * 3);
  for (float& value : image) value = uniform(random);
  return image;
}

std::vector<ActivationStatistics> statistics_of(const FloatNetwork& network) {
  std::vector<std::vector<float>> images;
  for (std::uint32_t seed = 0; seed < 20; ++seed) images.push_back(random_image(seed));
  return testing::statistics_of(network, images);
}

/// Mean distance of the int8 network's outputs from the float network's, over the outputs' range.
double relative_error(const FloatNetwork& network, const QuantiseOptions& options) {
  const auto statistics = statistics_of(network);
  const Graph graph = quantise(network, statistics, options);
  const Int8Interpreter interpreter(graph, "bottleneck");
  const Tensor& in = graph.tensors[graph.input];
  const Tensor& out = graph.tensors[graph.output];
  double sum = 0;
  std::size_t count = 0;
  for (std::uint32_t seed = 0; seed < 20; ++seed) {
    const std::vector<float> image = random_image(seed);
    std::vector<std::int8_t> bytes;
    for (const float value : image) {
      const float q = std::round(value / in.scale) + static_cast<float>(in.zero_point);
      bytes.push_back(static_cast<std::int8_t>(std::clamp(q, -128.0F, 127.0F)));
    }
    const std::vector<float> expected = testing::run_floats(network, image)[network.graph.output];
    const std::vector<std::int8_t> found = interpreter.run_one(bytes);
    for (std::size_t i = 0; i < found.size(); ++i, ++count) {
      sum += std::abs((found[i] - out.zero_point) * out.scale - expected[i]);
    }
  }
  return sum / static_cast<double>(count) / (255.0 * static_cast<double>(out.scale));
}

}  // namespace

TEST_CASE("ranges hold zero, and methods leave out what they say") {
  const ActivationStatistics statistics = spread(40);
  const ActivationRange all = choose_range(statistics, RangeMethod::kMinMax);
  CHECK(all.low == statistics.min);
  CHECK(all.high == 40.0F);
  const ActivationRange percentile = choose_range(statistics, RangeMethod::kPercentile);
  CHECK(percentile.high > 3.0F);
  CHECK(percentile.high < 5.0F);
  CHECK(percentile.low < -3.0F);
  const ActivationRange mse = choose_range(statistics, RangeMethod::kMse);
  CHECK(mse.high < 8.0F);
  CHECK(mse.high > 2.0F);

  ActivationStatistics positive;
  positive.min = 1;
  positive.max = 3;
  CHECK(choose_range(positive, RangeMethod::kMse).low == 0.0F);
  Tensor tensor;
  set_quantisation(choose_range(positive, RangeMethod::kMinMax), tensor);
  CHECK(tensor.zero_point == -128);
  set_quantisation({}, tensor);  // a tensor of zeros
  CHECK(tensor.scale == 1.0F);
}

TEST_CASE("equalised channels compute the same floats and fill their range") {
  FloatNetwork network = bottleneck(4);
  auto statistics = statistics_of(network);
  const auto before = testing::run_floats(network, random_image(99));
  const auto smallest = [](const ActivationStatistics& map) {
    return *std::min_element(map.channel_max.begin(), map.channel_max.end()) / map.max;
  };
  CHECK(smallest(statistics[1]) < 0.3F);
  equalise_channels(network, statistics);
  const auto after = testing::run_floats(network, random_image(99));
  for (std::size_t i = 0; i < before.back().size(); ++i) {
    CHECK(std::abs(after.back()[i] - before.back()[i]) < 1e-4F);
  }
  CHECK(smallest(statistics_of(network)[1]) > 0.99F);
}

TEST_CASE("int8 networks are near their floats, nearer when equalised") {
  double plain = 0, equalised = 0;
  for (std::uint32_t seed = 10; seed < 20; ++seed) {
    const FloatNetwork network = bottleneck(seed);
    plain += relative_error(network, {RangeMethod::kMinMax, false}) / 10;
    equalised += relative_error(network, {RangeMethod::kMinMax, true}) / 10;
  }
  CHECK(plain < 0.01);
  CHECK(equalised < plain);
}

TEST_CASE("a channel of zeros and a bias that outweighs its weights stay representable") {
  FloatNetwork network = bottleneck(5);
  FloatConstants& expand = network.ops[0];
  std::fill_n(expand.weights.begin(), 3, 0.0F);
  expand.bias[0] = 0;
  std::fill_n(expand.weights.begin() + 3, 3, 1e-12F);
  expand.bias[1] = 2.5F;
  const Graph graph = quantise(network, statistics_of(network), {});
  const OpConstants& constants = graph.constants_of(graph.ops[0]);
  CHECK(constants.weight_scales[0] == 1.0F);
  const double back = static_cast<double>(constants.bias[1]) * constants.weight_scales[1] *
                      graph.tensors[graph.input].scale;
  CHECK(std::abs(back - 2.5) < 1e-5);
  CHECK_NOTHROW(Int8Interpreter(graph, "bottleneck"));
}

TEST_CASE("a graph without weights is refused in one line that names the op") {
  const FloatNetwork network = bottleneck(6);
  const auto refusal = [](const Graph& graph) {
    return testing::bad_input([&] { Int8Interpreter(graph, "net.json"); });
  };
  CHECK(refusal(network.graph) == "net.json: operator 0 (conv2d): the graph has no weights");
  Graph graph = quantise(network, statistics_of(network), {});
  graph.tensors[graph.ops[1].output].scale = 0;
  CHECK(refusal(graph) == "net.json: operator 1 (depthwise_conv2d): its output has no scale");
}
