#pragma once
// Batch normalisation with the batch's own statistics, and the ReLU behind it, as one operator.

#include <torch/torch.h>

namespace tinynas {

struct NormalisedBatch {
  torch::Tensor map;             ///< (N, C, H, W), in the device's map_format
  torch::Tensor mean, variance;  ///< (C); biased; no gradient goes through them
};

/// x (N, C, H, W); gamma and beta (C). Differentiable once. Without `with_statistics` the
/// statistics may be undefined.
NormalisedBatch batch_norm_relu(const torch::Tensor& x, const torch::Tensor& gamma,
                                const torch::Tensor& beta, bool relu, double epsilon,
                                bool with_statistics);

}  // namespace tinynas
