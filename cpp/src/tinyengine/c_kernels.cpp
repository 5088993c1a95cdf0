#include "tinyengine/c_kernels.h"

#include <cstdlib>

namespace tinynas {
namespace {

enum Kernel : int {
  kNone = -1,
  kConv2d1x1,
  kConv2d,
  kDepthwise,
  kDepthwise3x3,
  kDepthwise5x5,
  kDepthwise7x7,
  kAveragePool,
  kAveragePoolSums,
  kMean,
  kMeanSums,
  kMaxPool,
  kAdd,
  kMul,
  kLookUp,
  kSoftmax,
  kConcatChannels,
  kJoinRuns,
  kFullyConnected,
  kMeanOfAxis,
  kPad,
  kCopy,
  kTranspose,
  kResize,
  kConv2d1x1Wide,
  kConv2dWide,
  kDepthwiseWide,
  kDepthwiseWide3x3,
  kDepthwiseWide5x5,
  kDepthwiseWide7x7,
  kTurnRow,
  kTurnRowSums
};

/// In the order of Kernel.
std::vector<CKernel> all_kernels() {
  const std::vector<std::string> square = {
      "depthwise.h",        "depthwise.c",      "depthwise_square.h", "depthwise_paired.h",
      "depthwise_paired.c", "depthwise_taps.h", "widen_row.h"};
  const std::vector<std::string> columns = {"columns.h", "multiply_quads.h", "conv_output.h",
                                            "wide_rows.h", "multiply_columns.c"};
  const std::vector<std::string> wide = {"wide_rows.h", "columns.h", "multiply_quads.h"};
  const auto with = [](std::vector<std::string> files, std::initializer_list<const char*> more) {
    files.insert(files.end(), more.begin(), more.end());
    return files;
  };
  const auto wide_conv = [&](const char* file) {
    return with(columns, {"wide_rows.c", "multiply_columns_wide.c", file});
  };
  const std::vector<std::string> wide_square =
      with(wide, {"depthwise_wide.h", "depthwise_wide.c", "depthwise_wide_square.h",
                  "depthwise_wide_taps.h", "depthwise_taps.h"});
  return {
      {"tn_conv2d_1x1", "tn_conv_layer", "conv2d_1x1.c", false, columns},
      {"tn_conv2d", "tn_conv_layer", "conv2d.c", false, columns},
      {"tn_depthwise", "tn_depthwise_layer", "depthwise.c", false, {"depthwise.h", "widen_row.h"}},
      {"tn_depthwise_3x3", "tn_depthwise_layer", "depthwise_3x3.c", false, square},
      {"tn_depthwise_5x5", "tn_depthwise_layer", "depthwise_5x5.c", false, square},
      {"tn_depthwise_7x7", "tn_depthwise_layer", "depthwise_7x7.c", false, square},
      {"tn_avgpool", "tn_pool_layer", "pool.c"},
      {"tn_avgpool_sums", "tn_pool_layer", "pool.c", false, {}, "tn_pool_add_row"},
      {"tn_mean", "tn_pool_layer", "pool.c"},
      {"tn_mean_sums", "tn_pool_layer", "pool.c", false, {}, "tn_pool_add_row"},
      {"tn_maxpool", "tn_pool_layer", "pool.c"},
      {"tn_add", "tn_pair_layer", "elementwise.c"},
      {"tn_mul", "tn_pair_layer", "elementwise.c"},
      {"tn_look_up", "tn_lookup_layer", "elementwise.c"},
      {"tn_softmax_row", "tn_softmax_layer", "softmax.c"},
      {"tn_concat_channels", "tn_concat_layer", "elementwise.c"},
      {"tn_join_runs", "tn_join_layer", "data_movement.c", true},
      {"tn_fully_connected", "tn_conv_layer", "fully_connected.c", true, {"multiply_quads.h"}},
      {"tn_mean_of_axis", "tn_mean_axis_layer", "data_movement.c", true},
      {"tn_pad_map", "tn_pad_layer", "data_movement.c", true},
      {"tn_copy_bytes", "tn_copy_layer", "data_movement.c", true},
      {"tn_transpose_map", "tn_transpose_layer", "data_movement.c", true},
      {"tn_resize_map", "tn_resize_layer", "data_movement.c", true},
      {"tn_conv2d_1x1_wide", "tn_conv_layer", "conv2d_1x1_wide.c", false,
       wide_conv("conv2d_1x1.c")},
      {"tn_conv2d_wide", "tn_conv_layer", "conv2d_wide.c", false, wide_conv("conv2d.c")},
      {"tn_depthwise_wide", "tn_depthwise_layer", "depthwise_wide.c", false,
       with(wide, {"depthwise_wide.h"})},
      {"tn_depthwise_wide_3x3", "tn_depthwise_layer", "depthwise_wide_3x3.c", false, wide_square},
      {"tn_depthwise_wide_5x5", "tn_depthwise_layer", "depthwise_wide_5x5.c", false, wide_square},
      {"tn_depthwise_wide_7x7", "tn_depthwise_layer", "depthwise_wide_7x7.c", false, wide_square},
      {"tn_turn_row", "tn_turn_layer", "wide_rows.c", false, wide},
      {"tn_turn_row", "tn_turn_layer", "wide_rows.c", false, wide, "tn_turn_add_row"},
  };
}

Kernel depthwise_kernel(const Graph& graph, const Op& op, bool wide) {
  if (!has_square_kernel(graph, op)) return wide ? kDepthwiseWide : kDepthwise;
  if (op.kernel_h == 3) return wide ? kDepthwiseWide3x3 : kDepthwise3x3;
  if (op.kernel_h == 5) return wide ? kDepthwiseWide5x5 : kDepthwise5x5;
  return wide ? kDepthwiseWide7x7 : kDepthwise7x7;
}

}  // namespace

bool has_square_kernel(const Graph& graph, const Op& op) {
  return op.kind == OpKind::kDepthwiseConv2d && graph.in_shape(op).c == graph.out_shape(op).c &&
         op.kernel_h == op.kernel_w && op.stride_w <= 2 &&
         (op.kernel_h == 3 || op.kernel_h == 5 || op.kernel_h == 7);
}

ChannelSums channel_sums(const Graph& graph, const Op& op, std::size_t channel) {
  const OpConstants& constants = graph.constants_of(op);
  const bool depthwise = op.kind == OpKind::kDepthwiseConv2d;
  const auto channels = static_cast<std::size_t>(graph.out_shape(op).c);
  const std::size_t depth = constants.weights.size() / channels;
  ChannelSums sums;
  if (!constants.bias.empty()) sums.most = std::abs(std::int64_t{constants.bias[channel]});
  for (std::size_t k = 0; k < depth; ++k) {
    const std::int64_t weight =
        constants.weights[depthwise ? k * channels + channel : channel * depth + k];
    sums.most += 255 * std::abs(weight);
    sums.symmetric = sums.symmetric && weight >= -127;
    sums.constant = sums.constant && weight == 0;
  }
  return sums;
}

std::span<const CKernel> c_kernels() {
  static const std::vector<CKernel> kKernels = all_kernels();
  return kKernels;
}

int find_turning_kernel(const Op& op, const OpRows& rows) {
  if (!rows.wide_output || op.kind == OpKind::kConv2d) return kNone;
  return rows.accumulated ? kTurnRowSums : kTurnRow;
}

int find_c_kernel(const Graph& graph, const Op& op, const OpRows& rows) {
  const DType in = graph.tensors[graph.op_inputs[op.first_input]].dtype;
  const DType out = graph.tensors[op.output].dtype;
  // A table of bytes does for uint8 too, which is at a network's ends.
  const bool bytes = op.kind == OpKind::kQuantize && dtype_bytes(in) == 1 && dtype_bytes(out) == 1;
  if (!bytes && (in != DType::kInt8 || out != DType::kInt8)) return kNone;
  switch (op.kind) {
    case OpKind::kConv2d:
      if (op_is_pixelwise(graph, op)) return rows.wide_output ? kConv2d1x1Wide : kConv2d1x1;
      return rows.wide_output ? kConv2dWide : kConv2d;
    case OpKind::kDepthwiseConv2d:
      return depthwise_kernel(graph, op, rows.wide_input);
    case OpKind::kAveragePool2d:
      return rows.accumulated ? kAveragePoolSums : kAveragePool;
    case OpKind::kMean:
      return rows.accumulated ? kMeanSums : kMean;
    case OpKind::kMaxPool2d:
      return kMaxPool;
    case OpKind::kAdd:
      return kAdd;
    case OpKind::kMul:
      return kMul;
    case OpKind::kRelu:
    case OpKind::kLogistic:
    case OpKind::kQuantize:
      return kLookUp;
    case OpKind::kSoftmax:
      return kSoftmax;
    case OpKind::kConcat:
      return op.axis == 2 ? kConcatChannels : kJoinRuns;
    case OpKind::kFullyConnected:
      return kFullyConnected;
    case OpKind::kMeanAxis:
      return kMeanOfAxis;
    case OpKind::kPad:
      return kPad;
    case OpKind::kReshape:
      return kCopy;
    case OpKind::kTranspose:
      return kTranspose;
    case OpKind::kResizeNearest:
      return kResize;
    case OpKind::kDequantize:
      return kNone;
  }
  return kNone;
}

}  // namespace tinynas
