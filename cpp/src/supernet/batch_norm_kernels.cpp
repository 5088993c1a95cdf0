#include "supernet/batch_norm_kernels.h"

#include <algorithm>
#include <limits>
#include <vector>

#include "base/vector_clones.h"

namespace tinynas {
namespace {

/// Rows that stay in the first cache from one reading to the next.
std::int64_t rows_of_a_part(std::int64_t channels) {
  constexpr std::int64_t kFloats = 4096;
  return std::max<std::int64_t>(kFloats / channels, 1);
}

TINYNAS_VECTOR_CLONES void add_rows(const float* x, std::int64_t rows, std::int64_t channels,
                                    float* __restrict sums) {
  for (std::int64_t row = 0; row < rows; ++row, x += channels) {
    for (std::int64_t c = 0; c < channels; ++c) sums[c] += x[c];
  }
}

TINYNAS_VECTOR_CLONES void add_squares(const float* x, std::int64_t rows, std::int64_t channels,
                                       const float* __restrict mean, float* __restrict squares) {
  for (std::int64_t row = 0; row < rows; ++row, x += channels) {
    for (std::int64_t c = 0; c < channels; ++c) squares[c] += (x[c] - mean[c]) * (x[c] - mean[c]);
  }
}

TINYNAS_VECTOR_CLONES void scale_rows(const float* __restrict x, std::int64_t rows,
                                      std::int64_t channels, const float* __restrict scale,
                                      const float* __restrict shift, float least,
                                      float* __restrict y) {
  for (std::int64_t row = 0; row < rows; ++row, x += channels, y += channels) {
    for (std::int64_t c = 0; c < channels; ++c) {
      const float value = x[c] * scale[c] + shift[c];
      y[c] = value < least ? least : value;
    }
  }
}

/// Sums of the gradient and of its products with the normalised input, where the output was above
/// `least`.
TINYNAS_VECTOR_CLONES void add_products(const float* __restrict x, const float* __restrict gradient,
                                        std::int64_t rows, std::int64_t channels,
                                        const NormalisedChannels& forward, float least,
                                        float* __restrict sums, float* __restrict products) {
  const float* __restrict mean = forward.mean;
  const float* __restrict scale = forward.scale;
  const float* __restrict shift = forward.shift;
  for (std::int64_t row = 0; row < rows; ++row, x += channels, gradient += channels) {
    for (std::int64_t c = 0; c < channels; ++c) {
      const float passed = x[c] * scale[c] + shift[c] > least ? gradient[c] : 0.0F;
      sums[c] += passed;
      products[c] += passed * (x[c] - mean[c]);
    }
  }
}

/// of_x = passed gradient * scale + x * by_input + constant.
TINYNAS_VECTOR_CLONES void gradient_rows(const float* __restrict x,
                                         const float* __restrict gradient, std::int64_t rows,
                                         std::int64_t channels, const NormalisedChannels& forward,
                                         float least, const float* __restrict by_input,
                                         const float* __restrict constant, float* __restrict of_x) {
  const float* __restrict mean = forward.mean;
  const float* __restrict scale = forward.scale;
  const float* __restrict shift = forward.shift;
  for (std::int64_t row = 0; row < rows;
       ++row, x += channels, gradient += channels, of_x += channels) {
    for (std::int64_t c = 0; c < channels; ++c) {
      const float passed = x[c] * scale[c] + shift[c] > least ? gradient[c] : 0.0F;
      of_x[c] = passed * scale[c] + (x[c] - mean[c]) * by_input[c] + constant[c];
    }
  }
}

/// Below every float: without ReLU everything passes.
float least_output(bool relu) { return relu ? 0.0F : -std::numeric_limits<float>::infinity(); }

}  // namespace

void batch_statistics(const float* x, std::int64_t rows, std::int64_t channels, float* mean,
                      float* variance) {
  // Chan, Golub and LeVeque, "Updating formulae and a pairwise algorithm for computing sample
  // variances", 1979: parts are merged by their means and sums of squares.
  const auto count = static_cast<std::size_t>(channels);
  std::vector<float> part_mean(count), part_squares(count);
  std::vector<double> means(count), squares(count);
  const std::int64_t part = rows_of_a_part(channels);
  for (std::int64_t done = 0; done < rows; done += part) {
    const std::int64_t now = std::min(part, rows - done);
    const float* from = x + done * channels;
    std::ranges::fill(part_mean, 0.0F);
    std::ranges::fill(part_squares, 0.0F);
    add_rows(from, now, channels, part_mean.data());
    for (float& value : part_mean) value /= static_cast<float>(now);
    add_squares(from, now, channels, part_mean.data(), part_squares.data());
    const auto all = static_cast<double>(done + now);
    const double share = static_cast<double>(now) / all;
    for (std::size_t c = 0; c < count; ++c) {
      const double difference = static_cast<double>(part_mean[c]) - means[c];
      means[c] += difference * share;
      squares[c] += static_cast<double>(part_squares[c]) +
                    difference * difference * static_cast<double>(done) * share;
    }
  }
  for (std::size_t c = 0; c < count; ++c) {
    mean[c] = static_cast<float>(means[c]);
    variance[c] = static_cast<float>(squares[c] / static_cast<double>(rows));
  }
}

void scale_and_shift(const float* x, std::int64_t rows, std::int64_t channels, const float* scale,
                     const float* shift, bool relu, float* y) {
  scale_rows(x, rows, channels, scale, shift, least_output(relu), y);
}

void batch_norm_gradient(const float* x, const float* gradient, std::int64_t rows,
                         std::int64_t channels, const NormalisedChannels& forward, bool relu,
                         float* of_x, float* of_gamma, float* of_beta) {
  const auto count = static_cast<std::size_t>(channels);
  const float least = least_output(relu);
  std::vector<float> part_sums(count), part_products(count), by_input(count), constant(count);
  std::vector<double> sums(count), products(count);
  const std::int64_t part = rows_of_a_part(channels);
  for (std::int64_t done = 0; done < rows; done += part) {
    const std::int64_t now = std::min(part, rows - done);
    std::ranges::fill(part_sums, 0.0F);
    std::ranges::fill(part_products, 0.0F);
    add_products(x + done * channels, gradient + done * channels, now, channels, forward, least,
                 part_sums.data(), part_products.data());
    for (std::size_t c = 0; c < count; ++c) {
      sums[c] += static_cast<double>(part_sums[c]);
      products[c] += static_cast<double>(part_products[c]);
    }
  }
  for (std::size_t c = 0; c < count; ++c) {
    const auto deviation = static_cast<double>(forward.inverse_deviation[c]);
    const auto scale = static_cast<double>(forward.scale[c]);
    of_beta[c] = static_cast<float>(sums[c]);
    of_gamma[c] = static_cast<float>(products[c] * deviation);
    const auto all = static_cast<double>(rows);
    by_input[c] = static_cast<float>(-scale * deviation * deviation * products[c] / all);
    constant[c] = static_cast<float>(-scale * sums[c] / all);
  }
  gradient_rows(x, gradient, rows, channels, forward, least, by_input.data(), constant.data(),
                of_x);
}

}  // namespace tinynas
