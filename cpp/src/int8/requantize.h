#pragma once
// TensorFlow Lite's integer requantisation, bit for bit: a real factor as a 32-bit multiplier and a
// shift, products rounded twice (gemmlowp's fixed point; Jacob et al., "Quantization and Training
// of Neural Networks for Efficient Integer-Arithmetic-Only Inference", 2018, section 2.2).

#include <algorithm>
#include <cstdint>

namespace tinynas {

/// factor = multiplier / 2^31 * 2^shift; multiplier 0 or from 2^30 to 2^31 - 1.
struct Requantizer {
  std::int32_t multiplier = 0;
  std::int32_t shift = 0;  ///< from -31 to 30
};

/// The requantiser of a factor that is not negative.
Requantizer make_requantizer(double factor);

/// High half of twice the product, rounded: ties towards plus infinity. `b` is not negative.
inline std::int32_t doubling_high_multiply(std::int32_t a, std::int32_t b) {
  return static_cast<std::int32_t>((std::int64_t{a} * b + (std::int64_t{1} << 30)) >> 31);
}

/// x / 2^exponent, rounded: ties away from zero. `exponent` from 0 to 31.
inline std::int32_t rounding_divide_by_power(std::int32_t x, std::int32_t exponent) {
  const auto mask = static_cast<std::int32_t>((std::int64_t{1} << exponent) - 1);
  const std::int32_t remainder = x & mask;
  const std::int32_t threshold = (mask >> 1) + (x < 0 ? 1 : 0);
  return (x >> exponent) + (remainder > threshold ? 1 : 0);
}

/// x times the factor.
inline std::int32_t requantize(std::int32_t x, Requantizer by) {
  const std::int32_t left = by.shift > 0 ? by.shift : 0;
  const std::int32_t right = by.shift > 0 ? 0 : -by.shift;
  const auto shifted = static_cast<std::int32_t>(static_cast<std::uint32_t>(x) << left);
  return rounding_divide_by_power(doubling_high_multiply(shifted, by.multiplier), right);
}

/// x times the factor, rounded once: ties towards plus infinity. fully_connected in LiteRT's
/// reference kernels; TFLM's rounds twice there, so the two differ by one step in a few outputs of
/// a hundred.
inline std::int32_t requantize_once(std::int32_t x, Requantizer by) {
  const std::int32_t right = 31 - by.shift;
  const std::int64_t half = std::int64_t{1} << (right - 1);
  return static_cast<std::int32_t>((std::int64_t{x} * by.multiplier + half) >> right);
}

inline std::int8_t clamp_to_int8(std::int32_t value, std::int32_t low, std::int32_t high) {
  return static_cast<std::int8_t>(std::min(std::max(value, low), high));
}

}  // namespace tinynas
