#include "supernet/fake_quantisation.h"

#include <algorithm>
#include <cmath>

#include "catch.h"
#include "quantize/equalise.h"
#include "supernet/int8_measurement.h"
#include "supernet/subnet_measurement.h"
#include "supernet/supernet_file.h"
#include "temporary_folder.h"
#include "tiny_supernet.h"
#include "tinynas/int8_interpreter.h"
#include "tinynas/trainer.h"

namespace tinynas {
namespace {

struct Case {
  Subnet subnet;
  FoldedNetwork network;
  torch::Tensor images;
  Normalisation normalisation;
};

/// Trained for long enough that its classes lie apart: an untrained network blows single steps up.
const Supernet& trained_supernet() {
  static const Supernet supernet = [] {
    const testing::TemporaryFolder folder;
    TrainOptions options = testing::tiny_training(folder.file("supernet"), 2, 6);
    options.augmentation.shift_pixels = 2;
    train_supernet(testing::tiny_space(), *testing::striped_dataset(), options, {}, {});
    return read_supernet(options.out_dir + "/supernet.pt").supernet;
  }();
  return supernet;
}

Case some_case(std::uint64_t seed) {
  const auto data = testing::striped_dataset();
  const Supernet& supernet = trained_supernet();
  const SearchSpace& space = supernet.space();
  Rng rng(seed);
  Case made;
  made.subnet = space.decode(space.sample(rng));
  made.normalisation = measure_normalisation(data->train);
  made.images =
      first_images(data->calibration, 128, made.normalisation, made.subnet.resolution, torch::kCPU)
          .pixels;
  const c10::InferenceMode inference;
  const SubnetProgram program = supernet.slice(made.subnet);
  made.network = recalibrated(program, made.images);
  return made;
}

Graph quantised(const Case& of, const QuantiseOptions& options) {
  const FloatNetwork floats = float_network(lower(of.subnet), of.network);
  return quantise(
      floats, measure_activations(floats.graph, of.network, of.images, of.normalisation), options);
}

/// Outputs of the int8 interpreter, (N, classes) in steps.
torch::Tensor int8_outputs(const Graph& graph, const torch::Tensor& images) {
  const Int8Interpreter interpreter(graph, "test");
  const Tensor& input = graph.tensors[graph.input];
  const torch::Tensor steps = (images / input.scale).round().add(input.zero_point).clamp(-128, 127);
  const torch::Tensor bytes = steps.permute({0, 2, 3, 1}).contiguous().to(torch::kChar);
  const auto* data = bytes.const_data_ptr<std::int8_t>();
  std::vector<std::int8_t> outputs(
      static_cast<std::size_t>(images.size(0) * interpreter.output_bytes()));
  interpreter.run({data, static_cast<std::size_t>(bytes.numel())}, outputs);
  return torch::from_blob(outputs.data(), {images.size(0), interpreter.output_bytes()},
                          torch::kChar)
      .to(torch::kFloat);
}

/// Logits in steps of the graph's output.
torch::Tensor in_steps(const torch::Tensor& logits, const Graph& graph) {
  const Tensor& output = graph.tensors[graph.output];
  return (logits / output.scale).round() + output.zero_point;
}

TEST_CASE("rounding in floats gives what the int8 network gives, to a step") {
  std::int64_t outputs = 0, near = 0;
  double apart_rounded = 0, apart_plain = 0;
  for (std::uint64_t seed = 0; seed < 24; ++seed) {
    const Case one = some_case(seed);
    const RangeMethod method = static_cast<RangeMethod>(seed % 3);
    const Graph graph = quantised(one, {method, false});
    const torch::NoGradGuard no_grad;
    const torch::Tensor expected = int8_outputs(graph, one.images);
    const torch::Tensor made =
        in_steps(forward_fake_quantised(one.network, graph, one.images), graph);
    const torch::Tensor apart = (made - expected).abs();
    INFO("seed " << seed << ": " << describe(one.subnet));
    CHECK(apart.max().item<float>() <= 4);
    // Not by being all zero: the network's outputs differ from image to image.
    CHECK(made.std(0).min().item<float>() > 2);
    outputs += apart.numel();
    near += apart.le(1).sum().item<std::int64_t>();
    apart_rounded += apart.mean().item<double>();
    apart_plain +=
        (in_steps(forward(one.network, one.images), graph) - expected).abs().mean().item<double>();
  }
  CHECK(static_cast<double>(near) >= 0.99 * static_cast<double>(outputs));
  // Floats that are not rounded come less close.
  CHECK(apart_rounded < 0.6 * apart_plain);
}

TEST_CASE("gradients pass the rounding, and stop where a value is clamped") {
  const Case one = some_case(3);
  Graph graph = quantised(one, {RangeMethod::kMinMax, false});
  FoldedNetwork network = one.network;
  for (FoldedLayer& layer : network.layers) {
    layer.weight = layer.weight.clone().requires_grad_(true);
    layer.bias = layer.bias.clone().requires_grad_(true);
  }
  network.classifier_weight = network.classifier_weight.clone();
  network.classifier_bias = network.classifier_bias.clone();
  forward_fake_quantised(network, graph, one.images).square().sum().backward();
  for (const FoldedLayer& layer : network.layers) {
    CHECK(layer.weight.grad().abs().sum().item<float>() > 0);
    CHECK(layer.bias.grad().isfinite().all().item<bool>());
  }
  // Outputs all beyond their range: nothing flows.
  graph.tensors[graph.output].scale *= 1e-6F;
  for (FoldedLayer& layer : network.layers) layer.weight.mutable_grad().reset();
  forward_fake_quantised(network, graph, one.images).square().sum().backward();
  CHECK(network.layers[0].weight.grad().abs().sum().item<float>() == 0);
}

TEST_CASE("equalised weights taken back from the graph compute the same floats") {
  for (std::uint64_t seed = 0; seed < 6; ++seed) {
    Case one = some_case(seed);
    const torch::NoGradGuard no_grad;
    const torch::Tensor before = forward(one.network, one.images);
    FloatNetwork floats = float_network(lower(one.subnet), one.network);
    auto statistics = measure_activations(floats.graph, one.network, one.images, one.normalisation);
    const FloatNetwork plain = floats;
    equalise_channels(floats, statistics);
    std::size_t changed = 0;
    for (std::size_t i = 0; i < plain.ops.size(); ++i)
      changed += plain.ops[i].weights != floats.ops[i].weights ? 1 : 0;
    CHECK(changed > 0);
    for (FoldedLayer& layer : one.network.layers) {
      layer.weight = layer.weight.clone();
      layer.bias = layer.bias.clone();
    }
    one.network.classifier_weight = one.network.classifier_weight.clone();
    one.network.classifier_bias = one.network.classifier_bias.clone();
    load_float_network(floats, one.network);
    const torch::Tensor after = forward(one.network, one.images);
    CHECK((after - before).abs().max().item<float>() <
          1e-3F * std::max(1.0F, before.abs().max().item<float>()));
  }
}

}  // namespace
}  // namespace tinynas
