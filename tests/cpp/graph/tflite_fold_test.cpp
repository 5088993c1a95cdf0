// From the operators of a file to those that our kernels run.

#include <functional>
#include <map>

#include "catch.h"
#include "tflite_examples.h"
#include "tinynas/graph.h"

using namespace tinynas;
using namespace tinynas::testing;

namespace {

std::vector<OpKind> kinds(const Graph& graph) {
  std::vector<OpKind> found;
  for (const Op& op : graph.ops) found.push_back(op.kind);
  return found;
}

using Kinds = std::vector<OpKind>;
using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("PAD becomes the padding of the convolution that reads it") {
  TfliteModel model;
  std::int32_t x = model.input({1, 8, 8, 3});
  x = model.conv(model.pad(x, 1, 0, 0, 1), {1, 4, 4, 4}, 3, 2, tflite::Padding_VALID);
  x = model.depthwise(model.pad(x, 2, 2, 1, 1), {1, 4, 4, 4}, 5, 1, tflite::Padding_VALID);
  model.tensors.back().shape[2] = 2;
  model.outputs = {x};
  const TfliteNetwork network = parse(model);
  CHECK(kinds(network.graph) == Kinds{OpKind::kConv2d, OpKind::kDepthwiseConv2d});
  CHECK(network.left_out == Texts{"2 PAD (folded)"});
  const Op& conv = network.graph.ops[0];
  CHECK(conv.pad_top == 1);
  CHECK(conv.pad_left == 0);
  CHECK(end_padding(8, 4, 3, 2, conv.pad_top) == 0);
  CHECK(end_padding(8, 4, 3, 2, conv.pad_left) == 1);
  CHECK(network.graph.ops[1].pad_top == 2);
  CHECK(network.graph.ops[1].pad_left == 1);
  CHECK(network.graph.tensors.size() == 3);
  // The interpreter still runs them.
  CHECK(network.interpreter_graph.ops.size() == 4);
  CHECK(network.interpreter_graph.ops[1].pad_top == 0);
}

TEST_CASE("PAD folds into each of several readers, beside their own padding") {
  TfliteModel model;
  const std::int32_t padded = model.pad(model.input({1, 8, 8, 3}), 1, 1, 1, 1);
  const std::int32_t a = model.conv(padded, {1, 10, 10, 4}, 5, 1);  // SAME of the padded map
  const std::int32_t b = model.conv(padded, {1, 8, 8, 2}, 3, 1, tflite::Padding_VALID);
  model.outputs = {a, b};
  const Graph graph = parse(model).graph;
  CHECK(kinds(graph) == Kinds{OpKind::kConv2d, OpKind::kConv2d});
  CHECK(graph.ops[0].pad_top == 3);
  CHECK(graph.ops[1].pad_top == 1);
  CHECK(graph.inputs(graph.ops[0])[0] == graph.input);
  CHECK(graph.inputs(graph.ops[1])[0] == graph.input);
}

TEST_CASE("PAD stays where a convolution's zeros would be others, or do not reach") {
  using Build = std::function<std::int32_t(TfliteModel&, std::int32_t)>;
  const std::map<std::string, Build> cases = {
      {"another zero point",
       [](auto& m, auto x) {
         const std::int32_t p = m.pad(x, 1, 1, 1, 1);
         m.tensors.back().zero_point = {7};
         return m.conv(p, {1, 8, 8, 4}, 3, 1, tflite::Padding_VALID);
       }},
      {"another scale",
       [](auto& m, auto x) {
         const std::int32_t p = m.pad(x, 1, 1, 1, 1);
         m.tensors.back().scale = {0.25F};
         return m.conv(p, {1, 8, 8, 4}, 3, 1, tflite::Padding_VALID);
       }},
      {"average pooling reads it, which leaves padding out of its mean",
       [](auto& m, auto x) {
         return m.pool(tflite::BuiltinOperator_AVERAGE_POOL_2D, m.pad(x, 1, 1, 1, 1), {1, 5, 5, 3},
                       2, 2);
       }},
      {"max pooling reads it, whose padding is no zero",
       [](auto& m, auto x) {
         return m.pool(tflite::BuiltinOperator_MAX_POOL_2D, m.pad(x, 1, 1, 1, 1), {1, 5, 5, 3}, 2,
                       2);
       }},
      {"windows that lie in the padding alone",
       [](auto& m, auto x) {
         return m.conv(m.pad(x, 3, 0, 0, 0), {1, 9, 6, 4}, 3, 1, tflite::Padding_VALID);
       }},
      {"windows past the end",
       [](auto& m, auto x) {
         return m.conv(m.pad(x, 0, 0, 0, 3), {1, 6, 9, 4}, 3, 1, tflite::Padding_VALID);
       }},
      {"it is an output itself",
       [](auto& m, auto x) {
         const std::int32_t p = m.pad(x, 1, 1, 1, 1);
         m.outputs.push_back(p);
         return m.conv(p, {1, 8, 8, 4}, 3, 1, tflite::Padding_VALID);
       }},
      {"something else reads it too",
       [](auto& m, auto x) {
         const std::int32_t p = m.pad(x, 1, 1, 1, 1);
         m.outputs.push_back(m.op(tflite::BuiltinOperator_RELU, {p}, {1, 10, 10, 3}));
         return m.conv(p, {1, 8, 8, 4}, 3, 1, tflite::Padding_VALID);
       }},
      {"nobody reads it", [](auto& m, auto x) {
         m.pad(x, 1, 1, 1, 1);
         return m.conv(x, {1, 8, 8, 4}, 3);
       }}};
  for (const auto& [why, build] : cases) {
    INFO(why);
    TfliteModel model;
    const std::int32_t x = model.input({1, 8, 8, 3});
    const std::int32_t out = build(model, x);
    model.outputs.insert(model.outputs.begin(), out);
    const TfliteNetwork network = parse(model);
    CHECK(network.graph.ops.size() == model.operators.size());
    CHECK(network.graph.ops[0].kind == OpKind::kPad);
    CHECK(network.left_out.empty());
  }
}

TEST_CASE("PAD by nothing is gone whoever reads it") {
  TfliteModel model;
  const std::int32_t padded = model.pad(model.input({1, 8, 8, 3}), 0, 0, 0, 0);
  model.outputs = {model.op(tflite::BuiltinOperator_RELU, {padded}, {1, 8, 8, 3})};
  CHECK(kinds(parse(model).graph) == Kinds{OpKind::kRelu});
}

TEST_CASE("RESHAPE is gone where no kernel sees the shape") {
  TfliteModel model;
  std::int32_t x = model.conv(model.input({1, 4, 4, 3}), {1, 4, 4, 2}, 3);
  x = model.fully_connected(model.reshape(model.reshape(x, {1, 8, 4}), {1, 32}), 12);
  model.outputs = {model.reshape(x, {1, 3, 4})};
  const TfliteNetwork network = parse(model);
  CHECK(kinds(network.graph) == Kinds{OpKind::kConv2d, OpKind::kFullyConnected});
  CHECK(network.left_out == Texts{"3 RESHAPE"});
  CHECK(op_weight_bytes(network.graph, network.graph.ops[1]) == 12 * 32);
}

TEST_CASE("RESHAPE stays where a kernel sees the shape, values change, or nothing else is there") {
  TfliteModel seen;
  std::int32_t x = seen.conv(seen.input({1, 4, 4, 3}), {1, 4, 4, 2}, 3);
  seen.outputs = {seen.op(tflite::BuiltinOperator_SOFTMAX, {seen.reshape(x, {1, 32})}, {1, 32})};
  CHECK(kinds(parse(seen).graph) == Kinds{OpKind::kConv2d, OpKind::kReshape, OpKind::kSoftmax});

  TfliteModel other_scale;
  x = other_scale.conv(other_scale.input({1, 4, 4, 3}), {1, 4, 4, 2}, 3);
  x = other_scale.reshape(x, {1, 32});
  other_scale.tensors.back().scale = {0.125F};
  other_scale.outputs = {other_scale.fully_connected(x, 3)};
  CHECK(parse(other_scale).graph.ops.size() == 3);

  TfliteModel alone;
  alone.outputs = {alone.reshape(alone.input({1, 4, 4, 3}), {1, 48})};
  CHECK(kinds(parse(alone).graph) == Kinds{OpKind::kReshape});
}

TEST_CASE("QUANTIZE and DEQUANTIZE at the ends are the caller's") {
  TfliteModel model;
  std::int32_t x = model.quantize(model.input({1, 8, 8, 3}, tflite::TensorType_FLOAT32));
  x = model.conv(x, {1, 8, 8, 4}, 3);
  const std::int32_t more = model.dequantize(model.conv(x, {1, 8, 8, 2}, 1));
  model.outputs = {model.dequantize(model.conv(x, {1, 8, 8, 6}, 1)), more};
  const TfliteNetwork network = parse(model);
  const Graph& graph = network.graph;
  CHECK(kinds(graph) == Kinds{OpKind::kConv2d, OpKind::kConv2d, OpKind::kConv2d});
  CHECK(graph.tensors[graph.input].dtype == DType::kInt8);
  CHECK(graph.tensors[graph.output].dtype == DType::kInt8);
  CHECK(graph.tensors[graph.output].shape == Shape{8, 8, 6});
  REQUIRE(graph.more_outputs.size() == 1);
  CHECK(graph.tensors[graph.more_outputs[0]].shape == Shape{8, 8, 2});
  CHECK(network.left_out == Texts{"QUANTIZE at the input", "2 DEQUANTIZE at the outputs"});
  const Graph& whole = network.interpreter_graph;
  CHECK(whole.ops.size() == 6);
  CHECK(whole.tensors[whole.input].bytes() == 4 * 8 * 8 * 3);
  CHECK(whole.tensors[whole.output].bytes() == 4 * 8 * 8 * 6);
}

TEST_CASE("QUANTIZE in the middle stays, and one of an input that others read") {
  TfliteModel middle;
  std::int32_t x = middle.quantize(middle.conv(middle.input({1, 8, 8, 3}), {1, 8, 8, 4}, 3));
  middle.outputs = {middle.conv(x, {1, 8, 8, 4}, 3)};
  CHECK(kinds(parse(middle).graph) == Kinds{OpKind::kConv2d, OpKind::kQuantize, OpKind::kConv2d});

  TfliteModel twice;
  const std::int32_t image = twice.input({1, 8, 8, 3}, tflite::TensorType_FLOAT32);
  const std::int32_t a = twice.quantize(image), b = twice.quantize(image);
  twice.outputs = {twice.op(tflite::BuiltinOperator_ADD, {a, b}, {1, 8, 8, 3},
                            {tflite::BuiltinOptions_AddOptions})};
  CHECK(parse(twice).graph.ops.size() == 3);
}

TEST_CASE("a tensor that is an output as int8 and as float keeps its DEQUANTIZE") {
  TfliteModel model;
  const std::int32_t x = model.conv(model.input({1, 8, 8, 3}), {1, 8, 8, 4}, 3);
  model.outputs = {x, model.dequantize(x)};
  const Graph graph = parse(model).graph;
  CHECK(kinds(graph) == Kinds{OpKind::kConv2d, OpKind::kDequantize});
  CHECK(graph.more_outputs.size() == 1);
}

TEST_CASE("something is left of networks that are ends alone") {
  TfliteModel quantize;
  quantize.outputs = {quantize.quantize(quantize.input({1, 8, 8, 3}, tflite::TensorType_FLOAT32))};
  CHECK(kinds(parse(quantize).graph) == Kinds{OpKind::kQuantize});

  TfliteModel both;
  both.outputs = {
      both.dequantize(both.quantize(both.input({1, 8, 8, 3}, tflite::TensorType_FLOAT32)))};
  CHECK(parse(both).graph.ops.size() == 1);

  TfliteModel reshape;
  reshape.outputs = {reshape.reshape(
      reshape.quantize(reshape.input({1, 8, 8, 3}, tflite::TensorType_FLOAT32)), {1, 192})};
  CHECK(kinds(parse(reshape).graph) == Kinds{OpKind::kReshape});

  TfliteModel beside;  // the image, reshaped, is an output: not the image itself
  const std::int32_t image =
      beside.quantize(beside.input({1, 8, 8, 3}, tflite::TensorType_FLOAT32));
  beside.outputs = {beside.reshape(image, {1, 192}), beside.fully_connected(image, 4)};
  CHECK(kinds(parse(beside).graph) == Kinds{OpKind::kReshape, OpKind::kFullyConnected});

  TfliteModel dequantize;
  dequantize.outputs = {
      dequantize.dequantize(dequantize.reshape(dequantize.input({1, 8, 8, 3}), {1, 192}))};
  CHECK_FALSE(parse(dequantize).graph.ops.empty());
}
