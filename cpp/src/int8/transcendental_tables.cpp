// Softmax and logistic of TensorFlow Lite's int8 reference, as tables. Their fixed-point functions
// are gemmlowp's (fixedpoint/fixedpoint.h): exp by a Taylor polynomial around -1/8 and factors for
// each higher bit, 1 / (1 + x) by three Newton steps.

#include <algorithm>
#include <bit>
#include <cmath>

#include "int8/op_arithmetic.h"

namespace tinynas {
namespace {

constexpr std::int32_t kOne = 2147483647;  // 1 with 31 fractional bits, as near as int32 comes

std::int32_t saturating_shift_left(std::int32_t x, std::int32_t exponent) {
  const std::int64_t shifted = std::int64_t{x} << exponent;
  return static_cast<std::int32_t>(std::clamp<std::int64_t>(shifted, INT32_MIN, INT32_MAX));
}

/// As doubling_high_multiply, for a `b` of any sign: gemmlowp rounds away from zero by magnitude.
std::int32_t multiply(std::int32_t a, std::int32_t b) {
  if (a == INT32_MIN && b == INT32_MIN) return INT32_MAX;
  const std::int64_t product = std::int64_t{a} * b;
  const std::int64_t nudge = product >= 0 ? (1 << 30) : 1 - (1 << 30);
  return static_cast<std::int32_t>((product + nudge) / (std::int64_t{1} << 31));
}

std::int32_t rounding_half_sum(std::int32_t a, std::int32_t b) {
  const std::int64_t sum = std::int64_t{a} + b;
  return static_cast<std::int32_t>((sum + (sum >= 0 ? 1 : -1)) / 2);
}

/// exp(x) for x in [-1/4, 0), 31 fractional bits.
std::int32_t exp_of_quarter(std::int32_t x) {
  constexpr std::int32_t kExpOfMinusEighth = 1895147668, kThird = 715827883;
  const std::int32_t y = x + (1 << 28);
  const std::int32_t y2 = multiply(y, y);
  const std::int32_t y3 = multiply(y2, y);
  const std::int32_t y4_over_4 = rounding_divide_by_power(multiply(y2, y2), 2);
  const std::int32_t rest = rounding_divide_by_power(multiply(y4_over_4 + y3, kThird) + y2, 1);
  return kExpOfMinusEighth + multiply(kExpOfMinusEighth, y + rest);
}

/// exp(x) for x <= 0 with `integer_bits` integer bits; the result has 31 fractional bits.
std::int32_t exp_of_negative(std::int32_t x, std::int32_t integer_bits) {
  if (x == 0) return kOne;
  const std::int32_t fraction_bits = 31 - integer_bits;
  const std::int32_t quarter = std::int32_t{1} << (fraction_bits - 2);
  const std::int32_t modulo = (x & (quarter - 1)) - quarter;
  std::int32_t result = exp_of_quarter(saturating_shift_left(modulo, integer_bits));
  const std::int32_t remainder = modulo - x;
  constexpr struct {
    std::int32_t exponent, multiplier;
  } kFactors[] = {{-2, 1672461947}, {-1, 1302514674}, {0, 790015084}, {1, 290630308},
                  {2, 39332535},    {3, 720401},      {4, 242}};
  for (const auto& factor : kFactors) {
    if (integer_bits <= factor.exponent) continue;
    const std::int32_t bit = std::int32_t{1} << (fraction_bits + factor.exponent);
    if ((remainder & bit) != 0) result = multiply(result, factor.multiplier);
  }
  return result;
}

/// 1 / (1 + x) for x in [0, 1), 31 fractional bits.
std::int32_t reciprocal_of_one_plus(std::int32_t x) {
  constexpr std::int32_t k48Over17 = 1515870810, kMinus32Over17 = -1010580540;
  const std::int32_t half = rounding_half_sum(x, kOne);
  std::int32_t estimate = k48Over17 + multiply(half, kMinus32Over17);  // 2 integer bits
  for (int i = 0; i < 3; ++i) {
    const std::int32_t product = multiply(half, estimate);
    const std::int32_t error = (1 << 29) - product;
    estimate += saturating_shift_left(multiply(estimate, error), 2);
  }
  return saturating_shift_left(estimate, 1);
}

std::int32_t input_radius(std::int32_t integer_bits, std::int32_t shift) {
  const double largest = 1.0 * ((1 << integer_bits) - 1) *
                         static_cast<double>(1LL << (31 - integer_bits)) /
                         static_cast<double>(1LL << shift);
  return static_cast<std::int32_t>(std::floor(largest));
}

}  // namespace

std::array<std::int8_t, 256> logistic_table(const Tensor& input) {
  constexpr std::int32_t kIntegerBits = 4;
  Requantizer by;
  int shift = 0;
  const double factor = static_cast<double>(input.scale) * (1 << (31 - kIntegerBits));
  by.multiplier = static_cast<std::int32_t>(
      std::round(std::frexp(factor, &shift) * static_cast<double>(1LL << 31)));
  by.shift = shift;
  const std::int32_t radius = input_radius(kIntegerBits, shift);
  std::array<std::int8_t, 256> table{};
  for (std::int32_t q = -128; q < 128; ++q) {
    const std::int32_t value = q - input.zero_point;
    std::int8_t& out = table[static_cast<std::size_t>(q + 128)];
    if (value <= -radius || value >= radius) {
      out = value < 0 ? -128 : 127;
      continue;
    }
    const std::int32_t x = requantize(value, by);
    const std::int32_t of_magnitude =
        reciprocal_of_one_plus(exp_of_negative(x > 0 ? -x : x, kIntegerBits));
    const std::int32_t logistic = x == 0 ? 1 << 30 : x > 0 ? of_magnitude : kOne - of_magnitude;
    out = clamp_to_int8(rounding_divide_by_power(logistic, 31 - 8) - 128, -128, 127);
  }
  return table;
}

SoftmaxTable softmax_table(const Tensor& input, float beta) {
  constexpr std::int32_t kIntegerBits = 5;
  const double factor = std::min(
      static_cast<double>(beta) * static_cast<double>(input.scale) * (1 << (31 - kIntegerBits)),
      static_cast<double>((1LL << 31) - 1));
  const Requantizer by = make_requantizer(factor);
  SoftmaxTable table{};
  table.first_left_out = softmax_table_values(input.scale, beta);
  for (std::int32_t i = 0; i < table.first_left_out; ++i) {
    const auto shifted = static_cast<std::int32_t>(static_cast<std::uint32_t>(-i) << by.shift);
    table.exponentials[static_cast<std::size_t>(i)] =
        exp_of_negative(doubling_high_multiply(shifted, by.multiplier), kIntegerBits);
  }
  return table;
}

SoftmaxReciprocal softmax_reciprocal(std::int32_t sum) {
  constexpr std::int32_t kIntegerBits = 12;
  const std::int32_t headroom = std::countl_zero(static_cast<std::uint32_t>(sum));
  const auto shifted = static_cast<std::int32_t>((static_cast<std::uint32_t>(sum) << headroom) -
                                                 (std::uint32_t{1} << 31));
  return {reciprocal_of_one_plus(shifted), kIntegerBits - headroom};
}

}  // namespace tinynas
