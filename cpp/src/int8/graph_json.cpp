#include "int8/graph_json.h"

#include <algorithm>

#include "int8/op_arithmetic.h"
#include "tinynas/int8_interpreter.h"

namespace tinynas {
namespace {

constexpr const char* kFormat = "tinynas-graph";
constexpr int kVersion = 1;

const char* dtype_name(DType dtype) {
  switch (dtype) {
    case DType::kInt8:
      return "int8";
    case DType::kUInt8:
      return "uint8";
    case DType::kInt32:
      return "int32";
    case DType::kFloat32:
      return "float32";
  }
  return "";
}

Json tensor_json(const Graph& graph, std::size_t index) {
  const Tensor& tensor = graph.tensors[index];
  return {{"name", tensor_name(graph, static_cast<std::int32_t>(index))},
          {"shape", {tensor.shape.h, tensor.shape.w, tensor.shape.c}},
          {"dtype", dtype_name(tensor.dtype)},
          {"scale", tensor.scale},
          {"zero_point", tensor.zero_point}};
}

bool has_window(OpKind kind) {
  return kind == OpKind::kConv2d || kind == OpKind::kDepthwiseConv2d ||
         kind == OpKind::kAveragePool2d || kind == OpKind::kMaxPool2d || kind == OpKind::kMean ||
         kind == OpKind::kPad;
}

void add_window(const Graph& graph, const Op& op, Json& to) {
  const Shape& in = graph.in_shape(op);
  const Shape& out = graph.out_shape(op);
  const auto after = [](std::int32_t size, std::int32_t made, int kernel, int stride, int before) {
    return std::max(end_padding(size, made, kernel, stride, before), 0);
  };
  to["kernel"] = {op.kernel_h, op.kernel_w};
  to["stride"] = {op.stride_h, op.stride_w};
  to["padding"] = {op.pad_top, op.pad_left,
                   after(in.h, out.h, op.kernel_h, op.stride_h, op.pad_top),
                   after(in.w, out.w, op.kernel_w, op.stride_w, op.pad_left)};
}

void add_constants(const OpConstants& constants, Json& to) {
  if (!constants.weights.empty()) {
    to["weights"] = constants.weights;
    to["weight_scales"] = constants.weight_scales;
    to["weight_zero_point"] = constants.weight_zero_point;
  }
  if (!constants.bias.empty()) to["bias"] = constants.bias;
  to["output_range"] = {constants.output_min, constants.output_max};
}

void add_source_lines(const Graph& graph, const Op& op, Json& to) {
  const Shape& in = graph.in_shape(op);
  const Shape& out = graph.out_shape(op);
  const auto lines = [&](std::int32_t from, std::int32_t count) {
    Json places = Json::array();
    for (std::int32_t i = 0; i < count; ++i) {
      places.push_back(nearest_input(i, from, count, graph.constants_of(op)));
    }
    return places;
  };
  to["source_rows"] = lines(in.h, out.h);
  to["source_columns"] = lines(in.w, out.w);
}

Json op_json(const Graph& graph, std::size_t index) {
  const Op& op = graph.ops[index];
  Json result = {{"name", op_name(graph, index)}, {"kind", op_kind_name(op.kind)}};
  result["inputs"] = std::vector<std::int32_t>(graph.inputs(op).begin(), graph.inputs(op).end());
  result["output"] = op.output;
  if (has_window(op.kind)) add_window(graph, op, result);
  if (op.kind == OpKind::kConcat || op.kind == OpKind::kMeanAxis) result["axis"] = op.axis;
  const OpConstants& constants = graph.constants_of(op);
  add_constants(constants, result);
  if (op.kind == OpKind::kSoftmax) result["beta"] = constants.beta;
  if (op.kind == OpKind::kTranspose) result["permutation"] = constants.permutation;
  if (op.kind == OpKind::kResizeNearest) add_source_lines(graph, op, result);
  return result;
}

}  // namespace

Json graph_json(const Graph& graph, const std::string& name, const std::string& source) {
  validate_quantised(graph, source);
  Json document = {{"format", kFormat}, {"format_version", kVersion}, {"name", name}};
  Json& tensors = document["tensors"] = Json::array();
  for (std::size_t t = 0; t < graph.tensors.size(); ++t) tensors.push_back(tensor_json(graph, t));
  document["input"] = graph.input;
  Json& outputs = document["outputs"] = Json::array({graph.output});
  for (const std::int32_t t : graph.more_outputs) outputs.push_back(t);
  Json& operators = document["operators"] = Json::array();
  for (std::size_t i = 0; i < graph.ops.size(); ++i) operators.push_back(op_json(graph, i));
  return document;
}

}  // namespace tinynas
