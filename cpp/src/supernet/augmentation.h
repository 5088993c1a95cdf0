#pragma once
// One image of a training batch: bytes to normalised floats, changed as an Augmentation says.

#include <array>
#include <cstdint>
#include <vector>

#include "tinynas/preprocessing.h"
#include "tinynas/rng.h"
#include "tinynas/trainer.h"

namespace tinynas {

/// Byte value -> normalised float, for each channel.
using ByteTables = std::vector<std::array<float, 256>>;
ByteTables byte_tables(const Normalisation& normalisation);

/// uint8, HWC.
struct ImageView {
  const std::uint8_t* pixels = nullptr;
  int height = 0, width = 0, channels = 0;
};

/// Writes height * width * channels floats to `target`. All that is random comes from `rng`.
void augment_image(const ImageView& image, const ByteTables& tables,
                   const Augmentation& augmentation, Rng rng, float* target);

/// A draw of Beta(alpha, alpha).
double draw_beta(double alpha, Rng& rng);

}  // namespace tinynas
