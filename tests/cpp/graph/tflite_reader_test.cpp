// What a `.tflite` file says, operator by operator.

#include <algorithm>

#include "catch.h"
#include "tflite_examples.h"
#include "tinynas/graph.h"

using namespace tinynas;
using namespace tinynas::testing;

TEST_CASE("every operator is read, in the order of the file") {
  const TfliteNetwork network = parse(model_of_every_operator());
  const std::vector<OpKind> expected = {OpKind::kQuantize,
                                        OpKind::kPad,
                                        OpKind::kConv2d,
                                        OpKind::kDepthwiseConv2d,
                                        OpKind::kRelu,
                                        OpKind::kRelu,
                                        OpKind::kLogistic,
                                        OpKind::kMul,
                                        OpKind::kAdd,
                                        OpKind::kMaxPool2d,
                                        OpKind::kResizeNearest,
                                        OpKind::kTranspose,
                                        OpKind::kAveragePool2d,
                                        OpKind::kConcat,
                                        OpKind::kMean,
                                        OpKind::kReshape,
                                        OpKind::kFullyConnected,
                                        OpKind::kSoftmax,
                                        OpKind::kDequantize};
  std::vector<OpKind> found;
  for (const Op& op : network.interpreter_graph.ops) found.push_back(op.kind);
  CHECK(found == expected);
}

TEST_CASE("shapes, strides and channels are the file's; constants are no tensors of the graph") {
  const TfliteModel model = small_model();
  const TfliteNetwork network = parse(model);
  const Graph& graph = network.interpreter_graph;
  REQUIRE(graph.ops.size() == 5);
  CHECK(graph.tensors.size() == 6);
  CHECK(graph.tensors[graph.input].shape == Shape{8, 8, 3});
  CHECK(graph.tensors[graph.output].shape == Shape{1, 1, 10});
  CHECK(graph.out_shape(graph.ops[0]) == Shape{4, 4, 4});
  CHECK(graph.ops[0].stride_h == 2);
  CHECK(graph.ops[0].kernel_w == 3);
  CHECK(graph.inputs(graph.ops[2])[0] == graph.ops[0].output);
  CHECK(graph.inputs(graph.ops[2])[1] == graph.ops[1].output);
  CHECK(graph.ops[3].kernel_h == 4);
  CHECK(op_macs(graph, graph.ops[0]) == 4 * 4 * 4 * 27);
  CHECK(op_weight_bytes(graph, graph.ops[4]) == 40);
  // 6 of the tensors of the file, in its order.
  CHECK(network.file_tensor_count == static_cast<std::int32_t>(model.tensors.size()));
  REQUIRE(network.file_tensors.size() == 6);
  CHECK(network.file_tensors[0] == model.inputs[0]);
  CHECK(network.file_tensors[5] == model.outputs[0]);
  CHECK(std::is_sorted(network.file_tensors.begin(), network.file_tensors.end()));
}

TEST_CASE("padding SAME is the file's: an odd row goes to the end; VALID has none") {
  struct Case {
    std::int32_t rows, columns, kernel_h, kernel_w, stride_h, stride_w;
    int top, left, bottom, right;
  };
  const std::vector<Case> cases = {
      {8, 8, 3, 3, 2, 2, 0, 0, 1, 1},     // an even map and stride 2
      {9, 9, 3, 3, 2, 2, 1, 1, 1, 1},     //
      {49, 10, 10, 4, 2, 2, 4, 1, 5, 1},  // the stem of MLPerf Tiny's keyword spotting
      {6, 6, 2, 4, 1, 1, 0, 1, 1, 2},     // even kernels
      {7, 6, 1, 1, 2, 2, 0, 0, 0, -1},    // a column that no window reads
      {5, 9, 5, 3, 1, 3, 2, 0, 2, 0},     //
      {3, 3, 7, 7, 1, 1, 3, 3, 3, 3}};    // a kernel larger than the map
  for (const Case& at : cases) {
    INFO(at.rows << "x" << at.columns << ", kernel " << at.kernel_h << "x" << at.kernel_w);
    const std::int32_t out_rows = (at.rows + at.stride_h - 1) / at.stride_h;
    const std::int32_t out_columns = (at.columns + at.stride_w - 1) / at.stride_w;
    TfliteModel model;
    const std::int32_t x = model.input({1, at.rows, at.columns, 2});
    const FileOptions options{tflite::BuiltinOptions_Conv2DOptions, tflite::Padding_SAME,
                              at.stride_h, at.stride_w};
    const std::int32_t w = model.weights({3, at.kernel_h, at.kernel_w, 2});
    model.outputs = {model.op(tflite::BuiltinOperator_CONV_2D, {x, w, -1},
                              {1, out_rows, out_columns, 3}, options)};
    const Graph graph = parse(model).graph;
    const Op& op = graph.ops[0];
    CHECK(op.pad_top == at.top);
    CHECK(op.pad_left == at.left);
    CHECK(end_padding(at.rows, out_rows, at.kernel_h, at.stride_h, at.top) == at.bottom);
    CHECK(end_padding(at.columns, out_columns, at.kernel_w, at.stride_w, at.left) == at.right);
  }
  TfliteModel valid;
  const std::int32_t x = valid.input({1, 8, 8, 3});
  valid.outputs = {valid.conv(x, {1, 3, 3, 2}, 3, 2, tflite::Padding_VALID)};
  const Graph graph = parse(valid).graph;
  CHECK(graph.ops[0].pad_top == 0);
  CHECK(graph.out_shape(graph.ops[0]) == Shape{3, 3, 2});
}

TEST_CASE("several outputs are kept in order, each once") {
  TfliteModel model;
  const std::int32_t x = model.conv(model.input({1, 8, 8, 3}), {1, 8, 8, 4}, 3);
  const std::int32_t a = model.conv(x, {1, 8, 8, 2}, 1);
  const std::int32_t b = model.conv(x, {1, 4, 4, 6}, 3, 2);
  model.outputs = {b, x, a, b};
  for (const Graph& graph : {parse(model).graph, parse(model).interpreter_graph}) {
    CHECK(graph.tensors[graph.output].shape == Shape{4, 4, 6});
    REQUIRE(graph.more_outputs.size() == 2);
    CHECK(graph.tensors[graph.more_outputs[0]].shape == Shape{8, 8, 4});
    CHECK(graph.tensors[graph.more_outputs[1]].shape == Shape{8, 8, 2});
  }
}

TEST_CASE("means over one axis, over channels, with negative axes") {
  struct Case {
    std::vector<std::int32_t> axes, out;
    OpKind kind;
    int kernel_h, kernel_w;
  };
  const std::vector<Case> cases = {
      {{1, 2}, {1, 4}, OpKind::kMean, 6, 5},     {{2, 1}, {1, 1, 1, 4}, OpKind::kMean, 6, 5},
      {{-3, -2}, {1, 4}, OpKind::kMean, 6, 5},   {{1}, {1, 1, 5, 4}, OpKind::kMean, 6, 1},
      {{2}, {1, 6, 1, 4}, OpKind::kMean, 1, 5},  {{1}, {1, 5, 4}, OpKind::kMean, 6, 1},
      {{2}, {1, 6, 4}, OpKind::kMeanAxis, 1, 1}, {{3}, {1, 6, 5, 1}, OpKind::kMeanAxis, 1, 1},
      {{-1}, {1, 6, 5}, OpKind::kMeanAxis, 1, 1}};
  for (const Case& at : cases) {
    INFO("axes " << at.axes[0] << ", output of " << at.out.size() << " axes");
    TfliteModel model;
    const std::int32_t x = model.input({1, 6, 5, 4});
    model.outputs = {model.op(tflite::BuiltinOperator_MEAN, {x, model.integers(at.axes)}, at.out)};
    const Graph graph = parse(model).graph;
    CHECK(graph.ops[0].kind == at.kind);
    if (at.kind != OpKind::kMean) continue;
    CHECK(graph.ops[0].kernel_h == at.kernel_h);
    CHECK(graph.ops[0].kernel_w == at.kernel_w);
  }
}

TEST_CASE("operands that are constants stay in flash, scalars too") {
  for (const std::vector<std::int32_t>& shape :
       std::vector<std::vector<std::int32_t>>{{}, {1}, {4}, {1, 1, 1, 4}, {1, 5, 5, 4}}) {
    for (const bool first : {false, true}) {
      INFO(shape.size() << " axes, " << (first ? "first" : "second"));
      TfliteModel model;
      const std::int32_t x = model.input({1, 5, 5, 4});
      const std::int32_t constant = model.weights(shape);
      std::vector<std::int32_t> operands = {x, constant};
      if (first) std::swap(operands[0], operands[1]);
      model.outputs = {model.op(tflite::BuiltinOperator_MUL, operands, {1, 5, 5, 4},
                                {tflite::BuiltinOptions_MulOptions})};
      const Graph graph = parse(model).graph;
      CHECK(graph.ops[0].input_count == 1);
      CHECK(
          op_weight_bytes(graph, graph.ops[0]) ==
          static_cast<std::int64_t>(model.tensors[static_cast<std::size_t>(constant)].data.size()));
      CHECK(graph.tensors.size() == 2);
    }
  }
}
