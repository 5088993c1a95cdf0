#include <algorithm>
#include <array>
#include <map>
#include <optional>

#include "graph/model_metadata.h"
#include "graph/op_fault.h"
#include "graph/tflite_constants.h"
#include "graph/tflite_file.h"
#include "graph/tflite_fold.h"
#include "tinynas/error.h"
#include "tinynas/tflite.h"

namespace tinynas {
namespace {

std::string type_name(tflite::TensorType type) {
  if (type < 0 || type > tflite::TensorType_MAX) return "type " + std::to_string(int{type});
  std::string name = tflite::EnumNameTensorType(type);
  for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return name;
}

/// Why an operator cannot be run; caught where the list of them is made.
struct Unsupported {
  std::string reason;
};

struct Window {
  std::int32_t kernel_h = 1, kernel_w = 1, stride_h = 1, stride_w = 1;
  tflite::Padding padding = tflite::Padding_VALID;
};

class TfliteReader {
 public:
  TfliteReader(std::string_view content, const std::string& path)
      : path_(path), file_(open_tflite(content, path)) {}

  TfliteNetwork read() {
    collect_tensors();
    std::vector<std::string> unsupported = unsupported_ends();
    keeps_values_.assign(file_.operators.size(), false);
    for (std::size_t i = 0; i < file_.operators.size(); ++i) {
      index_ = i;
      try {
        add_operator(file_.operators[i]);
      } catch (const Unsupported& why) {
        unsupported.push_back(std::to_string(i) + " " + file_.operators[i].name() +
                              (why.reason.empty() ? "" : " (" + why.reason + ")"));
      }
    }
    if (!unsupported.empty()) throw_unsupported(unsupported);
    set_ends();
    graph().constants = std::make_shared<const std::vector<OpConstants>>(std::move(constants_));
    validate(network_.interpreter_graph, path_);
    fold_operators(keeps_values_, network_);
    validate(network_.graph, path_);
    read_labels();
    return std::move(network_);
  }

 private:
  // What is wrong.

  [[noreturn]] void fail(const std::string& message) const {
    throw BadInput(path_ + ": operator " + std::to_string(index_) + " (" +
                   file_.operators[index_].name() + "): " + message);
  }

  [[noreturn]] void throw_unsupported(const std::vector<std::string>& list) const {
    std::string text = path_ + ": no kernel for " + std::to_string(list.size()) +
                       (list.size() == 1 ? " operator: " : " operators: ");
    for (std::size_t i = 0; i < list.size(); ++i) text += (i > 0 ? ", " : "") + list[i];
    throw Error(ExitCode::kUnsupportedOperator, text);
  }

  // Tensors.

  Graph& graph() { return network_.interpreter_graph; }

  /// Tensors that are computed, and the input, in the order of the file.
  void collect_tensors() {
    std::vector<bool> used(file_.tensors.size(), false);
    for (const std::int32_t t : file_.inputs) used[t] = true;
    for (const TfliteOperator& op : file_.operators) {
      for (const std::int32_t t : op.outputs) used[t] = true;
    }
    index_of_.assign(file_.tensors.size(), -1);
    for (std::size_t t = 0; t < used.size(); ++t) {
      if (!used[t]) continue;
      index_of_[t] = graph().add_tensor(hwc(file_.tensors[t]), dtype(file_.tensors[t].type));
      set_quantisation(file_.tensors[t], graph().tensors.back());
      if (!file_.offline_offsets.empty()) {
        graph().tensors.back().offline_offset_bytes = file_.offline_offsets[t];
      }
      network_.file_tensors.push_back(static_cast<std::int32_t>(t));
    }
    network_.file_tensor_count = static_cast<std::int32_t>(file_.tensors.size());
  }

  static void set_quantisation(const TfliteTensor& from, Tensor& to) {
    if (from.scale.size() != 1) return;
    to.scale = from.scale[0];
    if (from.zero_point.size() == 1 && from.zero_point[0] >= -128 && from.zero_point[0] <= 255) {
      to.zero_point = static_cast<std::int32_t>(from.zero_point[0]);
    }
  }

  /// The format has any number of axes, the first of them the batch; kernels see rows, columns and
  /// channels. What they cannot see so is found by need().
  static Shape hwc(const TfliteTensor& tensor) {
    const auto& shape = tensor.shape;
    const std::size_t rank = shape.size();
    Shape out;
    if (rank >= 1) out.c = shape[rank - 1];
    if (rank >= 3) out.w = shape[rank - 2];
    for (std::size_t axis = 1; axis + 2 < rank; ++axis) out.h *= shape[axis];
    if (rank >= 2 && shape[0] != 1) out.h *= shape[0];  // refused where an op uses it
    return out;
  }

  static DType dtype(tflite::TensorType type) {
    switch (type) {
      case tflite::TensorType_INT8:
        return DType::kInt8;
      case tflite::TensorType_UINT8:
        return DType::kUInt8;
      case tflite::TensorType_INT32:
        return DType::kInt32;
      default:
        return DType::kFloat32;
    }
  }

  std::vector<std::string> unsupported_ends() const {
    std::vector<std::string> list;
    if (file_.inputs.size() != 1) {
      list.push_back("(the network has " + std::to_string(file_.inputs.size()) + " inputs, not 1)");
    }
    return list;
  }

  void set_ends() {
    graph().input = index_of_[file_.inputs[0]];
    for (const std::int32_t t : file_.outputs) {
      if (index_of_[t] < 0) {
        throw BadInput(path_ + ": the network's output, tensor " + std::to_string(t) +
                       ", is written by no operator");
      }
      const std::int32_t tensor = index_of_[t];
      if (graph().output < 0) {
        graph().output = tensor;
      } else if (!graph().is_output(tensor)) {
        graph().more_outputs.push_back(tensor);
      }
    }
  }

  void read_labels() {
    if (const auto* description = file_.model->description()) {
      network_.labels.description = description->str();
    }
    if (file_.preprocessing.empty()) return;
    const Graph& final = network_.graph;
    read_preprocessing_json(file_.preprocessing, path_, final.tensors[final.input],
                            final.tensors[final.output].shape.elements(), network_.labels);
  }

  // Operators.

  const TfliteTensor& input(const TfliteOperator& op, std::size_t position) const {
    if (position >= op.inputs.size() || op.inputs[position] < 0) {
      fail("it has no input " + std::to_string(position));
    }
    return file_.tensors[op.inputs[position]];
  }

  const TfliteTensor& output(const TfliteOperator& op) const {
    if (op.outputs.size() != 1) {
      if (op.outputs.empty()) fail("it has no output");
      throw Unsupported{std::to_string(op.outputs.size()) + " outputs"};
    }
    return file_.tensors[op.outputs[0]];
  }

  static void need_activation(const TfliteTensor& tensor,
                              std::initializer_list<tflite::TensorType> types) {
    if (tensor.is_constant()) throw Unsupported{"a constant as an operand"};
    if (tensor.is_variable) throw Unsupported{"a variable"};
    if (std::find(types.begin(), types.end(), tensor.type) == types.end()) {
      throw Unsupported{type_name(tensor.type) + " values; quantise the model to int8"};
    }
    if (tensor.shape.empty()) throw Unsupported{"a scalar"};
    if (tensor.shape.size() > 1 && tensor.shape[0] != 1) {
      throw Unsupported{"a batch of " + std::to_string(tensor.shape[0])};
    }
  }
  static void need_int8(const TfliteTensor& tensor) {
    need_activation(tensor, {tflite::TensorType_INT8});
  }
  static void need_map(const TfliteTensor& tensor) {
    if (tensor.shape.size() == 4) return;
    throw Unsupported{"a tensor of " + std::to_string(tensor.shape.size()) + " axes, not 4"};
  }

  const TfliteTensor& weights(const TfliteOperator& op, std::size_t rank) const {
    const TfliteTensor& tensor = input(op, 1);
    if (!tensor.is_constant()) throw Unsupported{"weights that are computed"};
    if (tensor.is_sparse) throw Unsupported{"sparse weights"};
    if (tensor.type != tflite::TensorType_INT8) {
      throw Unsupported{type_name(tensor.type) + " weights; quantise the model to int8"};
    }
    if (tensor.shape.size() != rank) {
      fail("its weights have " + std::to_string(tensor.shape.size()) + " axes, not " +
           std::to_string(rank));
    }
    return tensor;
  }

  void check_bias(const TfliteOperator& op, std::int32_t channels) const {
    if (op.inputs.size() < 3 || op.inputs[2] < 0) return;
    const TfliteTensor& bias = file_.tensors[op.inputs[2]];
    if (!bias.is_constant()) throw Unsupported{"a bias that is computed"};
    if (bias.type != tflite::TensorType_INT32) {
      throw Unsupported{type_name(bias.type) + " bias"};
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
        throw Unsupported{"activation function " + std::to_string(int{function})};
    }
  }

  template <typename Options>
  const Options& options(const TfliteOperator& op) const {
    const auto* found = op.table->template builtin_options_as<Options>();
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

  Op windowed(OpKind kind, const TfliteOperator& op, const Window& window) const {
    need_map(input(op, 0));
    need_map(output(op));
    const Shape in = hwc(input(op, 0)), out = hwc(output(op));
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
  Op convolution(OpKind kind, const TfliteOperator& op) const {
    const Options& given = options<Options>(op);
    need_activation_function(given.fused_activation_function());
    if (given.dilation_h_factor() != 1 || given.dilation_w_factor() != 1) {
      throw Unsupported{"dilation " + std::to_string(given.dilation_h_factor()) + "x" +
                        std::to_string(given.dilation_w_factor())};
    }
    need_int8(input(op, 0));
    need_int8(output(op));
    const TfliteTensor& filter = weights(op, 4);
    const Window window{filter.shape[1], filter.shape[2], given.stride_h(), given.stride_w(),
                        given.padding()};
    const Op result = windowed(kind, op, window);
    const Shape in = hwc(input(op, 0)), out = hwc(output(op));
    const bool depthwise = kind == OpKind::kDepthwiseConv2d;
    const std::int32_t writes = depthwise ? filter.shape[3] : filter.shape[0];
    if (writes != out.c || (depthwise && filter.shape[0] != 1)) {
      fail("its weights are for " + std::to_string(writes) + " output channels, its output has " +
           std::to_string(out.c));
    }
    if (!depthwise && filter.shape[3] != in.c) {
      throw Unsupported{"weights for " + std::to_string(filter.shape[3]) + " of " +
                        std::to_string(in.c) + " input channels: a grouped convolution"};
    }
    check_bias(op, out.c);
    return result;
  }

  Op pooling(OpKind kind, const TfliteOperator& op) const {
    const auto& given = options<tflite::Pool2DOptions>(op);
    need_activation_function(given.fused_activation_function());
    need_int8(input(op, 0));
    need_int8(output(op));
    return windowed(kind, op,
                    {given.filter_height(), given.filter_width(), given.stride_h(),
                     given.stride_w(), given.padding()});
  }

  Op fully_connected(const TfliteOperator& op) const {
    const auto& given = options<tflite::FullyConnectedOptions>(op);
    need_activation_function(given.fused_activation_function());
    if (given.weights_format() != 0) throw Unsupported{"shuffled weights"};
    need_int8(input(op, 0));
    need_int8(output(op));
    const TfliteTensor& matrix = weights(op, 2);
    const std::int64_t in = input(op, 0).elements(), out = output(op).elements();
    if (matrix.shape[1] != in && in % matrix.shape[1] == 0) {
      throw Unsupported{std::to_string(in / matrix.shape[1]) + " rows at once"};
    }
    if (matrix.shape[1] != in || matrix.shape[0] != out) {
      fail("its weights are for " + std::to_string(matrix.shape[1]) + " inputs and " +
           std::to_string(matrix.shape[0]) + " outputs, it has " + std::to_string(in) + " and " +
           std::to_string(out));
    }
    check_bias(op, matrix.shape[0]);
    return kind(OpKind::kFullyConnected);
  }

  static Op kind(OpKind kind) {
    Op op;
    op.kind = kind;
    return op;
  }

  /// add and mul with a constant on either side.
  Op with_constant(OpKind of, const TfliteOperator& op, std::size_t position) {
    const TfliteTensor& constant = input(op, position);
    const TfliteTensor& in = input(op, 1 - position);
    need_int8(in);
    need_int8(output(op));
    if (constant.type != tflite::TensorType_INT8) {
      throw Unsupported{type_name(constant.type) + " values; quantise the model to int8"};
    }
    const std::int64_t values = constant.elements();
    const std::int32_t channels = hwc(in).c;
    const bool by_channel = values == channels && hwc(constant).c == channels;
    if (values != 1 && !by_channel && constant.shape != in.shape) {
      throw Unsupported{"a constant of another shape"};
    }
    operands_ = {op.inputs[1 - position]};
    Op result = kind(of);
    result.constant_bytes = static_cast<std::int32_t>(values);
    return result;
  }

  template <typename Options>
  Op pair(OpKind of, const TfliteOperator& op) {
    need_activation_function(options<Options>(op).fused_activation_function());
    if (input(op, 0).is_constant()) return with_constant(of, op, 0);
    if (input(op, 1).is_constant()) return with_constant(of, op, 1);
    need_int8(input(op, 0));
    need_int8(input(op, 1));
    need_int8(output(op));
    const Shape a = hwc(input(op, 0)), b = hwc(input(op, 1)), out = hwc(output(op));
    operands_ = {op.inputs[0], op.inputs[1]};
    const Shape pixel{1, 1, out.c};
    if (a == b && a == out) return kind(of);
    if (of == OpKind::kMul && a == pixel && b == out) std::swap(operands_[0], operands_[1]);
    const bool by_pixel =
        of == OpKind::kMul && ((a == out && b == pixel) || (a == pixel && b == out));
    if (!by_pixel) throw Unsupported{"operands of different shapes"};
    return kind(of);
  }

  Op concatenation(const TfliteOperator& op) {
    const auto& given = options<tflite::ConcatenationOptions>(op);
    need_activation_function(given.fused_activation_function());
    need_int8(output(op));
    const auto rank = static_cast<std::int32_t>(output(op).shape.size());
    for (std::size_t i = 0; i < op.inputs.size(); ++i) {
      need_int8(input(op, i));
      if (static_cast<std::int32_t>(input(op, i).shape.size()) != rank) {
        fail("its inputs have different numbers of axes");
      }
    }
    const std::int32_t axis = given.axis() < 0 ? given.axis() + rank : given.axis();
    if (axis < 0 || axis >= rank) fail("axis " + std::to_string(given.axis()) + " is not there");
    // Rows, columns, channels are the last three axes.
    const std::int32_t from_end = rank - 1 - axis;
    const bool is_batch = rank > 1 && axis == 0;
    if (is_batch || from_end > 2 || (from_end == 2 && rank > 4)) {
      throw Unsupported{"axis " + std::to_string(axis) + " of " + std::to_string(rank)};
    }
    operands_ = op.inputs;
    Op result = kind(op.inputs.size() == 1 ? OpKind::kReshape : OpKind::kConcat);
    result.axis = static_cast<std::int8_t>(2 - from_end);
    return result;
  }

  std::vector<std::int64_t> integers(const TfliteOperator& op, std::size_t position,
                                     const char* what) const {
    const TfliteTensor& tensor = input(op, position);
    if (!tensor.is_constant()) throw Unsupported{std::string(what) + " that are computed"};
    const bool is_int32 = tensor.type == tflite::TensorType_INT32;
    if (!is_int32 && tensor.type != tflite::TensorType_INT64) {
      throw Unsupported{type_name(tensor.type) + " " + what};
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

  Op mean(const TfliteOperator& op) const {
    need_int8(input(op, 0));
    need_int8(output(op));
    const auto rank = static_cast<std::int64_t>(input(op, 0).shape.size());
    if (rank > 4) throw Unsupported{"a tensor of " + std::to_string(rank) + " axes"};
    std::array<bool, 3> reduced = {};  // rows, columns, channels
    for (std::int64_t axis : integers(op, 1, "axes")) {
      axis += axis < 0 ? rank : 0;
      if (axis < 0 || axis >= rank) fail("it has no axis " + std::to_string(axis));
      if (axis == 0 && rank > 1) throw Unsupported{"over the batch"};
      reduced[static_cast<std::size_t>(axis + 3 - rank)] = true;
    }
    const Shape in = hwc(input(op, 0)), out = hwc(output(op));
    if (in.h > INT16_MAX || in.w > INT16_MAX) throw Unsupported{"a map that large"};
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
      throw Unsupported{"over these axes at once"};
    }
    result = kind(OpKind::kMeanAxis);
    result.axis =
        static_cast<std::int8_t>(std::find(reduced.begin(), reduced.end(), true) - reduced.begin());
    return result;
  }

  Op pad(const TfliteOperator& op) const {
    need_int8(input(op, 0));
    need_int8(output(op));
    need_map(input(op, 0));
    need_map(output(op));
    const std::vector<std::int64_t> padding = integers(op, 1, "paddings");
    if (padding.size() != 8) fail("its paddings are not 4 pairs");
    for (std::size_t i = 0; i < padding.size(); ++i) {
      if (padding[i] < 0 || padding[i] > INT16_MAX)
        fail("a padding is " + std::to_string(padding[i]));
      const bool of_map = i >= 2 && i < 6;
      if (!of_map && padding[i] != 0) throw Unsupported{"padding of channels or batch"};
      const std::size_t axis = i / 2;
      const std::int64_t expected =
          input(op, 0).shape[axis] + padding[2 * axis] + padding[2 * axis + 1];
      if (output(op).shape[axis] != expected) {
        fail("its output is " + std::to_string(output(op).shape[axis]) + " long on axis " +
             std::to_string(axis) + ", its paddings give " + std::to_string(expected));
      }
    }
    Op result = kind(OpKind::kPad);
    result.pad_top = static_cast<std::int16_t>(padding[2]);
    result.pad_left = static_cast<std::int16_t>(padding[4]);
    return result;
  }

  Op unary(OpKind of, const TfliteOperator& op) const {
    need_int8(input(op, 0));
    need_int8(output(op));
    return kind(of);
  }

  Op quantize(const TfliteOperator& op) const {
    need_activation(input(op, 0), {tflite::TensorType_FLOAT32, tflite::TensorType_INT8,
                                   tflite::TensorType_UINT8});
    need_activation(output(op), {tflite::TensorType_INT8, tflite::TensorType_UINT8});
    return kind(OpKind::kQuantize);
  }

  Op dequantize(const TfliteOperator& op) const {
    need_activation(input(op, 0), {tflite::TensorType_INT8, tflite::TensorType_UINT8});
    need_activation(output(op), {tflite::TensorType_FLOAT32});
    return kind(OpKind::kDequantize);
  }

  Op convert(const TfliteOperator& op) {
    operands_ = {op.inputs.empty() ? -1 : op.inputs[0]};
    switch (op.code) {
      case tflite::BuiltinOperator_CONV_2D:
        return convolution<tflite::Conv2DOptions>(OpKind::kConv2d, op);
      case tflite::BuiltinOperator_DEPTHWISE_CONV_2D:
        return convolution<tflite::DepthwiseConv2DOptions>(OpKind::kDepthwiseConv2d, op);
      case tflite::BuiltinOperator_AVERAGE_POOL_2D:
        return pooling(OpKind::kAveragePool2d, op);
      case tflite::BuiltinOperator_MAX_POOL_2D:
        return pooling(OpKind::kMaxPool2d, op);
      case tflite::BuiltinOperator_FULLY_CONNECTED:
        return fully_connected(op);
      case tflite::BuiltinOperator_ADD:
        return pair<tflite::AddOptions>(OpKind::kAdd, op);
      case tflite::BuiltinOperator_MUL:
        return pair<tflite::MulOptions>(OpKind::kMul, op);
      case tflite::BuiltinOperator_CONCATENATION:
        return concatenation(op);
      case tflite::BuiltinOperator_MEAN:
        return mean(op);
      case tflite::BuiltinOperator_PAD:
        return pad(op);
      case tflite::BuiltinOperator_RESHAPE:
      case tflite::BuiltinOperator_SQUEEZE:
      case tflite::BuiltinOperator_EXPAND_DIMS:
        return unary(OpKind::kReshape, op);
      case tflite::BuiltinOperator_TRANSPOSE:
        return unary(OpKind::kTranspose, op);
      case tflite::BuiltinOperator_RESIZE_NEAREST_NEIGHBOR:
        need_map(input(op, 0));
        return unary(OpKind::kResizeNearest, op);
      case tflite::BuiltinOperator_RELU:
      case tflite::BuiltinOperator_RELU6:
      case tflite::BuiltinOperator_RELU_N1_TO_1:
        return unary(OpKind::kRelu, op);
      case tflite::BuiltinOperator_LOGISTIC:
        return unary(OpKind::kLogistic, op);
      case tflite::BuiltinOperator_SOFTMAX:
        return unary(OpKind::kSoftmax, op);
      case tflite::BuiltinOperator_QUANTIZE:
        return quantize(op);
      case tflite::BuiltinOperator_DEQUANTIZE:
        return dequantize(op);
      default:
        throw Unsupported{};
    }
  }

  void add_operator(const TfliteOperator& from) {
    Op op = convert(from);
    op.first_input = static_cast<std::int32_t>(graph().op_inputs.size());
    op.input_count = static_cast<std::int32_t>(operands_.size());
    op.output = index_of_[from.outputs[0]];
    op.constants = static_cast<std::int32_t>(constants_.size());
    const auto index = graph().ops.size();
    for (const std::int32_t t : operands_) {
      if (index_of_[t] < 0) {
        fail("its input, tensor " + std::to_string(t) + ", is written by no operator");
      }
      graph().op_inputs.push_back(index_of_[t]);
    }
    graph().ops.push_back(op);
    if (const auto fault = find_op_fault(graph(), index)) fail(fault->message);
    const TfliteTensor& in = file_.tensors[operands_[0]];
    const TfliteTensor& out = file_.tensors[from.outputs[0]];
    constants_.push_back(read_constants(file_, from, op));
    keeps_values_[index] = in.scale == out.scale && in.zero_point == out.zero_point;
  }

  const std::string& path_;
  TfliteFile file_;
  TfliteNetwork network_;
  std::vector<std::int32_t> index_of_;  ///< of a file's tensor in the graph; -1: not computed
  std::vector<std::int32_t> operands_;  ///< of the operator at hand: its computed inputs
  std::vector<bool> keeps_values_;
  std::vector<OpConstants> constants_;
  std::size_t index_ = 0;
};

}  // namespace

bool is_tflite(const std::string& path, std::string_view content) {
  return path.ends_with(".tflite") ||
         (content.size() >= 8 && content.compare(4, 4, tflite::ModelIdentifier()) == 0);
}

TfliteNetwork parse_tflite(std::string_view content, const std::string& path) {
  return TfliteReader(content, path).read();
}

}  // namespace tinynas
