#include "tinyengine/kernel_costs.h"

#include <algorithm>

namespace tinynas {
namespace {

/// The runtime pads both ends of an axis alike, with the larger of the two paddings.
std::int64_t padded(std::int32_t in, std::int32_t out, int kernel, int stride, int begin) {
  const std::int32_t end = end_padding(in, out, kernel, stride, begin);
  return std::int64_t{in} + 2 * std::max<std::int64_t>(begin, end);
}

}  // namespace

KernelScratch kernel_scratch(const Graph& graph, const Op& op) {
  const Shape& in = graph.in_shape(op);
  const Shape& out = graph.out_shape(op);
  if (op.kind == OpKind::kConv2d) {
    const std::int64_t window = std::int64_t{op.kernel_h} * op.kernel_w;
    return {4 * window * in.c, window > 1 ? 2 * window * in.c * out.c : 0};
  }
  if (op.kind == OpKind::kDepthwiseConv2d) {
    return {2 * padded(in.h, out.h, op.kernel_h, op.stride, op.pad_top) *
                padded(in.w, out.w, op.kernel_w, op.stride, op.pad_left),
            0};
  }
  return {};
}

bool kernel_runs_in_place(const Graph& graph, const Op& op) {
  return op.kind == OpKind::kDepthwiseConv2d && graph.in_shape(op).c == graph.out_shape(op).c;
}

void add_op_flash(const Graph& graph, const Op& op, std::int64_t weight_bytes,
                  FlashBreakdown& flash) {
  const std::int64_t channels = op_bias_count(graph, op);
  flash.weight_bytes += weight_bytes;
  flash.bias_bytes += 4 * channels;
  flash.quantisation_bytes += (op.kind == OpKind::kDepthwiseConv2d ? 8 : 4) * channels;
}

}  // namespace tinynas
