#pragma once
// Mixed precision: convolutions and matrix products in bfloat16, everything else in float32.

#include <torch/torch.h>

#include <functional>

#include "tinynas/trainer.h"

namespace tinynas {

/// Throws BadInput with the mend when the device does not compute in `precision`, or (a CPU without
/// bfloat16 instructions) only by emulation, which takes 12 to 120 times as long as float32.
void check_precision(Precision precision, torch::Device device);

/// Runs `forward`, which returns logits, with torch's autocast in this thread where `precision`
/// asks for it. Weights, statistics of batch norm (as the kernels sum them), logits and losses are
/// float32 all the same; bfloat16 has the exponents of float32, so gradients need no scaling.
torch::Tensor forward_in(Precision precision, torch::Device device,
                         const std::function<torch::Tensor()>& forward);

}  // namespace tinynas
