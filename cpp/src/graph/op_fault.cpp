#include "graph/op_fault.h"

namespace tinynas {
namespace {

std::string to_text(const Shape& shape) {
  return "[" + std::to_string(shape.h) + ", " + std::to_string(shape.w) + ", " +
         std::to_string(shape.c) + "]";
}

bool sane(const Shape& shape) {
  // The factors are bounded one after another, so that the product cannot overflow.
  return shape.h >= 1 && shape.w >= 1 && shape.c >= 1 &&
         std::int64_t{shape.h} * shape.w <= kMaxTensorBytes &&
         std::int64_t{shape.h} * shape.w <= kMaxTensorBytes / shape.c;
}

/// Whether `out` follows from `in` on one axis: equal padding on both sides, or SAME (the output is
/// the input over the stride, and an odd row of padding goes to the end).
bool axis_fits(std::int32_t in, std::int32_t out, int kernel, int stride, int pad) {
  if (in + 2 * pad >= kernel && out == (in + 2 * pad - kernel) / stride + 1) return true;
  const int same_out = (in + stride - 1) / stride;
  const int total = std::max((same_out - 1) * stride + kernel - in, 0);
  return out == same_out && pad == total / 2;
}

std::optional<OpFault> window_fault(const Op& op, const Shape& in, const Shape& out) {
  if (op.kernel_h < 1 || op.kernel_w < 1) return OpFault{"k", "the kernel must be at least 1"};
  if (op.stride < 1) return OpFault{"stride", "the stride must be at least 1"};
  if (op.pad_top < 0 || op.pad_left < 0 || op.pad_top >= op.kernel_h ||
      op.pad_left >= op.kernel_w) {
    return OpFault{"pad", "the padding must be at least 0 and less than the kernel"};
  }
  if (!axis_fits(in.h, out.h, op.kernel_h, op.stride, op.pad_top) ||
      !axis_fits(in.w, out.w, op.kernel_w, op.stride, op.pad_left)) {
    return OpFault{"out", "the output " + to_text(out) + " does not follow from the input " +
                              to_text(in) + " with kernel " + std::to_string(op.kernel_h) + "x" +
                              std::to_string(op.kernel_w) + ", stride " +
                              std::to_string(op.stride) + " and padding " +
                              std::to_string(op.pad_top)};
  }
  return std::nullopt;
}

std::optional<OpFault> channel_fault(const Op& op, const Shape& in, const Shape& out) {
  if (op.kind == OpKind::kDepthwiseConv2d && out.c % in.c != 0) {
    return OpFault{"out", "a depthwise convolution needs a multiple of its " +
                              std::to_string(in.c) + " input channels, not " +
                              std::to_string(out.c)};
  }
  if (op.kind == OpKind::kAveragePool2d && out.c != in.c) {
    return OpFault{"out", "pooling keeps its " + std::to_string(in.c) + " channels, not " +
                              std::to_string(out.c)};
  }
  return std::nullopt;
}

}  // namespace

std::optional<OpFault> find_op_fault(const Graph& graph, std::size_t op_index) {
  const Op& op = graph.ops[op_index];
  const std::int32_t arity = op.kind == OpKind::kAdd ? 2 : 1;
  if (op.input_count != arity) {
    return OpFault{"inputs", std::string(op_kind_name(op.kind)) + " needs " +
                                 std::to_string(arity) + " input" + (arity > 1 ? "s" : "") +
                                 ", not " + std::to_string(op.input_count)};
  }
  const Shape& in = graph.in_shape(op);
  const Shape& out = graph.out_shape(op);
  if (!sane(in)) return OpFault{"in", "the shape " + to_text(in) + " is empty or over 64 MiB"};
  if (!sane(out)) return OpFault{"out", "the shape " + to_text(out) + " is empty or over 64 MiB"};
  if (op.kind == OpKind::kAdd) {
    const Shape& other = graph.tensors[graph.inputs(op)[1]].shape;
    if (!(in == other)) {
      return OpFault{"inputs", "the inputs of add have the shapes " + to_text(in) + " and " +
                                   to_text(other) + ", which must be equal"};
    }
    if (!(in == out)) {
      return OpFault{"out", "the output " + to_text(out) + " of add must have the shape " +
                                to_text(in) + " of its inputs"};
    }
    return std::nullopt;
  }
  if (auto fault = window_fault(op, in, out)) return fault;
  if (auto fault = channel_fault(op, in, out)) return fault;
  if (op_weight_bytes(graph, op) > kMaxWeightBytes) {
    return OpFault{"k", "the weights take more than 256 MiB"};
  }
  if (op_macs(graph, op) > kMaxOpMacs) {
    return OpFault{"out", "more than 2^48 multiply-accumulates"};
  }
  return std::nullopt;
}

}  // namespace tinynas
