#include <algorithm>
#include <map>

#include "graph/model_metadata.h"
#include "graph/tflite_generated.h"
#include "tinynas/error.h"
#include "tinynas/tflite.h"

namespace tinynas {
namespace {

constexpr std::size_t kAlignment = 16;  // of constants, which the format asks for

class TfliteEncoder {
 public:
  explicit TfliteEncoder(const Graph& graph) : graph_(graph), builder_(1 << 16) {}

  std::string encode(const ModelLabels& labels) {
    add_buffer({});  // the format's empty one
    for (std::size_t t = 0; t < graph_.tensors.size(); ++t) {
      add_activation(graph_.tensors[t], tensor_name(graph_, static_cast<std::int32_t>(t)));
    }
    for (std::size_t i = 0; i < graph_.ops.size(); ++i) add_op(i);
    std::vector<std::int32_t> outputs = {graph_.output};
    outputs.insert(outputs.end(), graph_.more_outputs.begin(), graph_.more_outputs.end());
    const auto subgraph =
        tflite::CreateSubGraph(builder_, builder_.CreateVector(tensors_),
                               builder_.CreateVector(std::vector<std::int32_t>{graph_.input}),
                               builder_.CreateVector(outputs), builder_.CreateVector(operators_),
                               builder_.CreateString("main"));
    const auto metadata = preprocessing(labels);
    const auto subgraphs = builder_.CreateVector(std::vector{subgraph});
    const auto codes = builder_.CreateVector(codes_);
    const auto buffers = builder_.CreateVector(buffers_);
    const auto description = builder_.CreateString(labels.description);
    tflite::ModelBuilder model(builder_);
    model.add_version(3);
    model.add_operator_codes(codes);
    model.add_subgraphs(subgraphs);
    model.add_description(description);
    model.add_buffers(buffers);
    if (!metadata.IsNull()) model.add_metadata(metadata);
    builder_.Finish(model.Finish(), tflite::ModelIdentifier());
    return {reinterpret_cast<const char*>(builder_.GetBufferPointer()), builder_.GetSize()};
  }

 private:
  template <typename T>
  using Offset = flatbuffers::Offset<T>;

  std::uint32_t add_buffer(std::string_view data) {
    if (data.empty()) {
      buffers_.push_back(tflite::CreateBuffer(builder_));
    } else {
      builder_.ForceVectorAlignment(data.size(), 1, kAlignment);
      const auto bytes =
          builder_.CreateVector(reinterpret_cast<const std::uint8_t*>(data.data()), data.size());
      buffers_.push_back(tflite::CreateBuffer(builder_, bytes));
    }
    return static_cast<std::uint32_t>(buffers_.size()) - 1;
  }

  template <typename T>
  std::uint32_t add_values(const std::vector<T>& values) {
    return add_buffer({reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)});
  }

  std::int32_t add_tensor(const std::vector<std::int32_t>& shape, tflite::TensorType type,
                          std::uint32_t buffer, const std::string& name,
                          const std::vector<float>& scales,
                          const std::vector<std::int64_t>& zero_points, int dimension) {
    const auto dims = builder_.CreateVector(shape);
    const auto text = builder_.CreateString(name);
    Offset<tflite::QuantizationParameters> quantisation;
    if (!scales.empty()) {
      const auto scale = builder_.CreateVector(scales);
      const auto zero = builder_.CreateVector(zero_points);
      tflite::QuantizationParametersBuilder parameters(builder_);
      parameters.add_scale(scale);
      parameters.add_zero_point(zero);
      parameters.add_quantized_dimension(dimension);
      quantisation = parameters.Finish();
    }
    tflite::TensorBuilder tensor(builder_);
    tensor.add_shape(dims);
    tensor.add_type(type);
    tensor.add_buffer(buffer);
    tensor.add_name(text);
    if (!quantisation.IsNull()) tensor.add_quantization(quantisation);
    tensors_.push_back(tensor.Finish());
    return static_cast<std::int32_t>(tensors_.size()) - 1;
  }

  static std::vector<std::int32_t> dims(const Shape& shape) {
    return {1, shape.h, shape.w, shape.c};
  }

  std::int32_t add_activation(const Tensor& tensor, const std::string& name) {
    return add_tensor(dims(tensor.shape), tflite::TensorType_INT8, 0, name, {tensor.scale},
                      {tensor.zero_point}, 0);
  }

  std::uint32_t code(tflite::BuiltinOperator op, int version) {
    const auto [place, is_new] = code_index_.try_emplace(op, codes_.size());
    if (is_new) {
      tflite::OperatorCodeBuilder code(builder_);
      code.add_deprecated_builtin_code(static_cast<std::int8_t>(std::min<int>(op, 127)));
      code.add_version(version);
      code.add_builtin_code(op);
      codes_.push_back(code.Finish());
    }
    return static_cast<std::uint32_t>(place->second);
  }

  template <typename Options>
  void add_operator(tflite::BuiltinOperator op, int version,
                    const std::vector<std::int32_t>& inputs, std::int32_t output,
                    tflite::BuiltinOptions type, Offset<Options> options) {
    const auto ins = builder_.CreateVector(inputs);
    const auto outs = builder_.CreateVector(std::vector<std::int32_t>{output});
    const std::uint32_t index = code(op, version);
    tflite::OperatorBuilder entry(builder_);
    entry.add_opcode_index(index);
    entry.add_inputs(ins);
    entry.add_outputs(outs);
    if (type != tflite::BuiltinOptions_NONE) {
      entry.add_builtin_options_type(type);
      entry.add_builtin_options(options.Union());
    }
    operators_.push_back(entry.Finish());
  }

  /// Paddings that the format can say: those of SAME and VALID.
  static bool is_same(std::int32_t in, std::int32_t out, int kernel, int stride, int before) {
    const std::int32_t total = std::max((out - 1) * stride + kernel - in, 0);
    return out == (in + stride - 1) / stride && before == total / 2;
  }
  static bool is_valid(std::int32_t in, std::int32_t out, int kernel, int stride, int before) {
    return before == 0 && in >= kernel && out == (in - kernel) / stride + 1;
  }

  /// Whether the op's window can be said as SAME; else as VALID, after a PAD where it needs one,
  /// whose output is then the op's input.
  tflite::Padding padding(const Op& op, std::int32_t& input) {
    const Shape& in = graph_.in_shape(op);
    const Shape& out = graph_.out_shape(op);
    if (is_valid(in.h, out.h, op.kernel_h, op.stride_h, op.pad_top) &&
        is_valid(in.w, out.w, op.kernel_w, op.stride_w, op.pad_left)) {
      return tflite::Padding_VALID;
    }
    if (is_same(in.h, out.h, op.kernel_h, op.stride_h, op.pad_top) &&
        is_same(in.w, out.w, op.kernel_w, op.stride_w, op.pad_left)) {
      return tflite::Padding_SAME;
    }
    const auto after = [](std::int32_t size, std::int32_t to, int kernel, int stride, int before) {
      return std::max(end_padding(size, to, kernel, stride, before), 0);
    };
    const std::vector<std::int32_t> pads = {
        0,           0,
        op.pad_top,  after(in.h, out.h, op.kernel_h, op.stride_h, op.pad_top),
        op.pad_left, after(in.w, out.w, op.kernel_w, op.stride_w, op.pad_left),
        0,           0};
    Tensor padded = graph_.tensors[input];
    padded.shape.h += pads[2] + pads[3];
    padded.shape.w += pads[4] + pads[5];
    const std::int32_t amounts =
        add_tensor({4, 2}, tflite::TensorType_INT32, add_values(pads), "paddings", {}, {}, 0);
    const std::int32_t output = add_activation(padded, "padded");
    add_operator(tflite::BuiltinOperator_PAD, 2, {input, amounts}, output,
                 tflite::BuiltinOptions_NONE, Offset<void>());
    input = output;
    return tflite::Padding_VALID;
  }

  /// The fused activation whose range the op has.
  tflite::ActivationFunctionType activation(const Op& op) const {
    const OpConstants& constants = graph_.constants_of(op);
    const Tensor& out = graph_.tensors[op.output];
    const bool open = constants.output_min == -128 && constants.output_max == 127;
    if (open) return tflite::ActivationFunctionType_NONE;
    if (constants.output_max == 127 && constants.output_min == std::max(-128, out.zero_point)) {
      return tflite::ActivationFunctionType_RELU;
    }
    throw Error(ExitCode::kUnsupportedOperator, "an activation that the format has no name for");
  }

  std::vector<std::int32_t> weighted_inputs(const Op& op, std::int32_t input, std::size_t index) {
    const OpConstants& constants = graph_.constants_of(op);
    const Shape& in = graph_.in_shape(op);
    const Shape& out = graph_.out_shape(op);
    const bool depthwise = op.kind == OpKind::kDepthwiseConv2d;
    const std::vector<std::int32_t> shape =
        depthwise ? std::vector<std::int32_t>{1, op.kernel_h, op.kernel_w, out.c}
                  : std::vector<std::int32_t>{out.c, op.kernel_h, op.kernel_w, in.c};
    const std::vector<std::int64_t> zeros(constants.weight_scales.size(), 0);
    const std::string name = op_name(graph_, index);
    const std::int32_t weights =
        add_tensor(shape, tflite::TensorType_INT8, add_values(constants.weights), name + ".weights",
                   constants.weight_scales, zeros, depthwise ? 3 : 0);
    std::vector<float> scales;
    for (const float scale : constants.weight_scales) {
      scales.push_back(scale * graph_.tensors[graph_.inputs(op)[0]].scale);
    }
    const std::int32_t bias =
        add_tensor({out.c}, tflite::TensorType_INT32, add_values(constants.bias), name + ".bias",
                   scales, zeros, 0);
    return {input, weights, bias};
  }

  void add_op(std::size_t index) {
    const Op& op = graph_.ops[index];
    std::int32_t input = graph_.inputs(op)[0];
    const auto function = activation(op);
    switch (op.kind) {
      case OpKind::kConv2d: {
        const auto pads = padding(op, input);
        const auto inputs = weighted_inputs(op, input, index);
        add_operator(
            tflite::BuiltinOperator_CONV_2D, 3, inputs, op.output,
            tflite::BuiltinOptions_Conv2DOptions,
            tflite::CreateConv2DOptions(builder_, pads, op.stride_w, op.stride_h, function));
        return;
      }
      case OpKind::kDepthwiseConv2d: {
        const auto pads = padding(op, input);
        const auto inputs = weighted_inputs(op, input, index);
        const std::int32_t multiplier = graph_.out_shape(op).c / graph_.in_shape(op).c;
        add_operator(tflite::BuiltinOperator_DEPTHWISE_CONV_2D, 3, inputs, op.output,
                     tflite::BuiltinOptions_DepthwiseConv2DOptions,
                     tflite::CreateDepthwiseConv2DOptions(builder_, pads, op.stride_w, op.stride_h,
                                                          multiplier, function));
        return;
      }
      case OpKind::kAveragePool2d:
        add_operator(tflite::BuiltinOperator_AVERAGE_POOL_2D, 2, {input}, op.output,
                     tflite::BuiltinOptions_Pool2DOptions,
                     tflite::CreatePool2DOptions(builder_, tflite::Padding_VALID, op.stride_w,
                                                 op.stride_h, op.kernel_w, op.kernel_h, function));
        return;
      case OpKind::kAdd:
        add_operator(tflite::BuiltinOperator_ADD, 2, {input, graph_.inputs(op)[1]}, op.output,
                     tflite::BuiltinOptions_AddOptions,
                     tflite::CreateAddOptions(builder_, function));
        return;
      default:
        throw Error(ExitCode::kUnsupportedOperator, op_name(graph_, index) + " (" +
                                                        op_kind_name(op.kind) +
                                                        ") is not written to .tflite files");
    }
  }

  Offset<flatbuffers::Vector<Offset<tflite::Metadata>>> preprocessing(const ModelLabels& labels) {
    const std::string text = preprocessing_json(labels);
    if (text.empty()) return 0;
    const std::uint32_t buffer = add_buffer(text);
    const auto entry =
        tflite::CreateMetadata(builder_, builder_.CreateString(kPreprocessingName), buffer);
    return builder_.CreateVector(std::vector{entry});
  }

  const Graph& graph_;
  flatbuffers::FlatBufferBuilder builder_;
  std::vector<Offset<tflite::Buffer>> buffers_;
  std::vector<Offset<tflite::Tensor>> tensors_;
  std::vector<Offset<tflite::Operator>> operators_;
  std::vector<Offset<tflite::OperatorCode>> codes_;
  std::map<tflite::BuiltinOperator, std::size_t> code_index_;
};

}  // namespace

std::string encode_tflite(const Graph& graph, const ModelLabels& labels) {
  return TfliteEncoder(graph).encode(labels);
}

}  // namespace tinynas
