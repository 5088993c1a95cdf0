#include "tinynas/graph.h"

namespace tinynas {

std::int64_t dtype_bytes(DType dtype) { return dtype == DType::kInt8 ? 1 : 4; }

const char* op_kind_name(OpKind kind) {
  constexpr const char* kNames[] = {"conv2d", "depthwise_conv2d", "add", "avgpool"};
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
}

std::int32_t Graph::add_tensor(Shape shape, DType dtype) {
  tensors.push_back({shape, dtype});
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

std::int64_t op_weight_bytes(const Graph& graph, const Op& op) {
  const std::int64_t window = std::int64_t{op.kernel_h} * op.kernel_w;
  switch (op.kind) {
    case OpKind::kConv2d:
      return window * graph.in_shape(op).c * graph.out_shape(op).c;
    case OpKind::kDepthwiseConv2d:
      return window * graph.out_shape(op).c;
    default:
      return 0;
  }
}

std::int32_t op_bias_count(const Graph& graph, const Op& op) {
  const bool convolution = op.kind == OpKind::kConv2d || op.kind == OpKind::kDepthwiseConv2d;
  return convolution ? graph.out_shape(op).c : 0;
}

std::int64_t op_macs(const Graph& graph, const Op& op) {
  const Shape& out = graph.out_shape(op);
  return std::int64_t{out.h} * out.w * op_weight_bytes(graph, op);
}

std::int64_t graph_macs(const Graph& graph) {
  std::int64_t macs = 0;
  for (const Op& op : graph.ops) macs += op_macs(graph, op);
  return macs;
}

std::int64_t graph_params(const Graph& graph) {
  std::int64_t params = 0;
  for (const Op& op : graph.ops) params += op_weight_bytes(graph, op) + op_bias_count(graph, op);
  return params;
}

}  // namespace tinynas
