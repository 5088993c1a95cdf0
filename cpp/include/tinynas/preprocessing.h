#pragma once
// What travels with a model so that it can be used: how pixels become its input, and what its
// outputs are called.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tinynas/audio.h"
#include "tinynas/graph.h"

namespace tinynas {

/// Of an image, rows, columns, channels (NHWC): a channel of a pixel, 0 to 255, stands for
/// (pixel / 255 - mean) / deviation.
struct Normalisation {
  std::vector<double> mean, deviation;  ///< one a channel: grey, or red, green, blue
  bool operator==(const Normalisation&) const = default;
};

/// Of a `.tflite` file. What a file does not say is empty.
struct ModelLabels {
  std::string description;
  std::vector<std::string> class_names;  ///< one an output
  Normalisation normalisation;           ///< of the input
  std::optional<AudioFrontEnd> audio;    ///< how recordings become the input's pixels
};

/// The value that a pixel's channel stands for.
float normalised_pixel(const Normalisation& normalisation, std::size_t channel, int pixel);

/// For each channel of the quantised tensor `input`, in which int8 value each of the 256 values of
/// a pixel is stored: float32 arithmetic, ties to even, as images are quantised when accuracies are
/// measured.
std::vector<std::array<std::int8_t, 256>> quantised_pixels(const Normalisation& normalisation,
                                                           const Tensor& input);

}  // namespace tinynas
