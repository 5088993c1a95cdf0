#include "supernet/fake_quantisation.h"

namespace tinynas {
namespace {

torch::Tensor rounded(const torch::Tensor& values, const Tensor& grid) {
  return at::fake_quantize_per_tensor_affine(values, grid.scale, grid.zero_point, -128, 127);
}

/// A channel of zeros keeps a scale that divides.
torch::Tensor rounded_weights(const torch::Tensor& weight) {
  const torch::Tensor largest = weight.detach().abs().flatten(1).amax(1);
  const torch::Tensor scale = at::where(largest > 0, largest / 127, 1.0);
  return at::fake_quantize_per_channel_affine(weight, scale, at::zeros_like(scale, torch::kInt), 0,
                                              -127, 127);
}

}  // namespace

torch::Tensor forward_fake_quantised(const FoldedNetwork& network, const Graph& quantised,
                                     torch::Tensor x) {
  std::size_t op = 0;
  const auto output_rounded = [&](const torch::Tensor& values) {
    return rounded(values, quantised.tensors[quantised.ops[op++].output]);
  };
  torch::Tensor shortcut;
  x = rounded(x, quantised.tensors[quantised.input]);
  for (const FoldedLayer& layer : network.layers) {
    if (layer.opens_shortcut) shortcut = x;
    x = at::conv2d(x, rounded_weights(layer.weight), layer.bias, layer.stride, layer.padding, 1,
                   layer.groups);
    x = output_rounded(layer.relu ? x.relu_() : x);
    if (layer.closes_shortcut) x = output_rounded(x + shortcut);
  }
  x = output_rounded(x.mean({2, 3}));
  return output_rounded(
      at::linear(x, rounded_weights(network.classifier_weight), network.classifier_bias));
}

}  // namespace tinynas
