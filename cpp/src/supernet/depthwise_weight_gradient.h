#pragma once
// Gradient of a depthwise convolution's weights on a CPU. LibTorch's takes some ten times as long
// as the forward pass (`scripts/bench training`), more than half of a training step.

#include <cstdint>

namespace tinynas {

/// Sizes of a depthwise convolution with square kernel and kernel / 2 pixels of padding.
struct DepthwiseShape {
  std::int64_t images = 0, channels = 0;
  std::int64_t height = 0, width = 0;          ///< of the input, in pixels
  std::int64_t out_height = 0, out_width = 0;  ///< of the output, in pixels
  std::int64_t kernel = 0, stride = 1;
};

/// Kernels that depthwise_weight_gradient knows: 3, 5 and 7.
bool has_depthwise_weight_gradient(std::int64_t kernel);

/// `input` (images, height, width, channels) and `gradient` (images, out_height, out_width,
/// channels) of the output, both dense in this order; `weights` takes (channels, kernel, kernel)
/// for the channels [first, last). Sums are taken image by image, so that they do not lose
/// precision with the batch. One thread; the channels of different calls are independent.
void depthwise_weight_gradient(const DepthwiseShape& shape, const float* input,
                               const float* gradient, float* weights, std::int64_t first,
                               std::int64_t last);

}  // namespace tinynas
