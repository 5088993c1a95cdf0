#pragma once
// A network in floats that rounds as its int8 network does, so that gradients see the rounding.

#include <torch/torch.h>

#include "supernet/elastic_network.h"
#include "tinynas/graph.h"

namespace tinynas {

/// Logits (N, classes) of `network` with weights and activations rounded to int8 steps: weights as
/// quantise() rounds them, a channel each, from their magnitudes now; activations to the scales and
/// zero points of `quantised`, the int8 graph of the same subnet; biases, sums and means too.
/// Gradients pass rounding unchanged and stop where a value is clamped (Jacob et al., CVPR 2018,
/// section 3.1).
torch::Tensor forward_fake_quantised(const FoldedNetwork& network, const Graph& quantised,
                                     torch::Tensor x);

}  // namespace tinynas
