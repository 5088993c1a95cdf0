#include "tinyengine/c_kernels.h"

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
  kResize
};

/// In the order of Kernel.
std::vector<CKernel> all_kernels() {
  const std::vector<std::string> square = {"depthwise.h",        "depthwise.c",
                                           "depthwise_square.h", "depthwise_paired.h",
                                           "depthwise_paired.c", "depthwise_taps.h"};
  const std::vector<std::string> columns = {"columns.h", "multiply_quads.h", "multiply_columns.c"};
  return {
      {"tn_conv2d_1x1", "tn_conv_layer", "conv2d_1x1.c", false, columns},
      {"tn_conv2d", "tn_conv_layer", "conv2d.c", false, columns},
      {"tn_depthwise", "tn_depthwise_layer", "depthwise.c", false, {"depthwise.h"}},
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
  };
}

Kernel depthwise_kernel(const Graph& graph, const Op& op) {
  const bool one_to_one = graph.in_shape(op).c == graph.out_shape(op).c;
  if (op.kernel_h != op.kernel_w || !one_to_one || op.stride_w > 2) return kDepthwise;
  if (op.kernel_h == 3) return kDepthwise3x3;
  if (op.kernel_h == 5) return kDepthwise5x5;
  return op.kernel_h == 7 ? kDepthwise7x7 : kDepthwise;
}

}  // namespace

bool has_square_kernel(const Graph& graph, const Op& op) {
  return op.kind == OpKind::kDepthwiseConv2d && depthwise_kernel(graph, op) != kDepthwise;
}

std::span<const CKernel> c_kernels() {
  static const std::vector<CKernel> kKernels = all_kernels();
  return kKernels;
}

int find_c_kernel(const Graph& graph, const Op& op, bool accumulates) {
  const bool int8 = graph.tensors[graph.op_inputs[op.first_input]].dtype == DType::kInt8 &&
                    graph.tensors[op.output].dtype == DType::kInt8;
  if (!int8) return kNone;
  switch (op.kind) {
    case OpKind::kConv2d:
      return op_is_pixelwise(graph, op) ? kConv2d1x1 : kConv2d;
    case OpKind::kDepthwiseConv2d:
      return depthwise_kernel(graph, op);
    case OpKind::kAveragePool2d:
      return accumulates ? kAveragePoolSums : kAveragePool;
    case OpKind::kMean:
      return accumulates ? kMeanSums : kMean;
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
