#include <algorithm>
#include <memory>

#include "int8/kernels.h"
#include "int8/op_arithmetic.h"

namespace tinynas {
namespace {

/// How often the second operand is repeated: its index is i % period.
struct Operands {
  std::vector<std::int8_t> constant;  ///< empty: the second input
  std::int64_t elements = 0, period = 0;

  const std::int8_t* second(std::span<const std::int8_t* const> inputs) const {
    return constant.empty() ? inputs[1] : constant.data();
  }
};

Operands operands_of(const Graph& graph, const Op& op) {
  Operands result;
  result.elements = graph.out_shape(op).elements();
  if (op.input_count == 1) {
    result.constant = graph.constants_of(op).weights;
    result.period = static_cast<std::int64_t>(result.constant.size());
  } else {
    result.period = graph.tensors[graph.inputs(op)[1]].shape.elements();
  }
  return result;
}

struct OutputRange {
  std::int32_t zero = 0, low = -128, high = 127;
  std::int8_t operator()(std::int32_t value) const {
    return clamp_to_int8(value + zero, low, high);
  }
};

OutputRange range_of(const Graph& graph, const Op& op) {
  const OpConstants& constants = graph.constants_of(op);
  return {graph.tensors[op.output].zero_point, constants.output_min, constants.output_max};
}

Kernel make_add(const Graph& graph, const Op& op) {
  const AddArithmetic by = add_arithmetic(graph, op);
  return [by, operands = operands_of(graph, op), range = range_of(graph, op)](
             std::span<const std::int8_t* const> inputs, std::int8_t* output, KernelWorkspace&) {
    const std::int8_t* other = operands.second(inputs);
    for (std::int64_t i = 0; i < operands.elements; ++i) {
      const std::int32_t a = (inputs[0][i] - by.zero_points[0]) * (1 << kAddShift);
      const std::int32_t b = (other[i % operands.period] - by.zero_points[1]) * (1 << kAddShift);
      output[i] =
          range(requantize(requantize(a, by.inputs[0]) + requantize(b, by.inputs[1]), by.output));
    }
  };
}

Kernel make_mul(const Graph& graph, const Op& op) {
  const Requantizer by = output_requantizers(graph, op)[0];
  const std::int32_t zero = operand_quantisation(graph, op, 0).zero_point;
  const std::int32_t other_zero = operand_quantisation(graph, op, 1).zero_point;
  return [=, operands = operands_of(graph, op), range = range_of(graph, op)](
             std::span<const std::int8_t* const> inputs, std::int8_t* output, KernelWorkspace&) {
    const std::int8_t* other = operands.second(inputs);
    for (std::int64_t i = 0; i < operands.elements; ++i) {
      const std::int32_t product =
          (inputs[0][i] - zero) * (other[i % operands.period] - other_zero);
      output[i] = range(requantize(product, by));
    }
  };
}

/// Any function of one int8 value.
Kernel make_lookup(const std::array<std::int8_t, 256>& table, std::int64_t elements) {
  return [table, elements](std::span<const std::int8_t* const> inputs, std::int8_t* output,
                           KernelWorkspace&) {
    for (std::int64_t i = 0; i < elements; ++i) {
      output[i] = table[static_cast<std::size_t>(inputs[0][i] + 128)];
    }
  };
}

Kernel make_relu(const Graph& graph, const Op& op) {
  const Requantizer by = output_requantizers(graph, op)[0];
  const std::int32_t zero = operand_quantisation(graph, op, 0).zero_point;
  const OutputRange range = range_of(graph, op);
  std::array<std::int8_t, 256> table{};
  for (std::int32_t q = -128; q < 128; ++q) {
    table[static_cast<std::size_t>(q + 128)] = range(requantize(q - zero, by));
  }
  return make_lookup(table, graph.out_shape(op).elements());
}

void softmax_pixel(const SoftmaxTable& table, std::int32_t channels, const std::int8_t* input,
                   std::int8_t* output) {
  const std::int8_t largest = *std::max_element(input, input + channels);
  std::uint32_t sum = 0;
  for (std::int32_t c = 0; c < channels; ++c) {
    const std::int32_t below = largest - input[c];
    if (below >= table.first_left_out) continue;
    const std::int32_t exponential = table.exponentials[static_cast<std::size_t>(below)];
    sum += static_cast<std::uint32_t>(rounding_divide_by_power(exponential, 12));
  }
  const SoftmaxReciprocal by = softmax_reciprocal(static_cast<std::int32_t>(sum));
  for (std::int32_t c = 0; c < channels; ++c) {
    const std::int32_t below = largest - input[c];
    output[c] = -128;
    if (below >= table.first_left_out) continue;
    const std::int32_t exponential = table.exponentials[static_cast<std::size_t>(below)];
    const std::int32_t share =
        rounding_divide_by_power(doubling_high_multiply(by.scale, exponential), by.shift + 31 - 8);
    output[c] = clamp_to_int8(share - 128, -128, 127);
  }
}

Kernel make_softmax(const Graph& graph, const Op& op) {
  auto table = std::make_shared<SoftmaxTable>(
      softmax_table(graph.tensors[graph.inputs(op)[0]], graph.constants_of(op).beta));
  const Shape shape = graph.out_shape(op);
  return [table, shape](std::span<const std::int8_t* const> inputs, std::int8_t* output,
                        KernelWorkspace&) {
    const std::int64_t pixels = std::int64_t{shape.h} * shape.w;
    for (std::int64_t p = 0; p < pixels; ++p) {
      softmax_pixel(*table, shape.c, inputs[0] + p * shape.c, output + p * shape.c);
    }
  };
}

}  // namespace

Kernel make_elementwise(const Graph& graph, const Op& op) {
  switch (op.kind) {
    case OpKind::kAdd:
      return make_add(graph, op);
    case OpKind::kMul:
      return make_mul(graph, op);
    case OpKind::kRelu:
      return make_relu(graph, op);
    case OpKind::kLogistic:
      return make_lookup(logistic_table(graph.tensors[graph.inputs(op)[0]]),
                         graph.out_shape(op).elements());
    default:
      return make_softmax(graph, op);
  }
}

}  // namespace tinynas
