#include "graph/tflite_constants.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace tinynas {
namespace {

using tflite::ActivationFunctionType;

template <typename Options>
ActivationFunctionType fused(const TfliteOperator& from) {
  const auto* options = from.table->builtin_options_as<Options>();
  return options == nullptr ? tflite::ActivationFunctionType_NONE
                            : options->fused_activation_function();
}

ActivationFunctionType activation_of(const TfliteOperator& from) {
  switch (from.code) {
    case tflite::BuiltinOperator_CONV_2D:
      return fused<tflite::Conv2DOptions>(from);
    case tflite::BuiltinOperator_DEPTHWISE_CONV_2D:
      return fused<tflite::DepthwiseConv2DOptions>(from);
    case tflite::BuiltinOperator_AVERAGE_POOL_2D:
    case tflite::BuiltinOperator_MAX_POOL_2D:
      return fused<tflite::Pool2DOptions>(from);
    case tflite::BuiltinOperator_FULLY_CONNECTED:
      return fused<tflite::FullyConnectedOptions>(from);
    case tflite::BuiltinOperator_ADD:
      return fused<tflite::AddOptions>(from);
    case tflite::BuiltinOperator_MUL:
      return fused<tflite::MulOptions>(from);
    case tflite::BuiltinOperator_RELU:
      return tflite::ActivationFunctionType_RELU;
    case tflite::BuiltinOperator_RELU6:
      return tflite::ActivationFunctionType_RELU6;
    case tflite::BuiltinOperator_RELU_N1_TO_1:
      return tflite::ActivationFunctionType_RELU_N1_TO_1;
    default:
      return tflite::ActivationFunctionType_NONE;
  }
}

/// The format rounds half away from zero, in float.
std::int32_t quantised(float value, const Tensor& tensor) {
  const float steps = std::round(value / tensor.scale);
  const float limit = 1 << 20;
  return tensor.zero_point + static_cast<std::int32_t>(std::clamp(steps, -limit, limit));
}

void set_range(ActivationFunctionType function, const Tensor& output, OpConstants& constants) {
  if (!(output.scale > 0) || !std::isfinite(output.scale)) return;
  float low = -std::numeric_limits<float>::infinity();
  float high = std::numeric_limits<float>::infinity();
  if (function == tflite::ActivationFunctionType_RELU) low = 0;
  if (function == tflite::ActivationFunctionType_RELU6) low = 0, high = 6;
  if (function == tflite::ActivationFunctionType_RELU_N1_TO_1) low = -1, high = 1;
  if (std::isfinite(low)) {
    constants.output_min = std::max(constants.output_min, quantised(low, output));
  }
  if (std::isfinite(high)) {
    constants.output_max = std::min(constants.output_max, quantised(high, output));
  }
}

std::vector<std::int8_t> bytes_of(const TfliteTensor& tensor) {
  const auto* data = reinterpret_cast<const std::int8_t*>(tensor.data.data());
  return {data, data + tensor.data.size()};
}

std::vector<std::int32_t> integers_of(const TfliteTensor& tensor) {
  std::vector<std::int32_t> values;
  if (tensor.type != tflite::TensorType_INT32) return values;
  for (std::size_t at = 0; at + 4 <= tensor.data.size(); at += 4) {
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(tensor.data.data()) + at;
    values.push_back(flatbuffers::ReadScalar<std::int32_t>(bytes));
  }
  return values;
}

void set_weights(const TfliteTensor& tensor, OpConstants& constants) {
  constants.weights = bytes_of(tensor);
  constants.weight_scales = tensor.scale;
  if (tensor.zero_point.size() == 1 && tensor.zero_point[0] >= -128 &&
      tensor.zero_point[0] <= 128) {
    constants.weight_zero_point = static_cast<std::int32_t>(tensor.zero_point[0]);
  }
}

/// The batch, which stays where it is, and the axes that a tensor of fewer than four lacks are left
/// out.
void set_permutation(const TfliteFile& file, const TfliteOperator& from, OpConstants& constants) {
  if (from.inputs.size() < 2 || from.inputs[1] < 0) return;
  const std::vector<std::int32_t> axes = integers_of(file.tensors[from.inputs[1]]);
  const auto rank = static_cast<std::int32_t>(axes.size());
  if (rank > 4) return;
  for (std::int32_t axis = std::max(0, rank - 3); axis < rank; ++axis) {
    constants.permutation[static_cast<std::size_t>(axis + 3 - rank)] =
        static_cast<std::int8_t>(std::clamp(std::clamp(axes[axis], -4, 4) + 3 - rank, -1, 3));
  }
}

}  // namespace

OpConstants read_constants(const TfliteFile& file, const TfliteOperator& from, const Op& op) {
  OpConstants constants;
  const TfliteTensor& written = file.tensors[from.outputs[0]];
  Tensor output;
  if (written.scale.size() == 1) output.scale = written.scale[0];
  if (written.zero_point.size() == 1) {
    output.zero_point = static_cast<std::int32_t>(
        std::clamp<std::int64_t>(written.zero_point[0], INT16_MIN, INT16_MAX));
  }
  set_range(activation_of(from), output, constants);
  switch (op.kind) {
    case OpKind::kConv2d:
    case OpKind::kDepthwiseConv2d:
    case OpKind::kFullyConnected:
      set_weights(file.tensors[from.inputs[1]], constants);
      if (from.inputs.size() > 2 && from.inputs[2] >= 0) {
        constants.bias = integers_of(file.tensors[from.inputs[2]]);
      }
      break;
    case OpKind::kAdd:
    case OpKind::kMul:
      for (const std::int32_t t : from.inputs) {
        if (t >= 0 && file.tensors[t].is_constant()) set_weights(file.tensors[t], constants);
      }
      break;
    case OpKind::kSoftmax:
      if (const auto* options = from.table->builtin_options_as<tflite::SoftmaxOptions>()) {
        constants.beta = options->beta();
      }
      break;
    case OpKind::kResizeNearest:
      if (const auto* options =
              from.table->builtin_options_as<tflite::ResizeNearestNeighborOptions>()) {
        constants.align_corners = options->align_corners();
        constants.half_pixel_centers = options->half_pixel_centers();
      }
      break;
    case OpKind::kTranspose:
      set_permutation(file, from, constants);
      break;
    default:
      break;
  }
  return constants;
}

}  // namespace tinynas
