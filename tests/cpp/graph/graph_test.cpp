#include "tinynas/graph.h"

#include <functional>

#include "catch.h"
#include "random_branching.h"
#include "random_graph.h"
#include "tinynas/error.h"

using namespace tinynas;
using tinynas::testing::GraphCoverage;
using tinynas::testing::random_branching;
using tinynas::testing::random_graph;

namespace {

Op window_op(OpKind kind, int kernel, int stride, int pad) {
  Op op;
  op.kind = kind;
  op.kernel_h = op.kernel_w = static_cast<std::int16_t>(kernel);
  op.stride_h = op.stride_w = static_cast<std::int16_t>(stride);
  op.pad_top = op.pad_left = static_cast<std::int16_t>(pad);
  return op;
}

/// stem 3x3 s2 -> depthwise -> project -> add -> pool -> classifier
Graph small_network() {
  Graph graph;
  graph.input = graph.add_tensor({9, 9, 3});
  Op stem = window_op(OpKind::kConv2d, 3, 2, 1);
  stem.role = OpRole::kStem;
  const auto a = graph.add_op(stem, std::vector<std::int32_t>{graph.input}, {5, 5, 4});
  Op depthwise = window_op(OpKind::kDepthwiseConv2d, 5, 1, 2);
  depthwise.role = OpRole::kDepthwise;
  depthwise.block = 0;
  const auto b = graph.add_op(depthwise, std::vector<std::int32_t>{a}, {5, 5, 4});
  Op add;
  add.kind = OpKind::kAdd;
  add.role = OpRole::kResidual;
  add.block = 0;
  const auto c = graph.add_op(add, std::vector<std::int32_t>{a, b}, {5, 5, 4});
  Op pool = window_op(OpKind::kAveragePool2d, 5, 1, 0);
  pool.role = OpRole::kPool;
  const auto d = graph.add_op(pool, std::vector<std::int32_t>{c}, {1, 1, 4});
  graph.output =
      graph.add_op(window_op(OpKind::kConv2d, 1, 1, 0), std::vector<std::int32_t>{d}, {1, 1, 10});
  return graph;
}

/// Multiply-accumulates counted one by one, as a kernel with explicit padding would do them.
std::int64_t counted_macs(const Graph& graph, const Op& op) {
  if (op.kind != OpKind::kConv2d && op.kind != OpKind::kDepthwiseConv2d) return 0;
  const Shape in = graph.in_shape(op), out = graph.out_shape(op);
  std::int64_t count = 0;
  for (int y = 0; y < out.h; ++y) {
    for (int x = 0; x < out.w; ++x) {
      for (int c = 0; c < out.c; ++c) {
        for (int ky = 0; ky < op.kernel_h; ++ky) {
          for (int kx = 0; kx < op.kernel_w; ++kx) {
            count += op.kind == OpKind::kConv2d ? in.c : 1;
          }
        }
      }
    }
  }
  return count;
}

}  // namespace

TEST_CASE("a small network's names, MACs, weights and parameters") {
  const Graph graph = small_network();
  validate(graph, "small");
  CHECK(op_name(graph, 0) == "stem");
  CHECK(op_name(graph, 1) == "block0.depthwise");
  CHECK(op_name(graph, 2) == "block0.residual");
  CHECK(op_name(graph, 3) == "pool");
  CHECK(op_name(graph, 4) == "op4");
  CHECK(tensor_name(graph, graph.input) == "image");
  CHECK(tensor_name(graph, 2) == "block0.depthwise");
  CHECK(op_macs(graph, graph.ops[0]) == 5 * 5 * 4 * 27);
  CHECK(op_macs(graph, graph.ops[1]) == 5 * 5 * 4 * 25);
  CHECK(graph_macs(graph) == 2700 + 2500 + 40);
  CHECK(op_weight_bytes(graph, graph.ops[0]) == 108);
  CHECK(op_weight_bytes(graph, graph.ops[1]) == 100);
  CHECK(graph_params(graph) == 108 + 4 + 100 + 4 + 40 + 10);
  CHECK(graph.tensors[0].bytes() == 243);
  CHECK(Tensor{{2, 3, 4}, DType::kInt32}.bytes() == 96);
  CHECK(Tensor{{2, 3, 4}, DType::kFloat32}.bytes() == 96);
}

TEST_CASE("clear keeps nothing but capacity") {
  Graph graph = small_network();
  graph.clear();
  CHECK(graph.tensors.empty());
  CHECK(graph.ops.empty());
  CHECK(graph.op_inputs.empty());
  CHECK_THROWS_AS(validate(graph, "empty"), BadInput);
}

TEST_CASE("end padding follows from the sizes") {
  CHECK(end_padding(80, 40, 3, 2, 1) == 0);
  CHECK(end_padding(80, 40, 3, 2, 0) == 1);
  CHECK(end_padding(5, 5, 7, 1, 3) == 3);
  CHECK(end_padding(6, 2, 3, 2, 0) == -1);
}

TEST_CASE("softmax leaves out what LiteRT's fixed point with 5 integer bits cannot hold") {
  CHECK(softmax_table_values(0, 1) == 256);
  CHECK(softmax_table_values(1.0F / 1048576, 1) == 256);
  // A scale in [2^-4, 2^-3) has room for 31 * 2^3 values below the largest; twice it for half.
  CHECK(softmax_table_values(0.0625F, 1) == 31 * 8 + 1);
  CHECK(softmax_table_values(0.0625F, 2) == 31 * 4 + 1);
  CHECK(softmax_table_values(0.125F, 1) == 31 * 4 + 1);
  CHECK(softmax_table_values(0.1249F, 1) == 31 * 8 + 1);
  CHECK(softmax_table_values(0.0624F, 1) == 256);
  CHECK(softmax_table_values(1, 1) == 15 + 1);
  CHECK(softmax_table_values(1e6F, 1) == 1);
}

TEST_CASE("MACs of random graphs equal a count of every multiplication") {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    const Graph graph = random_graph(Rng(1, seed), {20, 9, 8});
    std::int64_t total = 0;
    for (const Op& op : graph.ops) {
      REQUIRE(op_macs(graph, op) == counted_macs(graph, op));
      total += counted_macs(graph, op);
    }
    REQUIRE(graph_macs(graph) == total);
  }
}

TEST_CASE("random graphs are valid, with every window on the input") {
  for (std::uint64_t seed = 0; seed < 2000; ++seed) {
    const Graph graph = random_graph(Rng(2, seed));
    REQUIRE_NOTHROW(validate(graph, "random"));
    for (const Op& op : graph.ops) {
      if (op.kind == OpKind::kAdd) continue;
      const Shape in = graph.in_shape(op), out = graph.out_shape(op);
      const int bottom = end_padding(in.h, out.h, op.kernel_h, op.stride_h, op.pad_top);
      REQUIRE(bottom < op.kernel_h);
      REQUIRE(bottom > -op.stride_h);
    }
  }
}

TEST_CASE("random branching networks are valid, and have ops of every kind") {
  GraphCoverage coverage;
  for (std::uint64_t seed = 0; seed < 2000; ++seed) {
    const Graph graph = random_branching(Rng(3, seed));
    INFO("seed " << seed);
    REQUIRE_NOTHROW(validate(graph, "random"));
    coverage.count(graph);
  }
  CHECK(coverage.kinds.size() == 21);  // concat along three axes, mul by a map or a pixel
  CHECK(coverage.several_outputs > 200);
}

TEST_CASE("validate names the file, the op and the fault") {
  struct Case {
    std::string part;
    std::function<void(Graph&)> damage;
  };
  const std::vector<Case> cases = {
      {"op 1 (block0.depthwise): an input is no tensor",
       [](Graph& g) { g.op_inputs[g.ops[1].first_input] = 99; }},
      {"op 1 (block0.depthwise): an input is read before it is written",
       [](Graph& g) { g.op_inputs[g.ops[1].first_input] = 4; }},
      {"op 2 (block0.residual): the output was written before",
       [](Graph& g) { g.ops[2].output = 2; }},
      {"op 2 (block0.residual): the output is no tensor", [](Graph& g) { g.ops[2].output = -1; }},
      {"op 2 (block0.residual): its inputs are no slice",
       [](Graph& g) { g.ops[2].input_count = 50; }},
      {"op 2 (block0.residual): add needs 2 inputs", [](Graph& g) { g.ops[2].input_count = 1; }},
      {"op 0 (stem): the kernel must be", [](Graph& g) { g.ops[0].kernel_w = 0; }},
      {"op 0 (stem): the stride must be", [](Graph& g) { g.ops[0].stride_h = 0; }},
      {"op 0 (stem): the padding must be", [](Graph& g) { g.ops[0].pad_left = 3; }},
      {"op 0 (stem): the output [6, 5, 4] does not follow",
       [](Graph& g) { g.tensors[1].shape.h = 6; }},
      {"op 1 (block0.depthwise): a depthwise convolution needs a multiple of its 4 input channels",
       [](Graph& g) { g.tensors[2].shape.c = 6; }},
      {"op 3 (pool): pooling keeps its 4 channels", [](Graph& g) { g.tensors[4].shape.c = 5; }},
      {"op 2 (block0.residual): the inputs of add have the shapes",
       [](Graph& g) { g.tensors[2].shape.c = 8; }},
      {"op 2 (block0.residual): the output [5, 5, 5] of add",
       [](Graph& g) { g.tensors[3].shape.c = 5; }},
      {"op 0 (stem): the shape [9, 9, 0] is empty", [](Graph& g) { g.tensors[0].shape.c = 0; }},
      {"op 0 (stem): the shape [2000000000, 2000000000, 2000000000] is empty or over 64 MiB",
       [](Graph& g) {
         g.tensors[0].shape = {2000000000, 2000000000, 2000000000};
       }},
      {"the input is no tensor", [](Graph& g) { g.input = 77; }},
      {"the output is no tensor", [](Graph& g) { g.output = -1; }},
      {"tensor 6 is written by no op",
       [](Graph& g) {
         g.add_tensor({1, 1, 1});
       }},
  };
  for (const Case& item : cases) {
    Graph graph = small_network();
    item.damage(graph);
    try {
      validate(graph, "net.json");
      FAIL("accepted: " << item.part);
    } catch (const BadInput& error) {
      INFO(error.what());
      CHECK(std::string(error.what()).find("net.json: " + item.part) == 0);
    }
  }
}
