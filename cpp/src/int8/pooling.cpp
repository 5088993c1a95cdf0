#include <algorithm>
#include <limits>

#include "int8/kernels.h"
#include "int8/op_arithmetic.h"

namespace tinynas {
namespace {

/// Calls `visit(pixel)` for each pixel of the window of output (y, x) that lies in the map.
template <typename Visit>
void for_window(const Op& op, const Shape& in, const std::int8_t* input, std::int32_t y,
                std::int32_t x, const Visit& visit) {
  const std::int32_t top = y * op.stride_h - op.pad_top, left = x * op.stride_w - op.pad_left;
  for (std::int32_t row = std::max(top, 0); row < std::min(top + op.kernel_h, in.h); ++row) {
    for (std::int32_t at = std::max(left, 0); at < std::min(left + op.kernel_w, in.w); ++at) {
      visit(input + (std::int64_t{row} * in.w + at) * in.c);
    }
  }
}

/// Halves away from zero, as the reference divides.
std::int32_t rounded_quotient(std::int32_t sum, std::int32_t count) {
  return sum > 0 ? (sum + count / 2) / count : (sum - count / 2) / count;
}

void sum_window(const Op& op, const Shape& in, const std::int8_t* input, std::int32_t y,
                std::int32_t x, std::vector<std::int32_t>& sums, std::int32_t& count) {
  sums.assign(static_cast<std::size_t>(in.c), 0);
  count = 0;
  for_window(op, in, input, y, x, [&](const std::int8_t* pixel) {
    for (std::int32_t c = 0; c < in.c; ++c) sums[static_cast<std::size_t>(c)] += pixel[c];
    ++count;
  });
}

Kernel make_average(const Graph& graph, const Op& op) {
  const OpConstants& constants = graph.constants_of(op);
  return [op, in = graph.in_shape(op), out = graph.out_shape(op), low = constants.output_min,
          high = constants.output_max](std::span<const std::int8_t* const> inputs,
                                       std::int8_t* output, KernelWorkspace& workspace) {
    for (std::int32_t y = 0; y < out.h; ++y) {
      for (std::int32_t x = 0; x < out.w; ++x) {
        std::int32_t count = 0;
        sum_window(op, in, inputs[0], y, x, workspace.sums, count);
        for (const std::int32_t sum : workspace.sums) {
          *output++ = clamp_to_int8(rounded_quotient(sum, count), low, high);
        }
      }
    }
  };
}

Kernel make_max(const Graph& graph, const Op& op) {
  const OpConstants& constants = graph.constants_of(op);
  return [op, in = graph.in_shape(op), out = graph.out_shape(op), low = constants.output_min,
          high = constants.output_max](std::span<const std::int8_t* const> inputs,
                                       std::int8_t* output, KernelWorkspace&) {
    for (std::int32_t y = 0; y < out.h; ++y) {
      for (std::int32_t x = 0; x < out.w; ++x, output += out.c) {
        std::fill_n(output, out.c, std::int8_t{-128});
        for_window(op, in, inputs[0], y, x, [&](const std::int8_t* pixel) {
          for (std::int32_t c = 0; c < out.c; ++c) output[c] = std::max(output[c], pixel[c]);
        });
        for (std::int32_t c = 0; c < out.c; ++c) output[c] = clamp_to_int8(output[c], low, high);
      }
    }
  };
}

/// A mean's input is [outer][count][inner] for one axis and for rows with columns alike, or, for
/// columns with rows kept, a run of such.
struct MeanLayout {
  std::int64_t outer = 1, count = 1, inner = 1;
};

MeanLayout mean_layout(const Graph& graph, const Op& op) {
  const Shape& in = graph.in_shape(op);
  if (op.kind == OpKind::kMeanAxis) {
    if (op.axis == 0) return {1, in.h, std::int64_t{in.w} * in.c};
    if (op.axis == 1) return {in.h, in.w, in.c};
    return {std::int64_t{in.h} * in.w, in.c, 1};
  }
  const bool rows = op.kernel_h == in.h, columns = op.kernel_w == in.w;
  if (rows && columns) return {1, std::int64_t{in.h} * in.w, in.c};
  if (rows) return {1, in.h, std::int64_t{in.w} * in.c};
  if (columns) return {in.h, in.w, in.c};
  return {in.elements(), 1, 1};
}

Kernel make_mean(const Graph& graph, const Op& op) {
  const MeanLayout layout = mean_layout(graph, op);
  const Requantizer by = mean_requantizer(graph, op, layout.count);
  const std::int32_t zero = operand_quantisation(graph, op, 0).zero_point;
  const std::int32_t output_zero = graph.tensors[op.output].zero_point;
  return [=](std::span<const std::int8_t* const> inputs, std::int8_t* output, KernelWorkspace&) {
    for (std::int64_t o = 0; o < layout.outer; ++o) {
      const std::int8_t* input = inputs[0] + o * layout.count * layout.inner;
      for (std::int64_t i = 0; i < layout.inner; ++i) {
        std::int32_t sum = 0;
        for (std::int64_t k = 0; k < layout.count; ++k) sum += input[k * layout.inner + i] - zero;
        *output++ = clamp_to_int8(requantize(sum, by) + output_zero, -128, 127);
      }
    }
  };
}

}  // namespace

Kernel make_pooling(const Graph& graph, const Op& op) {
  switch (op.kind) {
    case OpKind::kAveragePool2d:
      return make_average(graph, op);
    case OpKind::kMaxPool2d:
      return make_max(graph, op);
    default:
      return make_mean(graph, op);
  }
}

}  // namespace tinynas
