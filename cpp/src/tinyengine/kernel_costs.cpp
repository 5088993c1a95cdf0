#include "tinyengine/kernel_costs.h"

#include <algorithm>

#include "tinyengine/c_kernels.h"

namespace tinynas {
namespace {

/// The runtime pads both ends of an axis alike, with the larger of the two paddings.
std::int64_t padded(std::int32_t in, std::int32_t out, int kernel, int stride, int begin) {
  const std::int32_t end = end_padding(in, out, kernel, stride, begin);
  return std::int64_t{in} + 2 * std::max<std::int64_t>(begin, end);
}

}  // namespace

KernelScratch published_scratch(const Graph& graph, const Op& op) {
  const Shape& in = graph.in_shape(op);
  const Shape& out = graph.out_shape(op);
  if (op.kind == OpKind::kConv2d) {
    const std::int64_t window = std::int64_t{op.kernel_h} * op.kernel_w;
    return {4 * window * in.c, window > 1 ? 2 * window * in.c * out.c : 0};
  }
  if (op.kind == OpKind::kDepthwiseConv2d) {
    return {2 * padded(in.h, out.h, op.kernel_h, op.stride_h, op.pad_top) *
                padded(in.w, out.w, op.kernel_w, op.stride_w, op.pad_left),
            0};
  }
  return {};
}

bool kernel_runs_in_place(const Graph& graph, const Op& op) {
  return op.kind == OpKind::kDepthwiseConv2d && graph.in_shape(op).c == graph.out_shape(op).c;
}

std::int64_t row_kernel_scratch(const Graph& graph, const Op& op, std::int32_t columns) {
  const std::int64_t channels = graph.in_shape(op).c;
  switch (op.kind) {
    case OpKind::kConv2d:
      return 4 * std::int64_t{op.kernel_h} * op.kernel_w * channels;
    case OpKind::kDepthwiseConv2d:
      return (2 * std::int64_t{op.kernel_h} * (columns + 2 * op.kernel_w) + 3) & ~std::int64_t{3};
    case OpKind::kAveragePool2d:
    case OpKind::kMean:
      return 4 * channels;
    default:
      return 0;
  }
}

std::int64_t wide_row_scratch(const Graph& graph, const Op& op, std::int32_t columns) {
  if (op.kind == OpKind::kConv2d) return 0;
  return (std::int64_t{columns} * graph.out_shape(op).c + 3) & ~std::int64_t{3};
}

bool kernel_reads_wide_rows(const Graph& graph, const Op& op) {
  return op.kind == OpKind::kDepthwiseConv2d && graph.in_shape(op).c == graph.out_shape(op).c;
}

WideSlot wide_slot(const Graph& graph, const Op& reader, std::int32_t columns) {
  const std::int32_t right = end_padding(graph.in_shape(reader).w, graph.out_shape(reader).w,
                                         reader.kernel_w, reader.stride_w, reader.pad_left);
  const std::int32_t padding = std::max<std::int32_t>(reader.pad_left, right);
  const std::int64_t channels = graph.in_shape(reader).c;
  WideSlot slot;
  slot.gap = padding + padding % 2;
  slot.pitch = columns + columns % 2 + slot.gap;
  // The last four outputs may be less, and see columns beyond the last window.
  std::int64_t beyond = 0;
  if (has_square_kernel(graph, reader)) beyond = reader.stride_w == 1 ? 4 : 8;
  slot.bytes = 2 * (slot.gap + channels * slot.pitch + beyond);
  return slot;
}

std::int64_t widened_per_row(const Graph& graph, const Op& op, std::int64_t columns) {
  if (op.kind != OpKind::kDepthwiseConv2d) return 0;
  return op.kernel_h * columns * graph.in_shape(op).c;
}

void add_op_flash(const Graph& graph, const Op& op, const RuntimeModel& runtime,
                  FlashBreakdown& flash) {
  const std::int64_t channels = op_bias_count(graph, op);
  flash.weight_bytes += op_weight_bytes(graph, op);
  flash.bias_bytes += 4 * channels;
  if (runtime.rules == RuntimeRules::kTinyEngine) {
    flash.quantisation_bytes += (op.kind == OpKind::kDepthwiseConv2d ? 8 : 4) * channels;
  } else {
    flash.quantisation_bytes += 4 * channels + ((channels + 3) & ~std::int64_t{3});
  }
}

std::int64_t fixed_quantisation_bytes(const RuntimeModel& runtime) {
  return runtime.rules == RuntimeRules::kTinyEngine ? 4 : 0;
}

}  // namespace tinynas
