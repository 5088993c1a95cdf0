#pragma once
// The int8 deployment graph: what runs on the board, in execution order. BN is folded and
// activations are fused, so an op is what one kernel call does. Plain values; a Graph is built once
// and then read by any number of threads.

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace tinynas {

enum class DType : std::uint8_t { kInt8, kUInt8, kInt32, kFloat32 };
std::int64_t dtype_bytes(DType dtype);

/// kFullyConnected reads all elements of its input, whatever its shape. kConcat joins along `axis`.
/// kReshape and kTranspose keep bytes and elements. kMean averages over rows, columns or both: its
/// kernel spans the map on these axes and is 1 on the other. kMeanAxis averages over `axis`,
/// whatever the shape of its output. kMul's second input has the shape of the first or is one
/// pixel; that of kAdd and kMul may be a constant.
enum class OpKind : std::uint8_t {
  kConv2d,
  kDepthwiseConv2d,
  kAdd,
  kAveragePool2d,
  kMaxPool2d,
  kMean,
  kMeanAxis,
  kFullyConnected,
  kMul,
  kConcat,
  kResizeNearest,
  kPad,
  kReshape,
  kTranspose,
  kRelu,
  kLogistic,
  kSoftmax,
  kQuantize,
  kDequantize
};
/// "conv2d", "depthwise_conv2d", "add", "avgpool" as in the layer tables of published networks;
/// the others "maxpool", "mean", "mean_axis", "fully_connected", "mul", "concat", "resize_nearest",
/// "pad", "reshape", "transpose", "relu", "logistic", "softmax", "quantize", "dequantize".
const char* op_kind_name(OpKind kind);

/// What an op is for, so that a table of operators can be read. Never influences a plan.
enum class OpRole : std::uint8_t {
  kNone,
  kStem,
  kExpand,
  kDepthwise,
  kProject,
  kResidual,
  kFeatureMix,
  kPool,
  kClassifier
};
const char* op_role_name(OpRole role);

/// One image, NHWC with N = 1.
struct Shape {
  std::int32_t h = 1, w = 1, c = 1;
  std::int64_t elements() const { return std::int64_t{h} * w * c; }
  bool operator==(const Shape&) const = default;
};

/// An int8 value q stands for scale * (q - zero_point). Scale 0: not quantised, as in a graph that
/// is only planned.
struct Tensor {
  Shape shape;
  DType dtype = DType::kInt8;
  float scale = 0;
  std::int32_t zero_point = 0;
  /// In the interpreter's arena, where a `.tflite` file has an offline plan; -1: placed by it.
  std::int32_t offline_offset_bytes = -1;
  std::int64_t bytes() const { return shape.elements() * dtype_bytes(dtype); }
};

/// What a quantised network has of one op beside its shapes.
struct OpConstants {
  /// conv2d: [out channel][kernel row][kernel column][in channel]; depthwise_conv2d: [kernel
  /// row][kernel column][out channel]; fully_connected: [output][input]; add, mul: the operand that
  /// is a constant.
  std::vector<std::int8_t> weights;
  std::vector<float> weight_scales;    ///< one an output channel, or one for all
  std::int32_t weight_zero_point = 0;  ///< not 0 for constants of add and mul only
  std::vector<std::int32_t> bias;  ///< one an output channel in units of input times weight scale
  std::int32_t output_min = -128, output_max = 127;  ///< of the fused activation, quantised
  float beta = 1;                                    ///< softmax
  std::array<std::int8_t, 3> permutation = {0, 1,
                                            2};  ///< transpose: output axis i is this input axis
  bool align_corners = false, half_pixel_centers = false;  ///< resize_nearest
};

/// One kernel call. Tensors are indices into Graph::tensors; inputs are a slice of
/// Graph::op_inputs.
struct Op {
  OpKind kind = OpKind::kConv2d;
  OpRole role = OpRole::kNone;
  std::int16_t block = -1;  ///< inverted bottleneck that it belongs to, -1 outside of blocks
  std::int16_t kernel_h = 1, kernel_w = 1;
  std::int16_t stride_h = 1, stride_w = 1;
  std::int8_t axis = 2;                    ///< concat, mean_axis: 0 rows, 1 columns, 2 channels
  std::int16_t pad_top = 0, pad_left = 0;  ///< bottom and right follow from the output's shape
  std::int32_t first_input = 0, input_count = 0;
  std::int32_t output = -1;
  /// add, mul with one input: bytes of the other operand, which lies in flash: 1, one a channel, or
  /// one an element.
  std::int32_t constant_bytes = 0;
  std::int32_t constants = -1;  ///< index into Graph::constants; -1: the graph is only planned
};

/// Tensor `input` is the image. Ops are in execution order; each op writes one tensor, each tensor
/// is written once. A network with several heads has `more_outputs` beside `output`. What no op
/// reads is kept to the end as well.
struct Graph {
  std::vector<Tensor> tensors;
  std::vector<Op> ops;
  std::vector<std::int32_t> op_inputs;
  std::int32_t input = 0;
  std::int32_t output = -1;
  std::vector<std::int32_t> more_outputs;
  /// Shared by graphs that were made of one another; null where the graph is only planned.
  std::shared_ptr<const std::vector<OpConstants>> constants;

  bool is_output(std::int32_t tensor) const {
    return tensor == output ||
           std::find(more_outputs.begin(), more_outputs.end(), tensor) != more_outputs.end();
  }
  std::span<const std::int32_t> inputs(const Op& op) const {
    return {op_inputs.data() + op.first_input, static_cast<std::size_t>(op.input_count)};
  }
  const Shape& in_shape(const Op& op) const { return tensors[op_inputs[op.first_input]].shape; }
  const Shape& out_shape(const Op& op) const { return tensors[op.output].shape; }
  const OpConstants& constants_of(const Op& op) const { return (*constants)[op.constants]; }

  void clear();  ///< keeps capacity, so that a search lowers without allocating
  std::int32_t add_tensor(Shape shape, DType dtype = DType::kInt8);
  /// Appends an op and its new int8 output tensor; returns the output tensor's index.
  /// op.first_input, input_count and output are filled in.
  std::int32_t add_op(Op op, std::span<const std::int32_t> inputs, Shape output_shape);
};

/// "block3.depthwise", "stem", "pool", or "op17" where block and role do not say which op it is.
std::string op_name(const Graph& graph, std::size_t op_index);

/// "image" for the input, else the name of the op that writes the tensor.
std::string tensor_name(const Graph& graph, std::int32_t tensor);

/// Whether pixel x of a row of the output depends on pixel x of the same row of the inputs only, so
/// that it can be written over them: 1x1 convolution with stride 1, and same-shape element-wise ops
/// (add, mul, relu, logistic, quantize, dequantize, softmax, concat of channels).
bool op_is_pixelwise(const Graph& graph, const Op& op);

/// Rows of input `input` (position in inputs(op)) that output row `row` reads, [begin, end),
/// clipped to the input. All rows for ops that do not work row by row (see op_streams).
struct RowRange {
  std::int32_t begin = 0, end = 0;
};
RowRange rows_read(const Graph& graph, const Op& op, std::int32_t input, std::int32_t row);

/// Whether the op can be one of several in a segment that streams rows: windows, pixelwise ops and
/// mul by one pixel. False for fully_connected, pad, reshape, transpose, resize and concat of rows,
/// which run layer by layer.
bool op_streams(const Graph& graph, const Op& op);

/// Rows (or columns) of padding past the end of an axis, from sizes and the padding before it;
/// negative where the last window ends before the input does.
std::int32_t end_padding(std::int32_t in, std::int32_t out, std::int32_t kernel,
                         std::int32_t stride, std::int32_t begin_padding);

/// Multiply-accumulates of convolutions, depthwise and dense layers at their output size, padding
/// included; 0 for others.
std::int64_t op_macs(const Graph& graph, const Op& op);
std::int64_t graph_macs(const Graph& graph);
/// int8 weights of one op, in bytes (biases are not counted).
std::int64_t op_weight_bytes(const Graph& graph, const Op& op);
/// Output channels that have a bias and a requantisation entry each: 0 for add and pooling.
std::int32_t op_bias_count(const Graph& graph, const Op& op);
/// Values that a softmax's table of exponentials holds, of inputs 0, 1, ... below the largest: as
/// many as LiteRT's fixed point does not leave out. 256, which is all, where `scale` is 0.
std::int32_t softmax_table_values(float scale, float beta);
/// Weights and biases of the whole graph, as a count of parameters.
std::int64_t graph_params(const Graph& graph);

/// Checks indices, execution order, shapes against kernel, stride and padding, single writers, and
/// sizes (a tensor at most 64 MiB, weights of an op at most 256 MiB), so that no sum overflows.
/// Each window meets its input, and no whole stride of it
/// is left unread. Throws BadInput with `source` (a file name) and the
/// op's name.
void validate(const Graph& graph, const std::string& source);

/// Reads a layer table (JSON, `layers[]`: op, k, stride, pad, in/out shapes HWC, inputs by index
/// with -1 the image; optional i, role, block). Throws BadInput naming file, layer and field, and
/// Error with kUnsupportedOperator for an op that no kernel implements.
Graph read_layer_table(const std::string& path);

}  // namespace tinynas
