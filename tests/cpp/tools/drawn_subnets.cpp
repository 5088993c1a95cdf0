// Writes subnets with drawn weights as int8 models, for tests and benchmarks that need many
// networks of our spaces and no accuracy:
//
//   drawn_subnets SPACE SEED FILE.tflite [sample|smallest|largest]

#include <cmath>
#include <fstream>
#include <iostream>
#include <random>
#include <string>
#include <vector>

#include "float_network.h"
#include "tinynas/error.h"
#include "tinynas/quantize.h"
#include "tinynas/rng.h"
#include "tinynas/search_space.h"
#include "tinynas/tflite.h"

using namespace tinynas;
using namespace tinynas::testing;

namespace {

constexpr int kCalibrationImages = 2;

/// Weights that keep the spread of activations (He et al., ICCV 2015), channels that differ as
/// trained ones do.
FloatNetwork draw_weights(Graph graph, std::mt19937& random) {
  std::normal_distribution<float> normal;
  FloatNetwork network;
  network.graph = std::move(graph);
  for (const Op& op : network.graph.ops) {
    FloatConstants& constants = network.ops.emplace_back();
    const auto channels = static_cast<std::size_t>(op_bias_count(network.graph, op));
    if (channels == 0) continue;
    constants.relu = op.role != OpRole::kProject && op.role != OpRole::kClassifier;
    const auto count = static_cast<std::size_t>(op_weight_bytes(network.graph, op));
    const std::size_t depth = count / channels;
    const float spread = std::sqrt((constants.relu ? 2.0F : 1.0F) / static_cast<float>(depth));
    std::vector<float> gains(channels);
    for (float& gain : gains) gain = spread * std::exp2(normal(random) / 2);
    constants.weights.resize(count);
    const bool depthwise = op.kind == OpKind::kDepthwiseConv2d;
    for (std::size_t k = 0; k < count; ++k) {
      constants.weights[k] = normal(random) * gains[depthwise ? k % channels : k / depth];
    }
    constants.bias.resize(channels);
    for (float& bias : constants.bias) bias = normal(random) / 4;
  }
  return network;
}

/// Waves and noise between black and white, normalised as images are.
std::vector<float> draw_image(const Shape& shape, float mean, float deviation,
                              std::mt19937& random) {
  std::uniform_real_distribution<float> uniform;
  const float across = uniform(random) / 4, down = uniform(random) / 4;
  std::vector<float> image;
  for (int r = 0; r < shape.h; ++r) {
    for (int c = 0; c < shape.w; ++c) {
      const float wave =
          0.5F + 0.4F * std::sin(across * static_cast<float>(c) + down * static_cast<float>(r));
      for (int k = 0; k < shape.c; ++k) {
        const float value = wave + 0.4F * (uniform(random) - 0.5F);
        image.push_back((std::clamp(value, 0.0F, 1.0F) - mean) / deviation);
      }
    }
  }
  return image;
}

std::string draw_model(const Subnet& subnet, std::uint32_t seed, const std::string& name) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> uniform;
  const FloatNetwork network = draw_weights(lower(subnet), random);
  const auto input = static_cast<std::size_t>(network.graph.input);
  const float mean = 0.2F + 0.3F * uniform(random), deviation = 0.2F + 0.15F * uniform(random);
  std::vector<std::vector<float>> images;
  for (int i = 0; i < kCalibrationImages; ++i) {
    images.push_back(draw_image(network.graph.tensors[input].shape, mean, deviation, random));
  }
  auto statistics = statistics_of(network, images);
  statistics[input].min = -mean / deviation;
  statistics[input].max = (1 - mean) / deviation;
  const Graph graph = quantise(network, statistics, {RangeMethod::kMinMax, seed % 2 == 1});
  const auto channels = static_cast<std::size_t>(network.graph.tensors[input].shape.c);
  const Normalisation normalisation{std::vector<double>(channels, mean),
                                    std::vector<double>(channels, deviation)};
  return encode_tflite(graph, {name, {}, normalisation, {}});
}

int run(const std::vector<std::string>& arguments) {
  if (arguments.size() < 3 || arguments.size() > 4) {
    std::cerr << "drawn_subnets SPACE SEED FILE.tflite [sample|smallest|largest]\n";
    return 2;
  }
  const SearchSpace space = SearchSpace::find(arguments[0]);
  const auto seed = static_cast<std::uint32_t>(std::stoul(arguments[1]));
  const std::string choice = arguments.size() == 4 ? arguments[3] : "sample";
  Rng rng(seed);
  const Genotype genotype = choice == "smallest"  ? space.smallest()
                            : choice == "largest" ? space.largest()
                                                  : space.sample(rng);
  std::ofstream file(arguments[2], std::ios::binary);
  file << draw_model(space.decode(genotype), seed, space.name() + " " + space.id(genotype));
  return file.good() ? 0 : 1;
}

}  // namespace

int main(int count, char** values) {
  try {
    return run({values + 1, values + count});
  } catch (const Error& error) {
    std::cerr << error.what() << "\n";
    return static_cast<int>(error.code());
  }
}
