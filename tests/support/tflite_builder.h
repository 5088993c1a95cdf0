#pragma once
// `.tflite` files for tests: plain values whose every field a test may break before it writes them.

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "graph/tflite_generated.h"

namespace tinynas::testing {

using tflite::BuiltinOperator;
using tflite::TensorType;

struct FileTensor {
  std::vector<std::int32_t> shape = {};
  TensorType type = tflite::TensorType_INT8;
  std::string data = {};  ///< of a constant
  std::vector<float> scale = {0.5F};
  std::vector<std::int64_t> zero_point = {0};
  bool is_variable = false;
  std::optional<std::uint32_t> buffer = {};  ///< in place of its own
};

/// Those of every kind; what a kind has not is not written.
struct FileOptions {
  tflite::BuiltinOptions type = tflite::BuiltinOptions_NONE;
  tflite::Padding padding = tflite::Padding_SAME;
  std::int32_t stride_h = 1, stride_w = 1;
  std::int32_t kernel_h = 1, kernel_w = 1;
  std::int32_t dilation_h = 1, dilation_w = 1;
  std::int32_t axis = 3;
  std::int8_t weights_format = 0;
  std::int8_t activation = 0;
};

struct FileOperator {
  std::int32_t code = tflite::BuiltinOperator_ADD;
  std::vector<std::int32_t> inputs = {}, outputs = {};
  FileOptions options = {};
  std::string custom_name = {};
  std::optional<std::uint32_t> opcode_index = {};  ///< in place of its own
};

struct TfliteModel {
  std::vector<FileTensor> tensors;
  std::vector<FileOperator> operators;
  std::vector<std::int32_t> inputs, outputs;
  std::uint32_t version = 3;
  int subgraphs = 1;
  std::uint64_t buffer_offset = 0;  ///< of the buffer of each constant

  std::int32_t add(FileTensor tensor) {
    tensors.push_back(std::move(tensor));
    return static_cast<std::int32_t>(tensors.size()) - 1;
  }
  std::int32_t map(std::vector<std::int32_t> shape) { return add({std::move(shape)}); }

  /// An input of the network.
  std::int32_t input(std::vector<std::int32_t> shape, TensorType type = tflite::TensorType_INT8) {
    inputs.push_back(add({std::move(shape), type}));
    return inputs.back();
  }

  std::int32_t weights(std::vector<std::int32_t> shape) {
    std::size_t count = 1;
    for (const std::int32_t length : shape) count *= static_cast<std::size_t>(length);
    return add({std::move(shape), tflite::TensorType_INT8, std::string(count, '\1')});
  }

  std::int32_t integers(const std::vector<std::int32_t>& values,
                        std::vector<std::int32_t> shape = {}) {
    std::string data(values.size() * sizeof(values[0]), '\0');
    std::memcpy(data.data(), values.data(), data.size());
    if (shape.empty()) shape = {static_cast<std::int32_t>(values.size())};
    return add({std::move(shape), tflite::TensorType_INT32, std::move(data)});
  }

  /// Appends an operator that writes a new tensor of `shape`, quantised as its first input, and
  /// returns that tensor.
  std::int32_t op(std::int32_t code, std::vector<std::int32_t> from,
                  std::vector<std::int32_t> shape, FileOptions options = {}) {
    FileTensor out{std::move(shape)};
    if (!from.empty() && from[0] >= 0) {
      out.scale = tensors[static_cast<std::size_t>(from[0])].scale;
      out.zero_point = tensors[static_cast<std::size_t>(from[0])].zero_point;
    }
    const std::int32_t written = add(std::move(out));
    operators.push_back({code, std::move(from), {written}, options});
    return written;
  }

  /// A square kernel; `shape` is the output's.
  std::int32_t conv(std::int32_t x, std::vector<std::int32_t> shape, std::int32_t kernel,
                    std::int32_t stride = 1, tflite::Padding padding = tflite::Padding_SAME) {
    FileOptions options{tflite::BuiltinOptions_Conv2DOptions, padding, stride, stride};
    const std::int32_t w = weights({shape[3], kernel, kernel, channels(x)});
    const std::int32_t b = integers(std::vector<std::int32_t>(shape[3], 1));
    return op(tflite::BuiltinOperator_CONV_2D, {x, w, b}, shape, options);
  }

  std::int32_t depthwise(std::int32_t x, std::vector<std::int32_t> shape, std::int32_t kernel,
                         std::int32_t stride = 1, tflite::Padding padding = tflite::Padding_SAME) {
    FileOptions options{tflite::BuiltinOptions_DepthwiseConv2DOptions, padding, stride, stride};
    const std::int32_t w = weights({1, kernel, kernel, shape[3]});
    const std::int32_t b = integers(std::vector<std::int32_t>(shape[3], 1));
    return op(tflite::BuiltinOperator_DEPTHWISE_CONV_2D, {x, w, b}, shape, options);
  }

  std::int32_t pool(std::int32_t code, std::int32_t x, std::vector<std::int32_t> shape,
                    std::int32_t kernel, std::int32_t stride,
                    tflite::Padding padding = tflite::Padding_VALID) {
    FileOptions options{tflite::BuiltinOptions_Pool2DOptions, padding, stride, stride};
    options.kernel_h = options.kernel_w = kernel;
    return op(code, {x}, std::move(shape), options);
  }

  std::int32_t fully_connected(std::int32_t x, std::int32_t outputs_of) {
    std::int32_t count = 1;
    for (const std::int32_t length : tensors[static_cast<std::size_t>(x)].shape) count *= length;
    const std::int32_t w = weights({outputs_of, count});
    const std::int32_t b = integers(std::vector<std::int32_t>(outputs_of, 1));
    return op(tflite::BuiltinOperator_FULLY_CONNECTED, {x, w, b}, {1, outputs_of},
              {tflite::BuiltinOptions_FullyConnectedOptions});
  }

  std::int32_t pad(std::int32_t x, std::int32_t top, std::int32_t bottom, std::int32_t left,
                   std::int32_t right) {
    const std::vector<std::int32_t> from = tensors[static_cast<std::size_t>(x)].shape;
    const std::int32_t p = integers({0, 0, top, bottom, left, right, 0, 0}, {4, 2});
    return op(tflite::BuiltinOperator_PAD, {x, p},
              {1, from[1] + top + bottom, from[2] + left + right, from[3]});
  }

  std::int32_t reshape(std::int32_t x, const std::vector<std::int32_t>& shape) {
    return op(tflite::BuiltinOperator_RESHAPE, {x, integers(shape)}, shape);
  }

  std::int32_t quantize(std::int32_t x) {
    return op(tflite::BuiltinOperator_QUANTIZE, {x}, tensors[static_cast<std::size_t>(x)].shape);
  }

  std::int32_t dequantize(std::int32_t x) {
    const std::int32_t written =
        op(tflite::BuiltinOperator_DEQUANTIZE, {x}, tensors[static_cast<std::size_t>(x)].shape);
    tensors.back().type = tflite::TensorType_FLOAT32;
    return written;
  }

  std::int32_t channels(std::int32_t tensor) const {
    return tensors[static_cast<std::size_t>(tensor)].shape.back();
  }

  /// The file's bytes.
  std::string bytes() const;
};

class TfliteSerialiser {
 public:
  explicit TfliteSerialiser(const TfliteModel& model) : model_(model) {}

  std::string run() {
    buffers_.push_back(tflite::CreateBuffer(builder_));  // empty by convention
    const auto subgraph = write_subgraph();
    const std::vector<flatbuffers::Offset<tflite::SubGraph>> subgraphs(
        static_cast<std::size_t>(model_.subgraphs), subgraph);
    const auto all_codes = builder_.CreateVector(codes_);
    const auto all_subgraphs = builder_.CreateVector(subgraphs);
    const auto all_buffers = builder_.CreateVector(buffers_);
    tflite::ModelBuilder root(builder_);
    root.add_version(model_.version);
    root.add_operator_codes(all_codes);
    root.add_subgraphs(all_subgraphs);
    root.add_buffers(all_buffers);
    builder_.Finish(root.Finish(), tflite::ModelIdentifier());
    return {reinterpret_cast<const char*>(builder_.GetBufferPointer()), builder_.GetSize()};
  }

 private:
  flatbuffers::Offset<tflite::Tensor> write(const FileTensor& tensor) {
    std::uint32_t buffer = 0;
    if (!tensor.data.empty()) {
      buffer = static_cast<std::uint32_t>(buffers_.size());
      builder_.ForceVectorAlignment(tensor.data.size(), 1, 16);
      const auto data = builder_.CreateVector(
          reinterpret_cast<const std::uint8_t*>(tensor.data.data()), tensor.data.size());
      buffers_.push_back(tflite::CreateBuffer(builder_, data, model_.buffer_offset));
    }
    const auto quantization = tflite::CreateQuantizationParametersDirect(
        builder_, nullptr, nullptr, &tensor.scale, &tensor.zero_point);
    return tflite::CreateTensorDirect(builder_, &tensor.shape, tensor.type,
                                      tensor.buffer.value_or(buffer), nullptr, quantization,
                                      tensor.is_variable);
  }

  flatbuffers::Offset<void> write(const FileOptions& o) {
    const auto activation = static_cast<tflite::ActivationFunctionType>(o.activation);
    switch (o.type) {
      case tflite::BuiltinOptions_Conv2DOptions:
        return tflite::CreateConv2DOptions(builder_, o.padding, o.stride_w, o.stride_h, activation,
                                           o.dilation_w, o.dilation_h)
            .Union();
      case tflite::BuiltinOptions_DepthwiseConv2DOptions:
        return tflite::CreateDepthwiseConv2DOptions(builder_, o.padding, o.stride_w, o.stride_h, 1,
                                                    activation, o.dilation_w, o.dilation_h)
            .Union();
      case tflite::BuiltinOptions_Pool2DOptions:
        return tflite::CreatePool2DOptions(builder_, o.padding, o.stride_w, o.stride_h, o.kernel_w,
                                           o.kernel_h, activation)
            .Union();
      case tflite::BuiltinOptions_FullyConnectedOptions:
        return tflite::CreateFullyConnectedOptions(builder_, activation, o.weights_format).Union();
      case tflite::BuiltinOptions_ConcatenationOptions:
        return tflite::CreateConcatenationOptions(builder_, o.axis, activation).Union();
      case tflite::BuiltinOptions_AddOptions:
        return tflite::CreateAddOptions(builder_, activation).Union();
      case tflite::BuiltinOptions_MulOptions:
        return tflite::CreateMulOptions(builder_, activation).Union();
      default:
        return 0;
    }
  }

  flatbuffers::Offset<tflite::Operator> write(const FileOperator& op) {
    const auto index = static_cast<std::uint32_t>(codes_.size());
    const auto old_code = static_cast<std::int8_t>(std::min(op.code, 127));
    codes_.push_back(tflite::CreateOperatorCodeDirect(
        builder_, old_code, op.custom_name.empty() ? nullptr : op.custom_name.c_str(), 1,
        static_cast<BuiltinOperator>(op.code)));
    const auto from = builder_.CreateVector(op.inputs);
    const auto to = builder_.CreateVector(op.outputs);
    const auto options = write(op.options);
    return tflite::CreateOperator(builder_, op.opcode_index.value_or(index), from, to,
                                  op.options.type, options);
  }

  flatbuffers::Offset<tflite::SubGraph> write_subgraph() {
    std::vector<flatbuffers::Offset<tflite::Tensor>> tensors;
    for (const FileTensor& tensor : model_.tensors) tensors.push_back(write(tensor));
    std::vector<flatbuffers::Offset<tflite::Operator>> operators;
    for (const FileOperator& op : model_.operators) operators.push_back(write(op));
    return tflite::CreateSubGraphDirect(builder_, &tensors, &model_.inputs, &model_.outputs,
                                        &operators);
  }

  const TfliteModel& model_;
  flatbuffers::FlatBufferBuilder builder_;
  std::vector<flatbuffers::Offset<tflite::Buffer>> buffers_;
  std::vector<flatbuffers::Offset<tflite::OperatorCode>> codes_;
};

inline std::string TfliteModel::bytes() const { return TfliteSerialiser(*this).run(); }

}  // namespace tinynas::testing
