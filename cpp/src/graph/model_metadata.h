#pragma once
// The metadata of a `.tflite` file that is ours: preprocessing and class names as one JSON.

#include <string>
#include <string_view>

#include "tinynas/preprocessing.h"

namespace tinynas {

inline constexpr const char* kPreprocessingName = "TINYNAS_PREPROCESSING";

/// "" where there is nothing to say.
std::string preprocessing_json(const ModelLabels& labels);

/// Fills in what preprocessing_json wrote. `input` and `outputs`: the network's input and its
/// number of output values. Throws BadInput with `path` and the field that is malformed or does not
/// belong to the network.
void read_preprocessing_json(std::string_view text, const std::string& path, const Tensor& input,
                             std::int64_t outputs, ModelLabels& labels);

}  // namespace tinynas
