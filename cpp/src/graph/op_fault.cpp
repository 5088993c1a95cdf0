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

/// Whether each window meets the input and no whole stride at its end is left unread.
bool axis_fits(std::int32_t in, std::int32_t out, int kernel, int stride, int pad) {
  const std::int64_t end = (std::int64_t{out} - 1) * stride + kernel - in - pad;
  return end < kernel && (end > -stride || out == 1);
}

std::string window_text(const Op& op) {
  return "kernel " + std::to_string(op.kernel_h) + "x" + std::to_string(op.kernel_w) + ", stride " +
         std::to_string(op.stride_h) +
         (op.stride_w == op.stride_h ? "" : "x" + std::to_string(op.stride_w)) + " and padding " +
         std::to_string(op.pad_top);
}

/// A mean takes the whole of an axis or nothing of it.
std::optional<OpFault> mean_fault(const Op& op, const Shape& in, const Shape& out) {
  const bool rows = op.kernel_h == in.h && out.h == 1;
  const bool columns = op.kernel_w == in.w && out.w == 1;
  if ((rows || (op.kernel_h == 1 && out.h == in.h)) &&
      (columns || (op.kernel_w == 1 && out.w == in.w))) {
    return std::nullopt;
  }
  return OpFault{"k", "a mean is over whole rows, whole columns or the whole map"};
}

std::optional<OpFault> window_fault(const Op& op, const Shape& in, const Shape& out) {
  if (op.kernel_h < 1 || op.kernel_w < 1) return OpFault{"k", "the kernel must be at least 1"};
  if (op.stride_h < 1 || op.stride_w < 1) {
    return OpFault{"stride", "the stride must be at least 1"};
  }
  if (op.pad_top < 0 || op.pad_left < 0 || op.pad_top >= op.kernel_h ||
      op.pad_left >= op.kernel_w) {
    return OpFault{"pad", "the padding must be at least 0 and less than the kernel"};
  }
  if (!axis_fits(in.h, out.h, op.kernel_h, op.stride_h, op.pad_top) ||
      !axis_fits(in.w, out.w, op.kernel_w, op.stride_w, op.pad_left)) {
    return output_does_not_follow(op, in, out);
  }
  return op.kind == OpKind::kMean ? mean_fault(op, in, out) : std::nullopt;
}

std::optional<OpFault> channel_fault(const Op& op, const Shape& in, const Shape& out) {
  if (op.kind == OpKind::kDepthwiseConv2d && out.c % in.c != 0) {
    return OpFault{"out", "a depthwise convolution needs a multiple of its " +
                              std::to_string(in.c) + " input channels, not " +
                              std::to_string(out.c)};
  }
  if (op.kind != OpKind::kConv2d && op.kind != OpKind::kDepthwiseConv2d && out.c != in.c) {
    return OpFault{"out", "pooling keeps its " + std::to_string(in.c) + " channels, not " +
                              std::to_string(out.c)};
  }
  return std::nullopt;
}

std::optional<OpFault> equal_shape_fault(const Op& op, const Shape& in, const Shape& out) {
  if (in == out) return std::nullopt;
  return OpFault{"out", "the output " + to_text(out) + " of " + op_kind_name(op.kind) +
                            " must have the shape " + to_text(in) + " of its input"};
}

/// add and mul with a constant in flash.
std::optional<OpFault> constant_fault(const Op& op, const Shape& in, const Shape& out) {
  const std::int64_t bytes = op.constant_bytes;
  if (bytes == 1 || bytes == in.c || bytes == in.elements()) return equal_shape_fault(op, in, out);
  return OpFault{"inputs", std::string("the constant of ") + op_kind_name(op.kind) + " has " +
                               std::to_string(bytes) + " values for an input of the shape " +
                               to_text(in)};
}

/// add and mul, whose second input may be one pixel for mul.
std::optional<OpFault> pair_fault(const Op& op, const Shape& in, const Shape& other,
                                  const Shape& out) {
  const bool pixel = op.kind == OpKind::kMul && other == Shape{1, 1, in.c};
  if (!(in == other) && !pixel) {
    return OpFault{"inputs", std::string("the inputs of ") + op_kind_name(op.kind) +
                                 " have the shapes " + to_text(in) + " and " + to_text(other) +
                                 ", which must be equal"};
  }
  return equal_shape_fault(op, in, out);
}

std::int32_t& axis_of(Shape& shape, int axis) {
  return axis == 0 ? shape.h : axis == 1 ? shape.w : shape.c;
}

std::optional<OpFault> concat_fault(const Graph& graph, const Op& op) {
  if (op.axis < 0 || op.axis > 2) return OpFault{"axis", "the axis must be 0, 1 or 2"};
  Shape joined = graph.in_shape(op);
  std::int64_t length = 0;
  for (const std::int32_t t : graph.inputs(op)) {
    Shape shape = graph.tensors[t].shape;
    if (!sane(shape))
      return OpFault{"in", "the shape " + to_text(shape) + " is empty or over 64 MiB"};
    length += axis_of(shape, op.axis);
    axis_of(shape, op.axis) = axis_of(joined, op.axis);
    if (!(shape == joined)) {
      return OpFault{"inputs", "the inputs of concat differ on another axis than the joined one"};
    }
  }
  Shape out = graph.out_shape(op);
  if (axis_of(out, op.axis) != length) {
    return OpFault{"out", "the output " + to_text(out) + " is not as long as the inputs together"};
  }
  axis_of(out, op.axis) = axis_of(joined, op.axis);
  return equal_shape_fault(op, joined, out);
}

std::optional<OpFault> pad_fault(const Op& op, const Shape& in, const Shape& out) {
  const bool fits = op.pad_top >= 0 && op.pad_left >= 0 && out.c == in.c &&
                    in.h + op.pad_top <= out.h && in.w + op.pad_left <= out.w;
  if (fits) return std::nullopt;
  return OpFault{"out", "the output " + to_text(out) + " does not hold the input " + to_text(in) +
                            " and its padding"};
}

std::optional<OpFault> elements_fault(const Op& op, const Shape& in, const Shape& out) {
  if (in.elements() == out.elements()) return std::nullopt;
  return OpFault{"out", "the output " + to_text(out) + " of " + op_kind_name(op.kind) +
                            " must have as many elements as its input " + to_text(in)};
}

std::optional<OpFault> mean_axis_fault(const Op& op, Shape in, const Shape& out) {
  if (op.axis < 0 || op.axis > 2) return OpFault{"axis", "the axis must be 0, 1 or 2"};
  const std::int64_t length = axis_of(in, op.axis);
  if (out.elements() * length == in.elements()) return std::nullopt;
  return OpFault{"out", "the output " + to_text(out) + " is not the input " + to_text(in) +
                            " without its axis " + std::to_string(op.axis)};
}

std::optional<OpFault> kind_fault(const Graph& graph, const Op& op) {
  const Shape& in = graph.in_shape(op);
  const Shape& out = graph.out_shape(op);
  switch (op.kind) {
    case OpKind::kConv2d:
    case OpKind::kDepthwiseConv2d:
    case OpKind::kAveragePool2d:
    case OpKind::kMaxPool2d:
    case OpKind::kMean:
      if (auto fault = window_fault(op, in, out)) return fault;
      return channel_fault(op, in, out);
    case OpKind::kMeanAxis:
      return mean_axis_fault(op, in, out);
    case OpKind::kAdd:
    case OpKind::kMul:
      if (op.input_count == 1) return constant_fault(op, in, out);
      return pair_fault(op, in, graph.tensors[graph.inputs(op)[1]].shape, out);
    case OpKind::kConcat:
      return concat_fault(graph, op);
    case OpKind::kPad:
      return pad_fault(op, in, out);
    case OpKind::kReshape:
    case OpKind::kTranspose:
      return elements_fault(op, in, out);
    case OpKind::kResizeNearest:
      if (in.c == out.c) return std::nullopt;
      return OpFault{"out", "resizing keeps its " + std::to_string(in.c) + " channels, not " +
                                std::to_string(out.c)};
    case OpKind::kFullyConnected:
      return std::nullopt;
    case OpKind::kRelu:
    case OpKind::kLogistic:
    case OpKind::kSoftmax:
    case OpKind::kQuantize:
    case OpKind::kDequantize:
      return equal_shape_fault(op, in, out);
  }
  return std::nullopt;
}

std::optional<OpFault> arity_fault(const Op& op) {
  const bool pair = op.kind == OpKind::kAdd || op.kind == OpKind::kMul;
  const std::int32_t arity = pair && op.constant_bytes == 0 ? 2 : 1;
  if (op.input_count == arity || (op.kind == OpKind::kConcat && op.input_count > 1)) {
    return std::nullopt;
  }
  return OpFault{"inputs", std::string(op_kind_name(op.kind)) + " needs " + std::to_string(arity) +
                               " input" + (arity > 1 ? "s" : "") + ", not " +
                               std::to_string(op.input_count)};
}

}  // namespace

OpFault output_does_not_follow(const Op& op, const Shape& in, const Shape& out) {
  return OpFault{"out", "the output " + to_text(out) + " does not follow from the input " +
                            to_text(in) + " with " + window_text(op)};
}

std::optional<OpFault> find_op_fault(const Graph& graph, std::size_t op_index) {
  const Op& op = graph.ops[op_index];
  if (auto fault = arity_fault(op)) return fault;
  const Shape& in = graph.in_shape(op);
  const Shape& out = graph.out_shape(op);
  if (!sane(in)) return OpFault{"in", "the shape " + to_text(in) + " is empty or over 64 MiB"};
  if (!sane(out)) return OpFault{"out", "the shape " + to_text(out) + " is empty or over 64 MiB"};
  if (auto fault = kind_fault(graph, op)) return fault;
  if (op_weight_bytes(graph, op) > kMaxWeightBytes) {
    return OpFault{"k", "the weights take more than 256 MiB"};
  }
  if (op_macs(graph, op) > kMaxOpMacs) {
    return OpFault{"out", "more than 2^48 multiply-accumulates"};
  }
  return std::nullopt;
}

}  // namespace tinynas
