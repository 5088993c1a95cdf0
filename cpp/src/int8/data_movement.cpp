#include <algorithm>
#include <cmath>
#include <cstring>

#include "int8/kernels.h"
#include "int8/op_arithmetic.h"

namespace tinynas {
namespace {

Kernel make_pad(const Graph& graph, const Op& op) {
  const auto zero = static_cast<std::int8_t>(graph.tensors[op.output].zero_point);
  return [op, zero, in = graph.in_shape(op), out = graph.out_shape(op)](
             std::span<const std::int8_t* const> inputs, std::int8_t* output, KernelWorkspace&) {
    std::fill_n(output, out.elements(), zero);
    for (std::int32_t y = 0; y < in.h; ++y) {
      const std::int64_t at = (std::int64_t{y + op.pad_top} * out.w + op.pad_left) * out.c;
      std::copy_n(inputs[0] + std::int64_t{y} * in.w * in.c, std::int64_t{in.w} * in.c,
                  output + at);
    }
  };
}

Kernel make_concat(const Graph& graph, const Op& op) {
  const Shape& out = graph.out_shape(op);
  const std::int64_t outer = op.axis == 0 ? 1 : op.axis == 1 ? out.h : std::int64_t{out.h} * out.w;
  std::vector<std::int64_t> runs;
  for (const std::int32_t t : graph.inputs(op)) {
    runs.push_back(graph.tensors[t].shape.elements() / outer);
  }
  return [outer, runs](std::span<const std::int8_t* const> inputs, std::int8_t* output,
                       KernelWorkspace&) {
    for (std::int64_t o = 0; o < outer; ++o) {
      for (std::size_t i = 0; i < runs.size(); ++i) {
        output = std::copy_n(inputs[i] + o * runs[i], runs[i], output);
      }
    }
  };
}

Kernel make_transpose(const Graph& graph, const Op& op) {
  const Shape& in = graph.in_shape(op);
  const std::array<std::int64_t, 3> strides = {std::int64_t{in.w} * in.c, in.c, 1};
  const auto& axes = graph.constants_of(op).permutation;
  const std::array<std::int64_t, 3> step = {strides[static_cast<std::size_t>(axes[0])],
                                            strides[static_cast<std::size_t>(axes[1])],
                                            strides[static_cast<std::size_t>(axes[2])]};
  return [step, out = graph.out_shape(op)](std::span<const std::int8_t* const> inputs,
                                           std::int8_t* output, KernelWorkspace&) {
    for (std::int32_t y = 0; y < out.h; ++y) {
      for (std::int32_t x = 0; x < out.w; ++x) {
        for (std::int32_t c = 0; c < out.c; ++c) {
          *output++ = inputs[0][y * step[0] + x * step[1] + c * step[2]];
        }
      }
    }
  };
}

Kernel make_resize(const Graph& graph, const Op& op) {
  const Shape& in = graph.in_shape(op);
  const Shape& out = graph.out_shape(op);
  std::vector<std::int32_t> rows, columns;
  for (std::int32_t y = 0; y < out.h; ++y) {
    rows.push_back(nearest_input(y, in.h, out.h, graph.constants_of(op)));
  }
  for (std::int32_t x = 0; x < out.w; ++x) {
    columns.push_back(nearest_input(x, in.w, out.w, graph.constants_of(op)));
  }
  return [rows, columns, in](std::span<const std::int8_t* const> inputs, std::int8_t* output,
                             KernelWorkspace&) {
    for (const std::int32_t y : rows) {
      for (const std::int32_t x : columns) {
        output = std::copy_n(inputs[0] + (std::int64_t{y} * in.w + x) * in.c, in.c, output);
      }
    }
  };
}

Kernel make_copy(std::int64_t bytes) {
  return [bytes](std::span<const std::int8_t* const> inputs, std::int8_t* output,
                 KernelWorkspace&) { std::copy_n(inputs[0], bytes, output); };
}

}  // namespace

Kernel make_data_movement(const Graph& graph, const Op& op) {
  switch (op.kind) {
    case OpKind::kPad:
      return make_pad(graph, op);
    case OpKind::kConcat:
      return make_concat(graph, op);
    case OpKind::kTranspose:
      return make_transpose(graph, op);
    case OpKind::kResizeNearest:
      return make_resize(graph, op);
    default:
      return make_copy(graph.tensors[op.output].bytes());
  }
}

Kernel make_conversion(const Graph& graph, const Op& op) {
  const Tensor in = graph.tensors[graph.inputs(op)[0]], out = graph.tensors[op.output];
  const std::int64_t elements = out.shape.elements();
  const auto integer_at = [in](const std::int8_t* data, std::int64_t i) -> std::int32_t {
    return in.dtype == DType::kUInt8 ? static_cast<std::uint8_t>(data[i]) : data[i];
  };
  if (op.kind == OpKind::kDequantize) {
    return [=](std::span<const std::int8_t* const> inputs, std::int8_t* output, KernelWorkspace&) {
      for (std::int64_t i = 0; i < elements; ++i) {
        const float value = in.scale * static_cast<float>(integer_at(inputs[0], i) - in.zero_point);
        std::memcpy(output + 4 * i, &value, sizeof value);
      }
    };
  }
  const std::int32_t low = out.dtype == DType::kUInt8 ? 0 : -128;
  if (in.dtype == DType::kFloat32) {
    return [=](std::span<const std::int8_t* const> inputs, std::int8_t* output, KernelWorkspace&) {
      for (std::int64_t i = 0; i < elements; ++i) {
        float value = 0;
        std::memcpy(&value, inputs[0] + 4 * i, sizeof value);
        const double steps = std::round(value / out.scale) + static_cast<double>(out.zero_point);
        output[i] = static_cast<std::int8_t>(
            static_cast<std::int32_t>(std::clamp<double>(steps, low, low + 255)));
      }
    };
  }
  const Requantizer by = output_requantizers(graph, op)[0];
  return [=](std::span<const std::int8_t* const> inputs, std::int8_t* output, KernelWorkspace&) {
    for (std::int64_t i = 0; i < elements; ++i) {
      const std::int32_t value = requantize(integer_at(inputs[0], i) - in.zero_point, by);
      output[i] = clamp_to_int8(value + out.zero_point, low, low + 255);
    }
  };
}

}  // namespace tinynas
