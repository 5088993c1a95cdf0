#include "tinynas/preprocessing.h"

#include <algorithm>
#include <cmath>

namespace tinynas {

float normalised_pixel(const Normalisation& normalisation, std::size_t channel, int pixel) {
  return static_cast<float>((pixel / 255.0 - normalisation.mean[channel]) /
                            normalisation.deviation[channel]);
}

std::vector<std::array<std::int8_t, 256>> quantised_pixels(const Normalisation& normalisation,
                                                           const Tensor& input) {
  std::vector<std::array<std::int8_t, 256>> tables(normalisation.mean.size());
  for (std::size_t c = 0; c < tables.size(); ++c) {
    for (int pixel = 0; pixel < 256; ++pixel) {
      const float steps = std::nearbyint(normalised_pixel(normalisation, c, pixel) / input.scale) +
                          static_cast<float>(input.zero_point);
      tables[c][static_cast<std::size_t>(pixel)] =
          static_cast<std::int8_t>(std::clamp(steps, -128.0F, 127.0F));
    }
  }
  return tables;
}

}  // namespace tinynas
