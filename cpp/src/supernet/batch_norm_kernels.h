#pragma once
// Batch normalisation and the ReLU behind it on a CPU, in as few passes over memory as there can
// be: three tensors read or written forward and five backward, where LibTorch's operators take six
// and eight (`scripts/bench training`). Everything is float32, (rows, channels) and dense; rows are
// images times pixels of a channels_last map. One thread.

#include <cstdint>

namespace tinynas {

/// Mean and biased variance of each channel, summed in small parts so that neither many rows nor a
/// mean far from 0 costs precision.
void batch_statistics(const float* x, std::int64_t rows, std::int64_t channels, float* mean,
                      float* variance);

/// y = x * scale + shift, and not less than 0 with `relu`.
void scale_and_shift(const float* x, std::int64_t rows, std::int64_t channels, const float* scale,
                     const float* shift, bool relu, float* y);

/// What the gradient of scale_and_shift needs, by channel; `scale` and `shift` as they were given.
struct NormalisedChannels {
  const float* mean;
  const float* inverse_deviation;
  const float* scale;
  const float* shift;
};

/// Gradients of y = relu((x - mean) * inverse_deviation * gamma + beta) with mean and deviation of
/// the batch: `of_x` (rows, channels), `of_gamma` and `of_beta` (channels).
void batch_norm_gradient(const float* x, const float* gradient, std::int64_t rows,
                         std::int64_t channels, const NormalisedChannels& forward, bool relu,
                         float* of_x, float* of_gamma, float* of_beta);

}  // namespace tinynas
