// What is said of a `.tflite` file that is wrong, or that no kernel of ours can run.

#include <functional>
#include <tuple>
#include <utility>
#include <vector>

#include "catch.h"
#include "errors.h"
#include "tflite_examples.h"
#include "tinynas/error.h"

using namespace tinynas;
using namespace tinynas::testing;

TEST_CASE("all operators without a kernel are listed with position and reason, exit code 4") {
  TfliteModel model;
  std::int32_t x = model.conv(model.input({1, 8, 8, 3}), {1, 8, 8, 4}, 3);
  x = model.op(tflite::BuiltinOperator_TANH, {x}, {1, 8, 8, 4});
  x = model.conv(x, {1, 8, 8, 4}, 3);
  model.operators.back().options.dilation_h = 2;
  x = model.op(tflite::BuiltinOperator_CUSTOM, {x}, {1, 8, 8, 4});
  model.operators.back().custom_name = "Fancy\nOp";
  x = model.op(300, {x}, {1, 8, 8, 4});
  const std::int32_t w = model.weights({4, 3, 3, 2});
  x = model.op(tflite::BuiltinOperator_CONV_2D, {x, w}, {1, 8, 8, 4},
               {tflite::BuiltinOptions_Conv2DOptions});
  model.outputs = {x};
  CHECK(complaint(model.bytes(), ExitCode::kUnsupportedOperator) ==
        "no kernel for 5 operators: 1 TANH, 2 CONV_2D (dilation 2x1), 3 custom operator "
        "'Fancy?Op', 4 operator code 300, 5 CONV_2D (weights for 2 of 4 input channels: a grouped "
        "convolution)");
}

TEST_CASE("what our kernels cannot run is refused for what it is") {
  using Change = std::function<void(TfliteModel&)>;
  const auto op = [](TfliteModel& model, int i) -> FileOperator& { return model.operators[i]; };
  const auto tensor = [](TfliteModel& model, std::int32_t t) -> FileTensor& {
    return model.tensors[static_cast<std::size_t>(t)];
  };
  const std::vector<std::pair<Change, std::string>> cases = {
      {[&](auto& m) { tensor(m, m.inputs[0]).type = tflite::TensorType_FLOAT32; },
       "no kernel for 1 operator: 0 CONV_2D (float32 values; quantise the model to int8)"},
      {[&](auto& m) { tensor(m, op(m, 1).outputs[0]).type = tflite::TensorType_INT16; },
       "no kernel for 2 operators: 1 DEPTHWISE_CONV_2D (int16 values; quantise the model to int8)"},
      {[&](auto& m) { tensor(m, m.inputs[0]).shape[0] = 2; }, "0 CONV_2D (a batch of 2)"},
      {[&](auto& m) { tensor(m, m.inputs[0]).shape = {}; }, "0 CONV_2D (a scalar)"},
      {[&](auto& m) {
         tensor(m, m.inputs[0]).shape = {1, 8, 24};
       },
       "0 CONV_2D (a tensor of 3 axes, not 4)"},
      {[&](auto& m) { tensor(m, m.inputs[0]).is_variable = true; }, "0 CONV_2D (a variable)"},
      {[&](auto& m) { tensor(m, op(m, 0).inputs[1]).data = ""; },
       "0 CONV_2D (weights that are computed)"},
      {[&](auto& m) { tensor(m, op(m, 0).inputs[1]).type = tflite::TensorType_UINT8; },
       "0 CONV_2D (uint8 weights; quantise the model to int8)"},
      {[&](auto& m) { tensor(m, op(m, 0).inputs[2]).data = ""; },
       "0 CONV_2D (a bias that is computed)"},
      {[&](auto& m) { tensor(m, op(m, 0).inputs[2]).type = tflite::TensorType_FLOAT32; },
       "0 CONV_2D (float32 bias)"},
      {[&](auto& m) { op(m, 0).options.activation = 4; }, "0 CONV_2D (activation function 4)"},
      {[&](auto& m) { op(m, 1).options.dilation_w = 3; }, "1 DEPTHWISE_CONV_2D (dilation 1x3)"},
      {[&](auto& m) { op(m, 2).options.activation = 5; }, "2 ADD (activation function 5)"},
      {[&](auto& m) {
         tensor(m, op(m, 2).outputs[0]).shape = {1, 4, 1, 4};
       },
       "2 ADD (operands of different shapes)"},
      {[&](auto& m) {
         op(m, 2).outputs.push_back(m.map({1, 4, 4, 4}));
       },
       "2 ADD (2 outputs)"},
      {[&](auto& m) {
         op(m, 3).inputs[1] = m.integers({1, 2, 3});
         tensor(m, op(m, 3).outputs[0]).shape = {1};
         m.outputs = op(m, 3).outputs;
         m.operators.pop_back();
       },
       "3 MEAN (over these axes at once)"},
      {[&](auto& m) {
         op(m, 3).inputs[1] = m.integers({0, 1});
       },
       "3 MEAN (over the batch)"},
      {[&](auto& m) { tensor(m, op(m, 3).inputs[1]).data = ""; },
       "3 MEAN (axes that are computed)"},
      {[&](auto& m) { op(m, 4).options.weights_format = 1; },
       "4 FULLY_CONNECTED (shuffled weights)"},
      {[&](auto& m) {
         op(m, 4).inputs[1] = m.weights({10, 2});
       },
       "4 FULLY_CONNECTED (2 rows at once)"},
      {[&](auto& m) {
         m.inputs.push_back(m.map({1, 3}));
       },
       "(the network has 2 inputs, not 1)"},
      {[&](auto& m) { m.subgraphs = 2; }, "it holds 2 subgraphs (control flow)"}};
  for (const auto& [change, expected] : cases) {
    TfliteModel model = small_model();
    change(model);
    const std::string found = complaint(model.bytes(), ExitCode::kUnsupportedOperator);
    INFO(found);
    CHECK(contains(found, expected));
  }
}

TEST_CASE("each field broken in turn: one line that names the operator or the tensor") {
  using Change = std::function<void(TfliteModel&)>;
  const auto op = [](TfliteModel& model, int i) -> FileOperator& { return model.operators[i]; };
  const auto tensor = [](TfliteModel& model, std::int32_t t) -> FileTensor& {
    return model.tensors[static_cast<std::size_t>(t)];
  };
  const std::vector<std::pair<Change, std::string>> cases = {
      {[&](auto& m) { m.version = 4; },
       "version 4 of the TensorFlow Lite format; version 3 is read"},
      {[&](auto& m) { m.subgraphs = 0; }, "it holds no network"},
      {[&](auto& m) { m.operators.clear(); }, "its network has no operators"},
      {[&](auto& m) { m.inputs.clear(); }, "the network has no inputs"},
      {[&](auto& m) { m.outputs.clear(); }, "the network has no outputs"},
      {[&](auto& m) { m.inputs = {99}; },
       "the network's inputs name tensor 99, of which there are"},
      {[&](auto& m) { m.outputs = {-1}; }, "the network's outputs name tensor -1"},
      {[&](auto& m) {
         m.outputs = {m.map({1, 3})};
       },
       "is written by no operator"},
      {[&](auto& m) { m.buffer_offset = 100; }, "has its data behind the flatbuffer"},
      {[&](auto& m) { m.tensors[2].buffer = 77; }, "tensor 2 names buffer 77, of which there are"},
      {[&](auto& m) { m.tensors[0].shape[1] = 0; }, "tensor 0 has the length 0 in its shape"},
      {[&](auto& m) { m.tensors[0].shape[2] = -8; }, "tensor 0 has the length -8 in its shape"},
      {[&](auto& m) {
         m.tensors[0].shape = {1, 1 << 30, 1 << 30, 1 << 30};
       },
       "tensor 0 has over 64 Mi elements"},
      {[&](auto& m) { tensor(m, op(m, 0).inputs[1]).data.pop_back(); },
       "tensor 1 holds 107 bytes, its shape needs 108"},
      {[&](auto& m) { op(m, 1).opcode_index = 50; },
       "operator 1 names an operator code that is not"},
      {[&](auto& m) { op(m, 1).inputs[0] = 55; },
       "operator 1 (DEPTHWISE_CONV_2D): its inputs name tensor 55, of which there are"},
      {[&](auto& m) { op(m, 1).inputs[0] = -2; },
       "operator 1 (DEPTHWISE_CONV_2D): its inputs name"},
      {[&](auto& m) { op(m, 1).inputs[0] = -1; },
       "operator 1 (DEPTHWISE_CONV_2D): it has no input 0"},
      {[&](auto& m) { op(m, 1).inputs.clear(); },
       "operator 1 (DEPTHWISE_CONV_2D): it has no input 0"},
      {[&](auto& m) { op(m, 0).inputs.resize(1); }, "operator 0 (CONV_2D): it has no input 1"},
      {[&](auto& m) { op(m, 2).inputs.resize(1); }, "operator 2 (ADD): it has no input 1"},
      {[&](auto& m) { op(m, 1).outputs = {-1}; },
       "operator 1 (DEPTHWISE_CONV_2D): its outputs name tensor -1"},
      {[&](auto& m) { op(m, 2).outputs.clear(); }, "operator 2 (ADD): it has no output"},
      {[&](auto& m) { op(m, 0).options.type = tflite::BuiltinOptions_NONE; },
       "operator 0 (CONV_2D): its options are missing"},
      {[&](auto& m) { op(m, 2).options.type = tflite::BuiltinOptions_Pool2DOptions; },
       "operator 2 (ADD): its options are missing"},
      {[&](auto& m) { op(m, 0).options.stride_h = 0; },
       "operator 0 (CONV_2D): a kernel of 3 and a stride of 0"},
      {[&](auto& m) { op(m, 0).options.stride_w = -2; }, "operator 0 (CONV_2D): a kernel of 3 and"},
      {[&](auto& m) { op(m, 0).options.stride_w = 1 << 20; },
       "operator 0 (CONV_2D): a kernel of 3"},
      {[&](auto& m) { op(m, 0).options.stride_h = 1; },
       "operator 0 (CONV_2D): its output is 4 long where 8 with kernel 3, stride 1 and padding "
       "SAME "
       "give 8"},
      {[&](auto& m) { op(m, 0).options.padding = tflite::Padding_VALID; },
       "operator 0 (CONV_2D): its output is 4 long where 8 with kernel 3, stride 2 and padding "
       "VALID "
       "give 3"},
      {[&](auto& m) {
         tensor(m, op(m, 0).inputs[1]).shape = {4, 27};
       },
       "operator 0 (CONV_2D): its weights have 2 axes, not 4"},
      {[&](auto& m) {
         op(m, 0).inputs[1] = m.weights({5, 3, 3, 3});
       },
       "operator 0 (CONV_2D): its weights are for 5 output channels, its output has 4"},
      {[&](auto& m) {
         op(m, 1).inputs[1] = m.weights({2, 3, 3, 4});
       },
       "operator 1 (DEPTHWISE_CONV_2D): its weights are for"},
      {[&](auto& m) {
         op(m, 0).inputs[2] = m.integers({1, 2});
       },
       "operator 0 (CONV_2D): its bias has 2 values for 4 channels"},
      {[&](auto& m) { op(m, 3).inputs[1] = m.integers({4}); },
       "operator 3 (MEAN): it has no axis 4"},
      {[&](auto& m) { op(m, 3).inputs[1] = m.integers({-5}); },
       "operator 3 (MEAN): it has no axis"},
      {[&](auto& m) {
         tensor(m, op(m, 3).outputs[0]).shape = {1, 3};
       },
       "operator 3 (MEAN): "},
      {[&](auto& m) {
         op(m, 4).inputs[1] = m.weights({10, 3});
       },
       "operator 4 (FULLY_CONNECTED): its weights are for 3 inputs and 10 outputs, it has 4 and "
       "10"},
      {[&](auto& m) {
         op(m, 4).inputs[2] = m.integers({1, 2, 3});
       },
       "operator 4 (FULLY_CONNECTED): its bias has 3 values for 10 channels"},
      {[&](auto& m) {
         op(m, 1).inputs[0] = m.map({1, 4, 4, 4});
       },
       "operator 1 (DEPTHWISE_CONV_2D): its input, tensor"},
      {[&](auto& m) { std::swap(op(m, 1), op(m, 2)); },
       "op 1 (op1): an input is read before it is"},
      {[&](auto& m) {
         op(m, 2).outputs = op(m, 3).inputs = op(m, 1).outputs;
         op(m, 3).inputs.push_back(m.integers({1, 2}));
       },
       "op 2 (op2): the output was written"}};
  for (const auto& [change, expected] : cases) {
    TfliteModel model = small_model();
    change(model);
    const std::string found = complaint(model.bytes(), ExitCode::kBadInput);
    INFO(found);
    CHECK(contains(found, expected));
  }
}

TEST_CASE("pads, concatenations and reshapes that do not add up are named") {
  using Build = std::function<std::int32_t(TfliteModel&, std::int32_t)>;
  const FileOptions concat{tflite::BuiltinOptions_ConcatenationOptions};
  const auto joined = [&](std::int32_t axis) {
    FileOptions options = concat;
    options.axis = axis;
    return options;
  };
  const std::vector<std::tuple<Build, ExitCode, std::string>> cases = {
      {[](auto& m, auto x) {
         m.pad(x, 1, 1, 1, 1);
         m.tensors.back().shape[2] = 9;
         return m.operators.back().outputs[0];
       },
       ExitCode::kBadInput,
       "operator 1 (PAD): its output is 9 long on axis 2, its paddings give 8"},
      {[](auto& m, auto x) { return m.pad(x, -1, 1, 0, 0); }, ExitCode::kBadInput,
       "operator 1 (PAD): a padding is -1"},
      {[](auto& m, auto x) {
         return m.op(tflite::BuiltinOperator_PAD, {x, m.integers({0, 0, 1, 1})}, {1, 8, 8, 4});
       },
       ExitCode::kBadInput, "operator 1 (PAD): its paddings are not 4 pairs"},
      {[](auto& m, auto x) {
         const auto p = m.integers({0, 0, 0, 0, 0, 0, 0, 2}, {4, 2});
         return m.op(tflite::BuiltinOperator_PAD, {x, p}, {1, 6, 6, 6});
       },
       ExitCode::kUnsupportedOperator, "1 PAD (padding of channels or batch)"},
      {[&](auto& m, auto x) {
         return m.op(tflite::BuiltinOperator_CONCATENATION, {x, x}, {1, 6, 6, 9}, joined(3));
       },
       ExitCode::kBadInput, "operator 1 (CONCATENATION): the output [6, 6, 9] is not as long as"},
      {[&](auto& m, auto x) {
         return m.op(tflite::BuiltinOperator_CONCATENATION, {x, x}, {1, 6, 6, 8}, joined(4));
       },
       ExitCode::kBadInput, "operator 1 (CONCATENATION): axis 4 is not there"},
      {[&](auto& m, auto) {
         return m.op(tflite::BuiltinOperator_CONCATENATION, {}, {1, 6, 6, 8}, joined(3));
       },
       ExitCode::kBadInput, "operator 1 (CONCATENATION): concat needs"},
      {[&](auto& m, auto x) {
         return m.op(tflite::BuiltinOperator_CONCATENATION, {x, x}, {1, 6, 6, 8}, joined(0));
       },
       ExitCode::kUnsupportedOperator, "1 CONCATENATION (axis 0 of 4)"},
      {[](auto& m, auto x) {
         return m.reshape(x, {1, 100});
       },
       ExitCode::kBadInput,
       "operator 1 (RESHAPE): the output [1, 1, 100] of reshape must have as many elements as its"},
      {[](auto& m, auto x) {
         return m.op(tflite::BuiltinOperator_RELU, {x}, {1, 6, 6, 5});
       },
       ExitCode::kBadInput, "operator 1 (RELU): the output [6, 6, 5] of relu must have the shape"},
      {[](auto& m, auto x) {
         const auto size = m.integers({12, 12});
         return m.op(tflite::BuiltinOperator_RESIZE_NEAREST_NEIGHBOR, {x, size}, {1, 12, 12, 5});
       },
       ExitCode::kBadInput, "operator 1 (RESIZE_NEAREST_NEIGHBOR): resizing keeps its 4 channels"},
      {[](auto& m, auto x) {
         return m.pool(tflite::BuiltinOperator_AVERAGE_POOL_2D, x, {1, 3, 3, 5}, 2, 2);
       },
       ExitCode::kBadInput, "operator 1 (AVERAGE_POOL_2D): pooling keeps its 4 channels, not 5"},
      {[](auto& m, auto x) {
         return m.pool(tflite::BuiltinOperator_MAX_POOL_2D, x, {1, 3, 3, 4}, 0, 2);
       },
       ExitCode::kBadInput, "operator 1 (MAX_POOL_2D): a kernel of 0 and a stride of 2"},
      {[](auto& m, auto x) {
         return m.op(tflite::BuiltinOperator_SOFTMAX, {x}, {1, 144});
       },
       ExitCode::kBadInput, "operator 1 (SOFTMAX): the output"}};
  for (const auto& [build, code, expected] : cases) {
    TfliteModel model;
    const std::int32_t x = model.conv(model.input({1, 6, 6, 3}), {1, 6, 6, 4}, 3);
    model.outputs = {build(model, x)};
    const std::string found = complaint(model.bytes(), code);
    INFO(found);
    CHECK(contains(found, expected));
  }
}

TEST_CASE("a file that is none, cut or newer") {
  const std::string whole = small_model().bytes();
  CHECK(contains(complaint("", ExitCode::kBadInput), "not a TensorFlow Lite file"));
  CHECK(contains(complaint("TFL3", ExitCode::kBadInput), "not a TensorFlow Lite file"));
  CHECK(contains(complaint("{\"layers\": []}", ExitCode::kBadInput), "not a TensorFlow Lite file"));
  CHECK(contains(complaint(whole.substr(0, whole.size() / 2), ExitCode::kBadInput),
                 "damaged: its tables point outside of the file; was it copied whole?"));
  CHECK(is_tflite("a.bin", whole));
  CHECK(is_tflite("a.tflite", ""));
  CHECK_FALSE(is_tflite("a.json", "{}"));
}
