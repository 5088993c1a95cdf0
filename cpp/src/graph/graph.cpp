#include "tinynas/graph.h"

#include <algorithm>
#include <cmath>

namespace tinynas {

std::int64_t dtype_bytes(DType dtype) {
  return dtype == DType::kInt8 || dtype == DType::kUInt8 ? 1 : 4;
}

const char* op_kind_name(OpKind kind) {
  constexpr const char* kNames[] = {
      "conv2d",    "depthwise_conv2d", "add",  "avgpool",  "maxpool",        "mean",
      "mean_axis", "fully_connected",  "mul",  "concat",   "resize_nearest", "pad",
      "reshape",   "transpose",        "relu", "logistic", "softmax",        "quantize",
      "dequantize"};
  return kNames[static_cast<std::size_t>(kind)];
}

const char* op_role_name(OpRole role) {
  constexpr const char* kNames[] = {"",         "stem",        "expand", "depthwise", "project",
                                    "residual", "feature_mix", "pool",   "classifier"};
  return kNames[static_cast<std::size_t>(role)];
}

void Graph::clear() {
  tensors.clear();
  ops.clear();
  op_inputs.clear();
  input = 0;
  output = -1;
  more_outputs.clear();
  constants.reset();
}

std::int32_t Graph::add_tensor(Shape shape, DType dtype) {
  Tensor& tensor = tensors.emplace_back();
  tensor.shape = shape;
  tensor.dtype = dtype;
  return static_cast<std::int32_t>(tensors.size()) - 1;
}

std::int32_t Graph::add_op(Op op, std::span<const std::int32_t> inputs, Shape output_shape) {
  op.first_input = static_cast<std::int32_t>(op_inputs.size());
  op.input_count = static_cast<std::int32_t>(inputs.size());
  op_inputs.insert(op_inputs.end(), inputs.begin(), inputs.end());
  op.output = add_tensor(output_shape);
  ops.push_back(op);
  return op.output;
}

std::string op_name(const Graph& graph, std::size_t op_index) {
  const Op& op = graph.ops[op_index];
  const bool in_block = op.block >= 0 && op.role != OpRole::kNone;
  if (in_block) return "block" + std::to_string(op.block) + "." + op_role_name(op.role);
  switch (op.role) {
    case OpRole::kStem:
    case OpRole::kFeatureMix:
    case OpRole::kPool:
    case OpRole::kClassifier:
      return op_role_name(op.role);
    default:
      return "op" + std::to_string(op_index);
  }
}

std::string tensor_name(const Graph& graph, std::int32_t tensor) {
  if (tensor == graph.input) return "image";
  for (std::size_t i = 0; i < graph.ops.size(); ++i) {
    if (graph.ops[i].output == tensor) return op_name(graph, i);
  }
  return "tensor" + std::to_string(tensor);
}

std::int32_t end_padding(std::int32_t in, std::int32_t out, std::int32_t kernel,
                         std::int32_t stride, std::int32_t begin_padding) {
  return (out - 1) * stride + kernel - in - begin_padding;
}

bool op_is_pixelwise(const Graph& graph, const Op& op) {
  const Shape& out = graph.out_shape(op);
  switch (op.kind) {
    case OpKind::kConv2d:
      return op.kernel_h == 1 && op.kernel_w == 1 && op.stride_h == 1 && op.stride_w == 1 &&
             op.pad_top == 0 && op.pad_left == 0;
    case OpKind::kAdd:
    case OpKind::kRelu:
    case OpKind::kLogistic:
    case OpKind::kQuantize:
    case OpKind::kDequantize:
    case OpKind::kSoftmax:
      return true;
    case OpKind::kMul:
      return op.input_count == 1 || graph.tensors[graph.inputs(op)[1]].shape == out;
    case OpKind::kConcat:
      return op.axis == 2;
    default:
      return false;
  }
}

RowRange rows_read(const Graph& graph, const Op& op, std::int32_t input, std::int32_t row) {
  const std::int32_t height = graph.tensors[graph.inputs(op)[input]].shape.h;
  switch (op.kind) {
    case OpKind::kConv2d:
    case OpKind::kDepthwiseConv2d:
    case OpKind::kAveragePool2d:
    case OpKind::kMaxPool2d:
    case OpKind::kMean: {
      const std::int32_t first = row * op.stride_h - op.pad_top;
      return {std::max(first, 0), std::min(first + op.kernel_h, height)};
    }
    case OpKind::kMul:
      if (height == 1) return {0, 1};
      return {row, row + 1};
    default:
      if (op_is_pixelwise(graph, op)) return {row, row + 1};
      return {0, height};
  }
}

bool op_streams(const Graph& graph, const Op& op) {
  switch (op.kind) {
    case OpKind::kConv2d:
    case OpKind::kDepthwiseConv2d:
    case OpKind::kAveragePool2d:
    case OpKind::kMaxPool2d:
    case OpKind::kMean:
    case OpKind::kMul:
      return true;
    default:
      return op_is_pixelwise(graph, op);
  }
}

std::int64_t op_weight_bytes(const Graph& graph, const Op& op) {
  const std::int64_t window = std::int64_t{op.kernel_h} * op.kernel_w;
  switch (op.kind) {
    case OpKind::kConv2d:
      return window * graph.in_shape(op).c * graph.out_shape(op).c;
    case OpKind::kDepthwiseConv2d:
      return window * graph.out_shape(op).c;
    case OpKind::kFullyConnected:
      return graph.in_shape(op).elements() * graph.out_shape(op).elements();
    case OpKind::kAdd:
    case OpKind::kMul:
      return op.constant_bytes;
    default:
      return 0;
  }
}

std::int32_t op_bias_count(const Graph& graph, const Op& op) {
  switch (op.kind) {
    case OpKind::kConv2d:
    case OpKind::kDepthwiseConv2d:
      return graph.out_shape(op).c;
    case OpKind::kFullyConnected:
      return static_cast<std::int32_t>(graph.out_shape(op).elements());
    default:
      return 0;
  }
}

std::int64_t op_macs(const Graph& graph, const Op& op) {
  if (op.kind == OpKind::kFullyConnected) return op_weight_bytes(graph, op);
  if (op.kind != OpKind::kConv2d && op.kind != OpKind::kDepthwiseConv2d) return 0;
  const Shape& out = graph.out_shape(op);
  return std::int64_t{out.h} * out.w * op_weight_bytes(graph, op);
}

std::int64_t graph_macs(const Graph& graph) {
  std::int64_t macs = 0;
  for (const Op& op : graph.ops) macs += op_macs(graph, op);
  return macs;
}

std::int32_t softmax_table_values(float scale, float beta) {
  constexpr std::int32_t kIntegerBits = 5;
  if (scale <= 0 || beta <= 0) return 256;
  const double factor =
      std::min(static_cast<double>(beta) * static_cast<double>(scale) * (1 << (31 - kIntegerBits)),
               static_cast<double>((1LL << 31) - 1));
  int shift = 0;
  // A fraction that rounds to one at 31 bits counts as the next power of two.
  if (std::round(std::ldexp(std::frexp(factor, &shift), 31)) == std::ldexp(1.0, 31)) ++shift;
  const double radius =
      std::floor(std::ldexp((1 << kIntegerBits) - 1, 31 - kIntegerBits - std::max(shift, 0)));
  return static_cast<std::int32_t>(std::min(radius + 1, 256.0));
}

std::int64_t graph_params(const Graph& graph) {
  std::int64_t params = 0;
  for (const Op& op : graph.ops) params += op_weight_bytes(graph, op) + op_bias_count(graph, op);
  return params;
}

}  // namespace tinynas
