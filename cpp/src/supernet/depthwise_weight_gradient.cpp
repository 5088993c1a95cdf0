#include "supernet/depthwise_weight_gradient.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

namespace tinynas {
namespace {

/// A few channels of one pixel: one vector register.
template <int lanes>
struct alignas(lanes * sizeof(float)) Lanes {
  using Register [[gnu::vector_size(lanes * sizeof(float))]] = float;
  Register value{};
};

/// `lanes` channels of one image: the input with its padding, the output's gradient.
template <int lanes>
struct Block {
  std::int64_t width, out_height, out_width, stride;  ///< `width` with padding
  const Lanes<lanes>* input;
  const Lanes<lanes>* gradient;
};

/// Rows [first, kernel) of the kernel, as many at once as have their sums in registers.
template <int lanes, int registers, int kernel, int first = 0>
[[gnu::always_inline]] inline void add_image(const Block<lanes>& block, Lanes<lanes>* sums) {
  constexpr int kRows = std::min(std::max(registers / kernel, 1), kernel - first);
  typename Lanes<lanes>::Register part[kRows][kernel] = {};
  for (std::int64_t y = 0; y < block.out_height; ++y) {
    const Lanes<lanes>* row = block.input + (y * block.stride + first) * block.width;
    const Lanes<lanes>* gradients = block.gradient + y * block.out_width;
    for (std::int64_t x = 0; x < block.out_width; ++x) {
      const auto gradient = gradients[x].value;
      const Lanes<lanes>* window = row + x * block.stride;
#pragma GCC unroll 7
      for (int ky = 0; ky < kRows; ++ky) {
#pragma GCC unroll 7
        for (int kx = 0; kx < kernel; ++kx) {
          part[ky][kx] += gradient * window[ky * block.width + kx].value;
        }
      }
    }
  }
  for (int ky = 0; ky < kRows; ++ky) {
    for (int kx = 0; kx < kernel; ++kx) sums[(first + ky) * kernel + kx].value += part[ky][kx];
  }
  if constexpr (first + kRows < kernel) {
    add_image<lanes, registers, kernel, first + kRows>(block, sums);
  }
}

/// Channels [first, first + count) of a row of pixels, `channels` apart, side by side.
template <int lanes>
[[gnu::always_inline]] inline void pack(const float* pixels, std::int64_t width,
                                        std::int64_t channels, std::int64_t count,
                                        Lanes<lanes>* to) {
  const auto bytes = static_cast<std::size_t>(count) * sizeof(float);
  for (std::int64_t x = 0; x < width; ++x) {
    if (count == lanes) {
      std::memcpy(&to[x].value, pixels + x * channels, lanes * sizeof(float));
    } else {
      std::memcpy(&to[x].value, pixels + x * channels, bytes);
    }
  }
}

template <int lanes, int registers, int kernel>
[[gnu::always_inline]] inline void gradient_of(const DepthwiseShape& shape, const float* input,
                                               const float* gradient, float* weights,
                                               std::int64_t first, std::int64_t last) {
  constexpr std::int64_t kPad = kernel / 2;
  // An even input at stride 2 leaves its last padding unread; the reach says what is read.
  const std::int64_t width =
      std::max((shape.out_width - 1) * shape.stride + kernel, shape.width + kPad);
  const std::int64_t height =
      std::max((shape.out_height - 1) * shape.stride + kernel, shape.height + kPad);
  const std::int64_t outputs = shape.out_height * shape.out_width;
  std::vector<Lanes<lanes>> padded(static_cast<std::size_t>(height * width));
  std::vector<Lanes<lanes>> gradients(static_cast<std::size_t>(outputs));
  std::vector<std::array<Lanes<lanes>, kernel * kernel>> sums(
      static_cast<std::size_t>((last - first + lanes - 1) / lanes));
  // One image after another, so that the channels of a pixel come from the cache.
  for (std::int64_t image = 0; image < shape.images; ++image) {
    for (std::int64_t channel = first; channel < last; channel += lanes) {
      const std::int64_t count = std::min<std::int64_t>(lanes, last - channel);
      for (std::int64_t y = 0; y < shape.height; ++y) {
        pack(input + ((image * shape.height + y) * shape.width) * shape.channels + channel,
             shape.width, shape.channels, count, padded.data() + (y + kPad) * width + kPad);
      }
      pack(gradient + image * outputs * shape.channels + channel, outputs, shape.channels, count,
           gradients.data());
      add_image<lanes, registers, kernel>(
          {width, shape.out_height, shape.out_width, shape.stride, padded.data(), gradients.data()},
          sums[static_cast<std::size_t>((channel - first) / lanes)].data());
    }
  }
  for (std::int64_t channel = first; channel < last; ++channel) {
    const auto& of_block = sums[static_cast<std::size_t>((channel - first) / lanes)];
    for (std::size_t i = 0; i < of_block.size(); ++i) {
      weights[channel * kernel * kernel + static_cast<std::int64_t>(i)] =
          of_block[i].value[(channel - first) % lanes];
    }
  }
}

/// Registers are those of the vector unit less what the products need.
template <int lanes, int registers>
[[gnu::always_inline]] inline void gradient_on(const DepthwiseShape& shape, const float* input,
                                               const float* gradient, float* weights,
                                               std::int64_t first, std::int64_t last) {
  if (shape.kernel == 3) {
    gradient_of<lanes, registers, 3>(shape, input, gradient, weights, first, last);
  } else if (shape.kernel == 5) {
    gradient_of<lanes, registers, 5>(shape, input, gradient, weights, first, last);
  } else {
    gradient_of<lanes, registers, 7>(shape, input, gradient, weights, first, last);
  }
}

using WeightGradient = decltype(&depthwise_weight_gradient);

void with_any_vectors(const DepthwiseShape& shape, const float* input, const float* gradient,
                      float* weights, std::int64_t first, std::int64_t last) {
  gradient_on<4, 14>(shape, input, gradient, weights, first, last);
}

#if defined(__x86_64__)
__attribute__((target("avx2,fma"))) void with_avx2(const DepthwiseShape& shape, const float* input,
                                                   const float* gradient, float* weights,
                                                   std::int64_t first, std::int64_t last) {
  gradient_on<8, 14>(shape, input, gradient, weights, first, last);
}

__attribute__((target("avx512f,fma"))) void with_avx512(const DepthwiseShape& shape,
                                                        const float* input, const float* gradient,
                                                        float* weights, std::int64_t first,
                                                        std::int64_t last) {
  gradient_on<16, 28>(shape, input, gradient, weights, first, last);
}
#endif

WeightGradient choose() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f")) return with_avx512;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return with_avx2;
#endif
  return with_any_vectors;
}

}  // namespace

bool has_depthwise_weight_gradient(std::int64_t kernel) {
  return kernel == 3 || kernel == 5 || kernel == 7;
}

void depthwise_weight_gradient(const DepthwiseShape& shape, const float* input,
                               const float* gradient, float* weights, std::int64_t first,
                               std::int64_t last) {
  static const WeightGradient chosen = choose();
  chosen(shape, input, gradient, weights, first, last);
}

}  // namespace tinynas
