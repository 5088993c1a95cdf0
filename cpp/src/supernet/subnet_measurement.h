#pragma once
// One subnet on many images: BN recalibration and the numbers that come out.

#include <torch/torch.h>

#include "supernet/elastic_network.h"
#include "tinynas/evaluator.h"

namespace tinynas {

/// Statistics of each layer over `images` (N, C, H, W at the subnet's resolution): mean of batch
/// means, and E[x^2] - E[x]^2 from the batches' moments. Batches of a fixed size run as TBB tasks
/// and are summed in order: the result does not depend on threads.
BnStatistics recalibrate(const SubnetProgram& program, const torch::Tensor& images);

/// What is deployed of a subnet: BN recalibrated on `images` and folded into the convolutions.
FoldedNetwork recalibrated(const SubnetProgram& program, const torch::Tensor& images);

/// Class probabilities of a network, (N, classes) on its device.
torch::Tensor predict_probabilities(const FoldedNetwork& network, const torch::Tensor& images);

/// `teacher`: (N, classes) probabilities of the largest subnet; score = minus the mean
/// cross-entropy to them.
Measurement measure(const FoldedNetwork& network, const torch::Tensor& images,
                    const torch::Tensor& labels, const torch::Tensor& teacher);

}  // namespace tinynas
