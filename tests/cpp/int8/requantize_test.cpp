#include "int8/requantize.h"

#include <cmath>
#include <random>

#include "catch.h"
#include "int8/op_arithmetic.h"

using namespace tinynas;

TEST_CASE("a requantiser is its factor to 31 bits") {
  std::mt19937_64 random(1);
  for (int i = 0; i < 20000; ++i) {
    const double factor = std::exp2(std::uniform_real_distribution<double>(-30, 8)(random));
    const Requantizer by = make_requantizer(factor);
    CHECK(by.multiplier >= (1 << 30));
    const double back = std::ldexp(static_cast<double>(by.multiplier), by.shift - 31);
    CHECK(std::abs(back / factor - 1) <= std::exp2(-30));
  }
  CHECK(make_requantizer(0).multiplier == 0);
  CHECK(make_requantizer(1).multiplier == 1 << 30);
  CHECK(make_requantizer(1).shift == 1);
  CHECK(make_requantizer(std::exp2(-40)).multiplier == 0);
  // A fraction that rounds up to 1 takes the next power.
  CHECK(make_requantizer(1 - 1e-12).multiplier == 1 << 30);
}

TEST_CASE("requantising is within one step of the exact product, and once rounded exact") {
  std::mt19937_64 random(2);
  for (int i = 0; i < 200000; ++i) {
    const double factor = std::exp2(std::uniform_real_distribution<double>(-20, 1)(random));
    const Requantizer by = make_requantizer(factor);
    const auto x = static_cast<std::int32_t>(random()) >> (2 + random() % 20);
    const long double exact = static_cast<long double>(x) *
                              std::ldexp(static_cast<long double>(by.multiplier), by.shift - 31);
    CHECK(std::abs(static_cast<long double>(requantize(x, by)) - exact) < 1.0L);
    CHECK(static_cast<long double>(requantize_once(x, by)) == std::floor(exact + 0.5L));
  }
}

TEST_CASE("division by a power of two rounds halves away from zero") {
  for (std::int32_t x = -300; x <= 300; ++x) {
    for (std::int32_t exponent = 0; exponent < 8; ++exponent) {
      const double exact = std::ldexp(static_cast<double>(x), -exponent);
      CHECK(rounding_divide_by_power(x, exponent) == static_cast<std::int32_t>(std::round(exact)));
    }
  }
  CHECK(rounding_divide_by_power(INT32_MIN, 31) == -1);
  CHECK(rounding_divide_by_power(INT32_MAX, 31) == 1);
}

TEST_CASE("softmax and logistic tables are their functions to their precision") {
  Tensor input;
  for (const float scale : {0.003F, 0.05F, 0.4F}) {
    input.scale = scale;
    input.zero_point = -7;
    const auto logistic = logistic_table(input);
    for (std::int32_t q = -128; q < 128; ++q) {
      const double real = 1 / (1 + std::exp(-static_cast<double>(scale) * (q + 7)));
      const double steps = logistic[static_cast<std::size_t>(q + 128)] + 128.0;
      CHECK(std::abs(steps - std::min(255.0, 256 * real)) <= 1.0);
    }
    const SoftmaxTable softmax = softmax_table(input, 1.0F);
    for (std::int32_t i = 0; i < softmax.first_left_out; ++i) {
      const double real = std::exp(-static_cast<double>(scale) * i);
      const double table = std::ldexp(softmax.exponentials[static_cast<std::size_t>(i)], -31);
      CHECK(std::abs(table - real) < 1e-6);
    }
  }
}

TEST_CASE("the nearest input stays inside of its map") {
  OpConstants constants;
  for (const bool corners : {false, true}) {
    for (const bool centers : {false, true}) {
      constants.align_corners = corners;
      constants.half_pixel_centers = centers;
      for (std::int32_t in = 1; in < 20; ++in) {
        for (std::int32_t out = 1; out < 20; ++out) {
          for (std::int32_t at = 0; at < out; ++at) {
            const std::int32_t row = nearest_input(at, in, out, constants);
            CHECK((row >= 0 && row < in));
          }
        }
      }
    }
  }
}
