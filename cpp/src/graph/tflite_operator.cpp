#include "graph/tflite_operator.h"

#include <algorithm>
#include <array>
#include <utility>

#include "tinynas/error.h"

namespace tinynas {
namespace {

std::string type_name(tflite::TensorType type) {
  if (type < 0 || type > tflite::TensorType_MAX) return "type " + std::to_string(int{type});
  std::string name = tflite::EnumNameTensorType(type);
  for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return name;
}

struct Window {
  std::int32_t kernel_h = 1, kernel_w = 1, stride_h = 1, stride_w = 1;
  tflite::Padding padding = tflite::Padding_VALID;
};

class OperatorReader {
 public:
  OperatorReader(const TfliteFile& file, std::size_t index, const std::string& path)
      : file_(file), operator_(file.operators[index]), index_(index), path_(path) {}

  TfliteOp read() {
    Op op = convert();
    return {op, std::move(operands_)};
  }

 private:
  Op convert() {
    operands_ = {operator_.inputs.empty() ? -1 : operator_.inputs[0]};
    switch (operator_.code) {
      case tflite::BuiltinOperator_CONV_2D:
        return convolution<tflite::Conv2DOptions>(OpKind::kConv2d);
      case tflite::BuiltinOperator_DEPTHWISE_CONV_2D:
        return convolution<tflite::DepthwiseConv2DOptions>(OpKind::kDepthwiseConv2d);
      case tflite::BuiltinOperator_AVERAGE_POOL_2D:
        return pooling(OpKind::kAveragePool2d);
      case tflite::BuiltinOperator_MAX_POOL_2D:
        return pooling(OpKind::kMaxPool2d);
      case tflite::BuiltinOperator_FULLY_CONNECTED:
        return fully_connected();
      case tflite::BuiltinOperator_ADD:
        return pair<tflite::AddOptions>(OpKind::kAdd);
      case tflite::BuiltinOperator_MUL:
        return pair<tflite::MulOptions>(OpKind::kMul);
      case tflite::BuiltinOperator_CONCATENATION:
        return concatenation();
      case tflite::BuiltinOperator_MEAN:
        return mean();
      case tflite::BuiltinOperator_PAD:
        return pad();
      case tflite::BuiltinOperator_RESHAPE:
      case tflite::BuiltinOperator_SQUEEZE:
      case tflite::BuiltinOperator_EXPAND_DIMS:
        return unary(OpKind::kReshape);
      case tflite::BuiltinOperator_TRANSPOSE:
        return unary(OpKind::kTranspose);
      case tflite::BuiltinOperator_RESIZE_NEAREST_NEIGHBOR:
        need_map(input(0));
        return unary(OpKind::kResizeNearest);
      case tflite::BuiltinOperator_RELU:
      case tflite::BuiltinOperator_RELU6:
      case tflite::BuiltinOperator_RELU_N1_TO_1:
        return unary(OpKind::kRelu);
      case tflite::BuiltinOperator_LOGISTIC:
        return unary(OpKind::kLogistic);
      case tflite::BuiltinOperator_SOFTMAX:
        return unary(OpKind::kSoftmax);
      case tflite::BuiltinOperator_QUANTIZE:
        return quantize();
      case tflite::BuiltinOperator_DEQUANTIZE:
        return dequantize();
      default:
        throw UnsupportedOperator{};
    }
  }

  [[noreturn]] void fail(const std::string& message) const {
    fail_operator(file_, index_, message, path_);
  }

  // What the operator has, and what of it there must be.

  const TfliteTensor& input(std::size_t position) const {
    if (position >= operator_.inputs.size() || operator_.inputs[position] < 0) {
      fail("it has no input " + std::to_string(position));
    }
    return file_.tensors[operator_.inputs[position]];
  }

  const TfliteTensor& output() const {
    if (operator_.outputs.size() != 1) {
      if (operator_.outputs.empty()) fail("it has no output");
      throw UnsupportedOperator{std::to_string(operator_.outputs.size()) + " outputs"};
    }
    return file_.tensors[operator_.outputs[0]];
  }

  static void need_activation(const TfliteTensor& tensor,
                              std::initializer_list<tflite::TensorType> types) {
    if (tensor.is_constant()) throw UnsupportedOperator{"a constant as an operand"};
    if (tensor.is_variable) throw UnsupportedOperator{"a variable"};
    if (std::find(types.begin(), types.end(), tensor.type) == types.end()) {
      throw UnsupportedOperator{type_name(tensor.type) + " values; quantise the model to int8"};
    }
    if (tensor.shape.empty()) throw UnsupportedOperator{"a scalar"};
    if (tensor.shape.size() > 1 && tensor.shape[0] != 1) {
      throw UnsupportedOperator{"a batch of " + std::to_string(tensor.shape[0])};
    }
  }
  static void need_int8(const TfliteTensor& tensor) {
    need_activation(tensor, {tflite::TensorType_INT8});
  }
  static void need_map(const TfliteTensor& tensor) {
    if (tensor.shape.size() == 4) return;
    throw UnsupportedOperator{"a tensor of " + std::to_string(tensor.shape.size()) +
                              " axes, not 4"};
  }

  const TfliteTensor& weights(std::size_t rank) const {
    const TfliteTensor& tensor = input(1);
    if (!tensor.is_constant()) throw UnsupportedOperator{"weights that are computed"};
    if (tensor.is_sparse) throw UnsupportedOperator{"sparse weights"};
    if (tensor.type != tflite::TensorType_INT8) {
      throw UnsupportedOperator{type_name(tensor.type) + " weights; quantise the model to int8"};
    }
    if (tensor.shape.size() != rank) {
      fail("its weights have " + std::to_string(tensor.shape.size()) + " axes, not " +
           std::to_string(rank));
    }
    return tensor;
  }

  void check_bias(std::int32_t channels) const {
    if (operator_.inputs.size() < 3 || operator_.inputs[2] < 0) return;
    const TfliteTensor& bias = file_.tensors[operator_.inputs[2]];
    if (!bias.is_constant()) throw UnsupportedOperator{"a bias that is computed"};
    if (bias.type != tflite::TensorType_INT32) {
      throw UnsupportedOperator{type_name(bias.type) + " bias"};
    }
    if (bias.elements() != channels) {
      fail("its bias has " + std::to_string(bias.elements()) + " values for " +
           std::to_string(channels) + " channels");
    }
  }

  static void need_activation_function(tflite::ActivationFunctionType function) {
    switch (function) {
      case tflite::ActivationFunctionType_NONE:
      case tflite::ActivationFunctionType_RELU:
      case tflite::ActivationFunctionType_RELU6:
      case tflite::ActivationFunctionType_RELU_N1_TO_1:
        return;
      default:
        throw UnsupportedOperator{"activation function " + std::to_string(int{function})};
    }
  }

  template <typename Options>
  const Options& options() const {
    const auto* found = operator_.table->template builtin_options_as<Options>();
    if (found == nullptr) fail("its options are missing");
    return *found;
  }

  std::int32_t padding_before(std::int32_t in, std::int32_t out, std::int32_t kernel,
                              std::int32_t stride, tflite::Padding padding) const {
    const bool same = padding == tflite::Padding_SAME;
    if (kernel < 1 || stride < 1 || kernel > INT16_MAX || stride > INT16_MAX) {
      fail("a kernel of " + std::to_string(kernel) + " and a stride of " + std::to_string(stride));
    }
    const std::int64_t expected =
        same ? (std::int64_t{in} + stride - 1) / stride : (std::int64_t{in} - kernel) / stride + 1;
    if (out != expected || (!same && in < kernel)) {
      fail("its output is " + std::to_string(out) + " long where " + std::to_string(in) +
           " with kernel " + std::to_string(kernel) + ", stride " + std::to_string(stride) +
           (same ? " and padding SAME give " : " and padding VALID give ") +
           std::to_string(std::max<std::int64_t>(expected, 0)));
    }
    const std::int64_t total = (std::int64_t{out} - 1) * stride + kernel - in;
    return same ? static_cast<std::int32_t>(std::max<std::int64_t>(total, 0) / 2) : 0;
  }

  Op windowed(OpKind kind, const Window& window) const {
    need_map(input(0));
    need_map(output());
    const Shape in = hwc(input(0)), out = hwc(output());
    Op result;
    result.kind = kind;
    result.pad_top = static_cast<std::int16_t>(
        padding_before(in.h, out.h, window.kernel_h, window.stride_h, window.padding));
    result.pad_left = static_cast<std::int16_t>(
        padding_before(in.w, out.w, window.kernel_w, window.stride_w, window.padding));
    result.kernel_h = static_cast<std::int16_t>(window.kernel_h);
    result.kernel_w = static_cast<std::int16_t>(window.kernel_w);
    result.stride_h = static_cast<std::int16_t>(window.stride_h);
    result.stride_w = static_cast<std::int16_t>(window.stride_w);
    return result;
  }

  template <typename Options>
  Op convolution(OpKind kind) const {
    const Options& given = options<Options>();
    need_activation_function(given.fused_activation_function());
    if (given.dilation_h_factor() != 1 || given.dilation_w_factor() != 1) {
      throw UnsupportedOperator{"dilation " + std::to_string(given.dilation_h_factor()) + "x" +
                                std::to_string(given.dilation_w_factor())};
    }
    need_int8(input(0));
    need_int8(output());
    const TfliteTensor& filter = weights(4);
    const Window window{filter.shape[1], filter.shape[2], given.stride_h(), given.stride_w(),
                        given.padding()};
    const Op result = windowed(kind, window);
    const Shape in = hwc(input(0)), out = hwc(output());
    const bool depthwise = kind == OpKind::kDepthwiseConv2d;
    const std::int32_t writes = depthwise ? filter.shape[3] : filter.shape[0];
    if (writes != out.c || (depthwise && filter.shape[0] != 1)) {
      fail("its weights are for " + std::to_string(writes) + " output channels, its output has " +
           std::to_string(out.c));
    }
    if (!depthwise && filter.shape[3] != in.c) {
      throw UnsupportedOperator{"weights for " + std::to_string(filter.shape[3]) + " of " +
                                std::to_string(in.c) + " input channels: a grouped convolution"};
    }
    check_bias(out.c);
    return result;
  }

  Op pooling(OpKind kind) const {
    const auto& given = options<tflite::Pool2DOptions>();
    need_activation_function(given.fused_activation_function());
    need_int8(input(0));
    need_int8(output());
    return windowed(kind, {given.filter_height(), given.filter_width(), given.stride_h(),
                           given.stride_w(), given.padding()});
  }

  Op fully_connected() const {
    const auto& given = options<tflite::FullyConnectedOptions>();
    need_activation_function(given.fused_activation_function());
    if (given.weights_format() != 0) throw UnsupportedOperator{"shuffled weights"};
    need_int8(input(0));
    need_int8(output());
    const TfliteTensor& matrix = weights(2);
    const std::int64_t in = input(0).elements(), out = output().elements();
    if (matrix.shape[1] != in && in % matrix.shape[1] == 0) {
      throw UnsupportedOperator{std::to_string(in / matrix.shape[1]) + " rows at once"};
    }
    if (matrix.shape[1] != in || matrix.shape[0] != out) {
      fail("its weights are for " + std::to_string(matrix.shape[1]) + " inputs and " +
           std::to_string(matrix.shape[0]) + " outputs, it has " + std::to_string(in) + " and " +
           std::to_string(out));
    }
    check_bias(matrix.shape[0]);
    return kind(OpKind::kFullyConnected);
  }

  static Op kind(OpKind kind) {
    Op op;
    op.kind = kind;
    return op;
  }

  /// add and mul with a constant on either side.
  Op with_constant(OpKind of, std::size_t position) {
    const TfliteTensor& constant = input(position);
    const TfliteTensor& in = input(1 - position);
    need_int8(in);
    need_int8(output());
    if (constant.type != tflite::TensorType_INT8) {
      throw UnsupportedOperator{type_name(constant.type) + " values; quantise the model to int8"};
    }
    const std::int64_t values = constant.elements();
    const std::int32_t channels = hwc(in).c;
    const bool by_channel = values == channels && hwc(constant).c == channels;
    if (values != 1 && !by_channel && constant.shape != in.shape) {
      throw UnsupportedOperator{"a constant of another shape"};
    }
    operands_ = {operator_.inputs[1 - position]};
    Op result = kind(of);
    result.constant_bytes = static_cast<std::int32_t>(values);
    return result;
  }

  template <typename Options>
  Op pair(OpKind of) {
    need_activation_function(options<Options>().fused_activation_function());
    if (input(0).is_constant()) return with_constant(of, 0);
    if (input(1).is_constant()) return with_constant(of, 1);
    need_int8(input(0));
    need_int8(input(1));
    need_int8(output());
    const Shape a = hwc(input(0)), b = hwc(input(1)), out = hwc(output());
    operands_ = {operator_.inputs[0], operator_.inputs[1]};
    const Shape pixel{1, 1, out.c};
    if (a == b && a == out) return kind(of);
    if (of == OpKind::kMul && a == pixel && b == out) std::swap(operands_[0], operands_[1]);
    const bool by_pixel =
        of == OpKind::kMul && ((a == out && b == pixel) || (a == pixel && b == out));
    if (!by_pixel) throw UnsupportedOperator{"operands of different shapes"};
    return kind(of);
  }

  Op concatenation() {
    const auto& given = options<tflite::ConcatenationOptions>();
    need_activation_function(given.fused_activation_function());
    need_int8(output());
    const auto rank = static_cast<std::int32_t>(output().shape.size());
    for (std::size_t i = 0; i < operator_.inputs.size(); ++i) {
      need_int8(input(i));
      if (static_cast<std::int32_t>(input(i).shape.size()) != rank) {
        fail("its inputs have different numbers of axes");
      }
    }
    const std::int32_t axis = given.axis() < 0 ? given.axis() + rank : given.axis();
    if (axis < 0 || axis >= rank) fail("axis " + std::to_string(given.axis()) + " is not there");
    // Rows, columns, channels are the last three axes.
    const std::int32_t from_end = rank - 1 - axis;
    const bool is_batch = rank > 1 && axis == 0;
    if (is_batch || from_end > 2 || (from_end == 2 && rank > 4)) {
      throw UnsupportedOperator{"axis " + std::to_string(axis) + " of " + std::to_string(rank)};
    }
    operands_ = operator_.inputs;
    Op result = kind(operator_.inputs.size() == 1 ? OpKind::kReshape : OpKind::kConcat);
    result.axis = static_cast<std::int8_t>(2 - from_end);
    return result;
  }

  std::vector<std::int64_t> integers(std::size_t position, const char* what) const {
    const TfliteTensor& tensor = input(position);
    if (!tensor.is_constant()) throw UnsupportedOperator{std::string(what) + " that are computed"};
    const bool is_int32 = tensor.type == tflite::TensorType_INT32;
    if (!is_int32 && tensor.type != tflite::TensorType_INT64) {
      throw UnsupportedOperator{type_name(tensor.type) + " " + what};
    }
    std::vector<std::int64_t> values;
    const std::size_t width = is_int32 ? 4 : 8;
    for (std::size_t at = 0; at + width <= tensor.data.size(); at += width) {
      const auto* bytes = reinterpret_cast<const std::uint8_t*>(tensor.data.data()) + at;
      values.push_back(is_int32 ? flatbuffers::ReadScalar<std::int32_t>(bytes)
                                : flatbuffers::ReadScalar<std::int64_t>(bytes));
    }
    return values;
  }

  Op mean() const {
    need_int8(input(0));
    need_int8(output());
    const auto rank = static_cast<std::int64_t>(input(0).shape.size());
    if (rank > 4) throw UnsupportedOperator{"a tensor of " + std::to_string(rank) + " axes"};
    std::array<bool, 3> reduced = {};  // rows, columns, channels
    for (std::int64_t axis : integers(1, "axes")) {
      axis += axis < 0 ? rank : 0;
      if (axis < 0 || axis >= rank) fail("it has no axis " + std::to_string(axis));
      if (axis == 0 && rank > 1) throw UnsupportedOperator{"over the batch"};
      reduced[static_cast<std::size_t>(axis + 3 - rank)] = true;
    }
    const Shape in = hwc(input(0)), out = hwc(output());
    if (in.h > INT16_MAX || in.w > INT16_MAX) throw UnsupportedOperator{"a map that large"};
    Op result = kind(OpKind::kMean);
    result.kernel_h = static_cast<std::int16_t>(reduced[0] ? in.h : 1);
    result.kernel_w = static_cast<std::int16_t>(reduced[1] ? in.w : 1);
    const Shape kept = {reduced[0] ? 1 : in.h, reduced[1] ? 1 : in.w, in.c};
    const std::int64_t left = std::int64_t{kept.h} * kept.w * (reduced[2] ? 1 : in.c);
    if (out.elements() != left) {
      fail("its output has " + std::to_string(out.elements()) + " values, its axes leave " +
           std::to_string(left));
    }
    if (!reduced[2] && kept == out) return result;
    // Over channels, or an axis is gone and the others moved up.
    if (std::count(reduced.begin(), reduced.end(), true) != 1) {
      throw UnsupportedOperator{"over these axes at once"};
    }
    result = kind(OpKind::kMeanAxis);
    result.axis =
        static_cast<std::int8_t>(std::find(reduced.begin(), reduced.end(), true) - reduced.begin());
    return result;
  }

  Op pad() const {
    need_int8(input(0));
    need_int8(output());
    need_map(input(0));
    need_map(output());
    const std::vector<std::int64_t> padding = integers(1, "paddings");
    if (padding.size() != 8) fail("its paddings are not 4 pairs");
    for (std::size_t i = 0; i < padding.size(); ++i) {
      if (padding[i] < 0 || padding[i] > INT16_MAX)
        fail("a padding is " + std::to_string(padding[i]));
      const bool of_map = i >= 2 && i < 6;
      if (!of_map && padding[i] != 0) throw UnsupportedOperator{"padding of channels or batch"};
      const std::size_t axis = i / 2;
      const std::int64_t expected =
          input(0).shape[axis] + padding[2 * axis] + padding[2 * axis + 1];
      if (output().shape[axis] != expected) {
        fail("its output is " + std::to_string(output().shape[axis]) + " long on axis " +
             std::to_string(axis) + ", its paddings give " + std::to_string(expected));
      }
    }
    Op result = kind(OpKind::kPad);
    result.pad_top = static_cast<std::int16_t>(padding[2]);
    result.pad_left = static_cast<std::int16_t>(padding[4]);
    return result;
  }

  Op unary(OpKind of) const {
    need_int8(input(0));
    need_int8(output());
    return kind(of);
  }

  Op quantize() const {
    need_activation(
        input(0), {tflite::TensorType_FLOAT32, tflite::TensorType_INT8, tflite::TensorType_UINT8});
    need_activation(output(), {tflite::TensorType_INT8, tflite::TensorType_UINT8});
    return kind(OpKind::kQuantize);
  }

  Op dequantize() const {
    need_activation(input(0), {tflite::TensorType_INT8, tflite::TensorType_UINT8});
    need_activation(output(), {tflite::TensorType_FLOAT32});
    return kind(OpKind::kDequantize);
  }

  const TfliteFile& file_;
  const TfliteOperator& operator_;
  std::size_t index_;
  const std::string& path_;
  std::vector<std::int32_t> operands_;
};

}  // namespace

Shape hwc(const TfliteTensor& tensor) {
  const auto& shape = tensor.shape;
  const std::size_t rank = shape.size();
  Shape out;
  if (rank >= 1) out.c = shape[rank - 1];
  if (rank >= 3) out.w = shape[rank - 2];
  for (std::size_t axis = 1; axis + 2 < rank; ++axis) out.h *= shape[axis];
  if (rank >= 2 && shape[0] != 1) out.h *= shape[0];  // refused where an op uses it
  return out;
}

void fail_operator(const TfliteFile& file, std::size_t index, const std::string& message,
                   const std::string& path) {
  throw BadInput(path + ": operator " + std::to_string(index) + " (" +
                 file.operators[index].name() + "): " + message);
}

TfliteOp read_operator(const TfliteFile& file, std::size_t index, const std::string& path) {
  return OperatorReader(file, index, path).read();
}

}  // namespace tinynas
