#pragma once
// Depthwise convolution with a fast gradient of its weights on a CPU.

#include <torch/torch.h>

namespace tinynas {

/// Whether `depthwise_convolution` has something to gain: the gradient of `weight` (C, 1, k, k) is
/// wanted, and this device, type and k are known to depthwise_weight_gradient.
bool gains_by_depthwise_convolution(const torch::Tensor& x, const torch::Tensor& weight);

/// at::conv2d of x (N, C, H, W) with `weight` (C, 1, k, k), k / 2 pixels of padding and no bias;
/// the result is channels_last. Differentiable once.
torch::Tensor depthwise_convolution(const torch::Tensor& x, const torch::Tensor& weight,
                                    int stride);

}  // namespace tinynas
