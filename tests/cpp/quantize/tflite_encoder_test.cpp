// What encode_tflite writes, parse_tflite reads back: the same network with the same numbers.

#include <random>

#include "catch.h"
#include "errors.h"
#include "tinynas/int8_interpreter.h"
#include "tinynas/quantize.h"
#include "tinynas/rng.h"
#include "tinynas/search_space.h"
#include "tinynas/tflite.h"

using namespace tinynas;

namespace {

/// A subnet of a shipped space with random weights and ranges, quantised.
Graph random_network(const SearchSpace& space, std::uint64_t seed) {
  std::mt19937 random(static_cast<std::uint32_t>(seed));
  std::normal_distribution<float> normal(0.0F, 0.2F);
  FloatNetwork network;
  Rng draws(seed, 0);
  network.graph = lower(space.decode(space.sample(draws)));
  for (const Op& op : network.graph.ops) {
    FloatConstants& constants = network.ops.emplace_back();
    const auto channels = static_cast<std::size_t>(op_bias_count(network.graph, op));
    if (channels == 0) continue;
    constants.weights.resize(static_cast<std::size_t>(op_weight_bytes(network.graph, op)));
    constants.bias.resize(channels);
    for (float& weight : constants.weights) weight = normal(random);
    for (float& bias : constants.bias) bias = normal(random);
    constants.relu = op.role != OpRole::kProject && op.role != OpRole::kClassifier;
  }
  std::vector<ActivationStatistics> statistics(network.graph.tensors.size());
  for (ActivationStatistics& one : statistics) {
    one.max = 0.5F + std::abs(normal(random)) * 10;
    one.min = -std::abs(normal(random)) * 10;
  }
  return quantise(network, statistics, {});
}

}  // namespace

TEST_CASE("files that were encoded are read back as the same network") {
  for (const char* name : {"fashion-mnist", "mcunet", "mobilenetv2"}) {
    const SearchSpace space = SearchSpace::find(name);
    for (std::uint64_t seed = 0; seed < 12; ++seed) {
      const Graph graph = random_network(space, seed);
      const std::string file = encode_tflite(graph, {"a test", {"cat", "dog"}});
      const Graph back = parse_tflite(file, "file.tflite").graph;
      REQUIRE(back.ops.size() == graph.ops.size());
      CHECK(graph_macs(back) == graph_macs(graph));
      for (std::size_t i = 0; i < graph.ops.size(); ++i) {
        const Op &a = graph.ops[i], &b = back.ops[i];
        CHECK(a.kind == b.kind);
        CHECK((a.pad_top == b.pad_top && a.pad_left == b.pad_left));
        CHECK((a.kernel_h == b.kernel_h && a.stride_h == b.stride_h));
        CHECK(graph.out_shape(a) == back.out_shape(b));
        const Tensor &x = graph.tensors[a.output], &y = back.tensors[b.output];
        CHECK((x.scale == y.scale && x.zero_point == y.zero_point));
        const OpConstants &from = graph.constants_of(a), &to = back.constants_of(b);
        CHECK(from.weights == to.weights);
        CHECK(from.bias == to.bias);
        CHECK(from.weight_scales == to.weight_scales);
        CHECK((from.output_min == to.output_min && from.output_max == to.output_max));
      }
      if (std::string(name) != "fashion-mnist") continue;
      const Int8Interpreter before(graph, "graph"), after(back, "file.tflite");
      std::vector<std::int8_t> image(static_cast<std::size_t>(before.input_bytes()));
      std::mt19937 random(static_cast<std::uint32_t>(seed));
      for (auto& value : image) value = static_cast<std::int8_t>(random());
      CHECK(before.run_one(image) == after.run_one(image));
    }
  }
}

TEST_CASE("operators that the encoder does not write are named") {
  Graph graph;
  graph.input = graph.add_tensor({1, 1, 10});
  Op op;
  op.kind = OpKind::kSoftmax;
  op.constants = 0;
  const std::int32_t inputs[] = {graph.input};
  graph.output = graph.add_op(op, inputs, {1, 1, 10});
  graph.constants = std::make_shared<const std::vector<OpConstants>>(1);
  try {
    encode_tflite(graph, {});
    FAIL("softmax was written");
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::kUnsupportedOperator);
    CHECK(testing::contains(error.what(), "op0 (softmax) is not written to .tflite files"));
  }
}
