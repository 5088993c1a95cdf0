#include "int8/op_arithmetic.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace tinynas {
namespace {

bool is_scale(double scale) { return std::isfinite(scale) && scale > 0; }

bool has_weights(OpKind kind) {
  return kind == OpKind::kConv2d || kind == OpKind::kDepthwiseConv2d ||
         kind == OpKind::kFullyConnected;
}

bool same_quantisation(const Tensor& a, const Tensor& b) {
  return a.scale == b.scale && a.zero_point == b.zero_point;
}

std::optional<std::string> weights_fault(const Graph& graph, const Op& op) {
  const OpConstants& constants = graph.constants_of(op);
  const auto channels = static_cast<std::size_t>(op_bias_count(graph, op));
  if (static_cast<std::int64_t>(constants.weights.size()) != op_weight_bytes(graph, op)) {
    return "its weights are not there";
  }
  const std::size_t scales = constants.weight_scales.size();
  if (scales != 1 && scales != channels) {
    return "it has " + std::to_string(scales) + " weight scales for " + std::to_string(channels) +
           " channels";
  }
  if (!std::all_of(constants.weight_scales.begin(), constants.weight_scales.end(), is_scale)) {
    return "a weight scale is not a positive number";
  }
  if (constants.weight_zero_point != 0) return "its weights are not symmetric";
  if (!constants.bias.empty() && constants.bias.size() != channels) {
    return "it has " + std::to_string(constants.bias.size()) + " biases for " +
           std::to_string(channels) + " channels";
  }
  return std::nullopt;
}

std::optional<std::string> tensor_fault(const Tensor& tensor, const char* which) {
  if (tensor.dtype == DType::kFloat32) return std::nullopt;
  if (!is_scale(tensor.scale)) return std::string("its ") + which + " has no scale";
  const std::int32_t low = tensor.dtype == DType::kUInt8 ? 0 : -128;
  if (tensor.zero_point < low || tensor.zero_point > low + 255) {
    return std::string("its ") + which + " has the zero point " + std::to_string(tensor.zero_point);
  }
  return std::nullopt;
}

std::optional<std::string> output_fault(const Graph& graph, const Op& op) {
  const Tensor& in = graph.tensors[graph.inputs(op)[0]];
  const Tensor& out = graph.tensors[op.output];
  const OpConstants& constants = graph.constants_of(op);
  switch (op.kind) {
    case OpKind::kAveragePool2d:
    case OpKind::kMaxPool2d:
    case OpKind::kConcat:
    case OpKind::kPad:
    case OpKind::kReshape:
    case OpKind::kTranspose:
    case OpKind::kResizeNearest:
      for (const std::int32_t t : graph.inputs(op)) {
        if (!same_quantisation(graph.tensors[t], out)) {
          return "its output is quantised otherwise than its input";
        }
      }
      break;
    case OpKind::kSoftmax:
    case OpKind::kLogistic:
      if (out.scale != 1.0F / 256 || out.zero_point != -128) {
        return "its output is not quantised with scale 1/256 and zero point -128";
      }
      if (op.kind == OpKind::kSoftmax && !is_scale(constants.beta))
        return "its beta is not positive";
      if (in.scale * constants.beta < 1e-6F) return "its input has a scale below 1e-6";
      break;
    default:
      break;
  }
  if (op.kind == OpKind::kTranspose) {
    auto axes = constants.permutation;
    std::sort(axes.begin(), axes.end());
    if (axes != std::array<std::int8_t, 3>{0, 1, 2}) return "it moves the batch";
    const std::array<std::int32_t, 3> from = {in.shape.h, in.shape.w, in.shape.c};
    const std::array<std::int32_t, 3> to = {out.shape.h, out.shape.w, out.shape.c};
    for (std::size_t i = 0; i < 3; ++i) {
      if (to[i] != from[static_cast<std::size_t>(constants.permutation[i])]) {
        return "its output has not the shape of its permutation";
      }
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> find_quantisation_fault(const Graph& graph, std::size_t op_index) {
  const Op& op = graph.ops[op_index];
  if (graph.constants == nullptr || op.constants < 0) return "the graph has no weights";
  for (const std::int32_t t : graph.inputs(op)) {
    if (auto fault = tensor_fault(graph.tensors[t], "input")) return fault;
  }
  if (auto fault = tensor_fault(graph.tensors[op.output], "output")) return fault;
  const OpConstants& constants = graph.constants_of(op);
  if (has_weights(op.kind)) {
    if (auto fault = weights_fault(graph, op)) return fault;
  }
  if (op.constant_bytes > 0 &&
      (static_cast<std::int64_t>(constants.weights.size()) != op.constant_bytes ||
       constants.weight_scales.size() != 1 || !is_scale(constants.weight_scales[0]))) {
    return "its constant has no scale";
  }
  if (constants.output_min > constants.output_max) return "its activation leaves no value";
  return output_fault(graph, op);
}

Quantisation operand_quantisation(const Graph& graph, const Op& op, std::int32_t position) {
  if (position < op.input_count) {
    const Tensor& tensor = graph.tensors[graph.inputs(op)[static_cast<std::size_t>(position)]];
    return {tensor.scale, tensor.zero_point};
  }
  const OpConstants& constants = graph.constants_of(op);
  return {constants.weight_scales[0], constants.weight_zero_point};
}

std::vector<Requantizer> output_requantizers(const Graph& graph, const Op& op) {
  const double in = operand_quantisation(graph, op, 0).scale;
  const double out = graph.tensors[op.output].scale;
  if (op.kind == OpKind::kMul) {
    return {make_requantizer(in * operand_quantisation(graph, op, 1).scale / out)};
  }
  // The reference computes with floats in some places.
  if (op.kind == OpKind::kRelu) {
    return {make_requantizer(static_cast<float>(in) / static_cast<float>(out))};
  }
  if (!has_weights(op.kind)) return {make_requantizer(in / out)};
  const std::vector<float>& scales = graph.constants_of(op).weight_scales;
  if (op.kind == OpKind::kFullyConnected && scales.size() == 1) {
    const float product = static_cast<float>(in) * scales[0];
    return {make_requantizer(static_cast<double>(product) / out)};
  }
  const auto channels = static_cast<std::size_t>(op_bias_count(graph, op));
  std::vector<Requantizer> result(channels);
  for (std::size_t c = 0; c < channels; ++c) {
    const double weight = scales[scales.size() == 1 ? 0 : c];
    result[c] = make_requantizer(in * weight / out);
  }
  return result;
}

AddArithmetic add_arithmetic(const Graph& graph, const Op& op) {
  AddArithmetic result;
  const Quantisation a = operand_quantisation(graph, op, 0);
  const Quantisation b = operand_quantisation(graph, op, 1);
  const double twice_largest = 2 * std::max(a.scale, b.scale);
  const double out = graph.tensors[op.output].scale;
  result.inputs = {make_requantizer(a.scale / twice_largest),
                   make_requantizer(b.scale / twice_largest)};
  result.output = make_requantizer(twice_largest / ((1 << kAddShift) * out));
  result.zero_points = {a.zero_point, b.zero_point};
  return result;
}

std::int64_t mean_count(const Graph& graph, const Op& op) {
  return graph.in_shape(op).elements() / graph.out_shape(op).elements();
}

Requantizer mean_requantizer(const Graph& graph, const Op& op, std::int64_t count) {
  const double in = operand_quantisation(graph, op, 0).scale;
  Requantizer result = make_requantizer(in / graph.tensors[op.output].scale);
  // The multiplier is divided by the count once more bits stand before it.
  std::int32_t shift = 63 - std::countl_zero(static_cast<std::uint64_t>(count));
  shift = std::min({shift, 32, 31 + result.shift});
  result.multiplier =
      static_cast<std::int32_t>((static_cast<std::int64_t>(result.multiplier) << shift) / count);
  result.shift -= shift;
  return result;
}

std::int32_t nearest_input(std::int32_t at, std::int32_t in, std::int32_t out,
                           const OpConstants& constants) {
  const bool corners = constants.align_corners && out > 1;
  const float scale = corners ? static_cast<float>(in - 1) / static_cast<float>(out - 1)
                              : static_cast<float>(in) / static_cast<float>(out);
  const float offset = constants.half_pixel_centers ? 0.5F : 0.0F;
  const float position = (static_cast<float>(at) + offset) * scale;
  const auto row = static_cast<std::int32_t>(constants.align_corners ? std::round(position)
                                                                     : std::floor(position));
  return std::clamp(row, 0, in - 1);
}

}  // namespace tinynas
