#pragma once
// A subnet as the int8 network that would be deployed, and its accuracy.

#include <vector>

#include "supernet/elastic_network.h"
#include "supernet/image_batches.h"
#include "tinynas/evaluator.h"
#include "tinynas/quantize.h"

namespace tinynas {

/// The network in floats; `graph` is what it was lowered to.
FloatNetwork float_network(Graph graph, const FoldedNetwork& network);

/// The reverse for weights and biases: `network` computes what `floats` says.
void load_float_network(const FloatNetwork& floats, FoldedNetwork& network);

/// How each tensor of the graph is spread over `images` (N, C, H, W). The image itself counts with
/// all values that a byte can be.
std::vector<ActivationStatistics> measure_activations(const Graph& graph,
                                                      const FoldedNetwork& network,
                                                      const torch::Tensor& images,
                                                      const Normalisation& normalisation);

/// Images (N, C, H, W) of normalised floats as values of the quantised tensor `input`, NHWC;
/// generated C makes the same of pixels (quantised_pixels).
std::vector<std::int8_t> quantised_images(const Tensor& input, const torch::Tensor& images);

/// Accuracy and score (see measure()) of a quantised graph on images that are normalised floats.
Measurement measure_int8(const Graph& graph, const torch::Tensor& images,
                         const torch::Tensor& labels, const torch::Tensor& teacher);

/// Calibration images that ranges are taken from. `bench_quantise`: from 128 to 2,000 of them lose
/// the same accuracy within 0.1 points.
inline constexpr int kRangeImages = 512;
/// Validation images that ways to quantise are scored on: scores tell them apart with far fewer
/// images than accuracies do.
inline constexpr int kChoiceImages = 1000;

/// What a way to quantise is chosen with.
struct QuantisationImages {
  torch::Tensor calibration;  ///< kRangeImages, (N, C, H, W)
  LabelledImages choice;      ///< kChoiceImages
  torch::Tensor teacher;      ///< probabilities of those that int8 should come close to
};
/// Quantised in the way of all_quantisations() that scores best; of equals the first. All are
/// scored on a quarter of the images, the two best of these on the others too.
QuantisedNetwork quantise_best(const Graph& graph, const FoldedNetwork& network,
                               const Normalisation& normalisation,
                               const QuantisationImages& images);

}  // namespace tinynas
