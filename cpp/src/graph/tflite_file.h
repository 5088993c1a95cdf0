#pragma once
// A `.tflite` file whose every index is checked, in plain values: what the format says, without
// saying yet what of it we can run.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "graph/tflite_generated.h"

namespace tinynas {

struct TfliteTensor {
  std::vector<std::int32_t> shape;
  tflite::TensorType type = tflite::TensorType_FLOAT32;
  std::string_view data;  ///< of a constant; empty: computed, or the input
  bool is_variable = false;
  bool is_sparse = false;
  std::vector<float> scale;
  std::vector<std::int64_t> zero_point;

  bool is_constant() const { return !data.empty(); }
  std::int64_t elements() const;
};

struct TfliteOperator {
  std::int32_t code = 0;
  std::string custom_name;           ///< of CUSTOM; its beginning, where it is long
  std::vector<std::int32_t> inputs;  ///< -1: left out
  std::vector<std::int32_t> outputs;
  const tflite::Operator* table = nullptr;

  /// "CONV_2D", "custom operator 'X'", "operator code 300".
  std::string name() const;
};

/// Views into `content`, which must outlive it.
struct TfliteFile {
  const tflite::Model* model = nullptr;
  std::vector<TfliteTensor> tensors;
  std::vector<TfliteOperator> operators;
  std::vector<std::int32_t> inputs, outputs;
  /// Of an offline plan (metadata kOfflinePlanName), one a tensor, -1: none; empty: the file has
  /// none.
  std::vector<std::int32_t> offline_offsets;
  std::string_view preprocessing;  ///< metadata kPreprocessingName; empty: the file has none
};
inline constexpr const char* kOfflinePlanName = "OfflineMemoryAllocation";

/// Verifies and checks. Throws BadInput with `path`.
TfliteFile open_tflite(std::string_view content, const std::string& path);

}  // namespace tinynas
