#pragma once
// Networks in `.tflite` files that tests read, break and plan.

#include <string>

#include "catch.h"
#include "tflite_builder.h"
#include "tinynas/error.h"
#include "tinynas/tflite.h"

namespace tinynas::testing {

inline const std::string kPath = "model.tflite";

inline TfliteNetwork parse(const TfliteModel& model) { return parse_tflite(model.bytes(), kPath); }

/// The one line that a file ends in, without its name.
inline std::string complaint(const std::string& content, ExitCode expected) {
  try {
    parse_tflite(content, kPath);
  } catch (const Error& error) {
    const std::string text = error.what();
    CHECK(error.code() == expected);
    CHECK(text.find_first_of("\n\r") == std::string::npos);
    REQUIRE(text.rfind(kPath + ": ", 0) == 0);
    return text.substr(kPath.size() + 2);
  }
  return "no error";
}

/// Stem, depthwise, residual, mean, classifier: 5 operators.
inline TfliteModel small_model() {
  TfliteModel model;
  std::int32_t x = model.input({1, 8, 8, 3});
  x = model.conv(x, {1, 4, 4, 4}, 3, 2);
  const std::int32_t y = model.depthwise(x, {1, 4, 4, 4}, 3);
  x = model.op(tflite::BuiltinOperator_ADD, {x, y}, {1, 4, 4, 4},
               {tflite::BuiltinOptions_AddOptions});
  x = model.op(tflite::BuiltinOperator_MEAN, {x, model.integers({1, 2})}, {1, 4});
  model.outputs = {model.fully_connected(x, 10)};
  return model;
}

/// One of each, in a chain where shapes allow it.
inline TfliteModel model_of_every_operator() {
  TfliteModel model;
  std::int32_t x = model.input({1, 9, 9, 3}, tflite::TensorType_FLOAT32);
  x = model.quantize(x);
  x = model.pad(x, 1, 0, 1, 0);
  x = model.conv(x, {1, 5, 5, 4}, 3, 2);
  x = model.depthwise(x, {1, 5, 5, 4}, 3);
  const std::int32_t mapped = x;
  x = model.op(tflite::BuiltinOperator_RELU, {x}, {1, 5, 5, 4});
  x = model.op(tflite::BuiltinOperator_RELU6, {x}, {1, 5, 5, 4});
  x = model.op(tflite::BuiltinOperator_LOGISTIC, {x}, {1, 5, 5, 4});
  x = model.op(tflite::BuiltinOperator_MUL, {x, mapped}, {1, 5, 5, 4},
               {tflite::BuiltinOptions_MulOptions});
  x = model.op(tflite::BuiltinOperator_ADD, {x, mapped}, {1, 5, 5, 4},
               {tflite::BuiltinOptions_AddOptions});
  x = model.pool(tflite::BuiltinOperator_MAX_POOL_2D, x, {1, 2, 2, 4}, 2, 2);
  x = model.op(tflite::BuiltinOperator_RESIZE_NEAREST_NEIGHBOR, {x, model.integers({4, 4})},
               {1, 4, 4, 4});
  x = model.op(tflite::BuiltinOperator_TRANSPOSE, {x, model.integers({0, 2, 1, 3})}, {1, 4, 4, 4});
  const std::int32_t pooled =
      model.pool(tflite::BuiltinOperator_AVERAGE_POOL_2D, mapped, {1, 4, 4, 4}, 2, 1);
  x = model.op(tflite::BuiltinOperator_CONCATENATION, {x, pooled}, {1, 4, 4, 8},
               {tflite::BuiltinOptions_ConcatenationOptions});
  x = model.op(tflite::BuiltinOperator_MEAN, {x, model.integers({1, 2})}, {1, 8});
  x = model.reshape(x, {1, 1, 1, 8});
  x = model.fully_connected(x, 10);
  x = model.op(tflite::BuiltinOperator_SOFTMAX, {x}, {1, 10});
  model.outputs = {model.dequantize(x)};
  return model;
}

}  // namespace tinynas::testing
