#include "supernet/fake_quantisation.h"

namespace tinynas {
namespace {

/// `values`, which gradients pass through to `from`.
torch::Tensor straight_through(const torch::Tensor& from, const torch::Tensor& values) {
  return from + (values - from.detach());
}

torch::Tensor rounded(const torch::Tensor& values, const Tensor& grid) {
  return at::fake_quantize_per_tensor_affine(values, grid.scale, grid.zero_point, -128, 127);
}

/// Means of whole steps often lie half-way between two, so the kernel's rule for these matters:
/// away from step 0. `x` was rounded to `grid`.
torch::Tensor rounded_mean(const torch::Tensor& x, const Tensor& grid) {
  const torch::Tensor steps = (x.detach() / grid.scale).round_();
  const torch::Tensor exact = steps.mean({2, 3}) + grid.zero_point;
  const torch::Tensor nearest = exact.sign() * (exact.abs() + 0.5).floor_();
  return straight_through(x.mean({2, 3}), (nearest - grid.zero_point) * grid.scale);
}

/// Weights, and a bias in units of input times weight scale.
struct RoundedWeights {
  torch::Tensor weight, bias;
};

/// A channel of zeros keeps a scale that divides.
RoundedWeights rounded_weights(const torch::Tensor& weight, const torch::Tensor& bias,
                               const Tensor& input) {
  const torch::Tensor largest = weight.detach().abs().flatten(1).amax(1);
  const torch::Tensor scale = at::where(largest > 0, largest / 127, 1.0);
  const torch::Tensor unit = scale * input.scale;
  return {at::fake_quantize_per_channel_affine(weight, scale, at::zeros_like(scale, torch::kInt), 0,
                                               -127, 127),
          straight_through(bias, (bias.detach() / unit).round_() * unit)};
}

}  // namespace

torch::Tensor forward_fake_quantised(const FoldedNetwork& network, const Graph& quantised,
                                     torch::Tensor x) {
  std::size_t op = 0;
  const Tensor* grid = &quantised.tensors[quantised.input];  // of x
  const auto made = [&] { return &quantised.tensors[quantised.ops[op++].output]; };
  torch::Tensor shortcut;
  const Tensor* shortcut_grid = nullptr;
  x = rounded(x, *grid);
  for (const FoldedLayer& layer : network.layers) {
    if (layer.opens_shortcut) {
      shortcut = x;
      shortcut_grid = grid;
    }
    torch::Tensor& map = layer.on_shortcut ? shortcut : x;
    const Tensor*& map_grid = layer.on_shortcut ? shortcut_grid : grid;
    const RoundedWeights with = rounded_weights(layer.weight, layer.bias, *map_grid);
    map = convolve(map, with.weight, with.bias, layer.stride, layer.groups);
    map_grid = made();
    map = rounded(layer.relu ? map.relu_() : map, *map_grid);
    if (!layer.closes_shortcut) continue;
    grid = made();
    const torch::Tensor sum = x + shortcut;
    x = rounded(layer.relu_after_sum ? sum.relu() : sum, *grid);
  }
  x = rounded_mean(x, *(grid = made()));
  const RoundedWeights with =
      rounded_weights(network.classifier_weight, network.classifier_bias, *grid);
  return rounded(at::linear(x, with.weight, with.bias), *made());
}

}  // namespace tinynas
