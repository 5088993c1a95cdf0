#include "supernet/elastic_network.h"

#include <array>
#include <cmath>

#include "supernet/batch_norm_relu.h"
#include "supernet/depthwise_convolution.h"
#include "supernet/device.h"
#include "tinynas/error.h"

namespace tinynas {
namespace {

using torch::indexing::Slice;

ConvBn make_conv(int out, int in, int kernel, torch::Generator& generator) {
  return random_conv(out, in, kernel, kernel, generator);
}

/// First `out` and `in` channels, centre `kernel` x `kernel`.
ConvBn slice_conv(const ConvBn& full, int out, int in, int kernel) {
  const auto crop = (full.weight.size(2) - kernel) / 2;
  ConvBn view;
  view.weight = full.weight.narrow(0, 0, out).narrow(1, 0, in);
  if (crop > 0) view.weight = view.weight.narrow(2, crop, kernel).narrow(3, crop, kernel);
  view.gamma = full.gamma.narrow(0, 0, out);
  view.beta = full.beta.narrow(0, 0, out);
  return view;
}

/// The centre of a depthwise kernel through the transforms of the sizes on the way to `kernel`.
torch::Tensor transformed_kernel(torch::Tensor weight, const std::vector<torch::Tensor>& transforms,
                                 int kernel) {
  for (const torch::Tensor& transform : transforms) {
    const auto side = weight.size(2) - 2;
    if (side < kernel) break;
    const torch::Tensor centre = weight.narrow(2, 1, side).narrow(3, 1, side);
    weight = at::linear(centre.reshape({-1, side * side}), transform).view({-1, 1, side, side});
  }
  return weight;
}

template <typename Visit>
void visit_conv(const std::string& name, ConvBn& conv, Visit visit) {
  if (!conv.weight.defined()) return;
  visit(name + ".weight", conv.weight);
  visit(name + ".gamma", conv.gamma);
  visit(name + ".beta", conv.beta);
}

}  // namespace

ConvBn random_conv(int out, int in, int kernel_h, int kernel_w, torch::Generator& generator) {
  ConvBn conv;
  const double fan_out = static_cast<double>(out) * kernel_h * kernel_w / (in == 1 ? out : 1);
  conv.weight =
      torch::empty({out, in, kernel_h, kernel_w}).normal_(0.0, std::sqrt(2.0 / fan_out), generator);
  conv.gamma = torch::ones({out});
  conv.beta = torch::zeros({out});
  return conv;
}

torch::Tensor random_classifier(int classes, int features, torch::Generator& generator) {
  return torch::empty({classes, features}).normal_(0.0, 0.01, generator);
}

Supernet::Supernet(const SearchSpace& space, std::uint64_t seed, bool kernel_transforms)
    : space_(space),
      largest_(space.decode(space.largest())),
      kernel_transforms_(kernel_transforms) {
  auto generator = at::make_generator<at::CPUGeneratorImpl>(seed);
  stem =
      make_conv(largest_.stem_channels, largest_.image_channels, largest_.stem_kernel, generator);
  int features = largest_.stem_channels;
  for (const Block& block : largest_.blocks) {
    if (block.index == 0) stage_first_block_.push_back(static_cast<int>(blocks.size()));
    BlockWeights weights;
    if (block.expand_ratio != 1)
      weights.expand = make_conv(block.mid_channels, block.in_channels, 1, generator);
    weights.depthwise = make_conv(block.mid_channels, 1, block.kernel, generator);
    weights.project = make_conv(block.out_channels, block.mid_channels, 1, generator);
    for (int side = block.kernel - 2; kernel_transforms && side >= 3; side -= 2)
      weights.transforms.push_back(torch::eye(static_cast<std::int64_t>(side) * side));
    blocks.push_back(std::move(weights));
    features = block.out_channels;
  }
  if (largest_.head_channels > 0) {
    head = make_conv(largest_.head_channels, features, 1, generator);
    // Subnets without head convolution feed the last stage's channels to the same classifier.
    features = std::max(features, largest_.head_channels);
  }
  classifier_weight = random_classifier(largest_.classes, features, generator);
  classifier_bias = torch::zeros({largest_.classes});
}

SubnetProgram Supernet::slice(const Subnet& subnet) const {
  SubnetProgram program;
  program.layers.reserve(3 * subnet.blocks.size() + 2);
  auto add = [&](const ConvBn& full, int out, int in, int kernel, int stride, bool depthwise,
                 bool relu) {
    SubnetLayer layer;
    layer.conv = slice_conv(full, out, in, kernel);
    layer.stride = stride;
    layer.depthwise = depthwise;
    layer.relu = relu;
    program.layers.push_back(std::move(layer));
  };
  add(stem, subnet.stem_channels, subnet.image_channels, subnet.stem_kernel, subnet.stem_stride,
      false, true);
  int features = subnet.stem_channels;
  for (const Block& block : subnet.blocks) {
    const BlockWeights& full = blocks.at(stage_first_block_.at(block.stage) + block.index);
    const std::size_t first = program.layers.size();
    if (block.expand_ratio != 1)
      add(full.expand, block.mid_channels, block.in_channels, 1, 1, false, true);
    if (full.transforms.empty()) {
      add(full.depthwise, block.mid_channels, 1, block.kernel, block.stride, true, true);
    } else {
      ConvBn depthwise = full.depthwise;
      depthwise.weight = transformed_kernel(full.depthwise.weight.narrow(0, 0, block.mid_channels),
                                            full.transforms, block.kernel);
      add(depthwise, block.mid_channels, 1, block.kernel, block.stride, true, true);
    }
    add(full.project, block.out_channels, block.mid_channels, 1, 1, false, false);
    if (block.residual) {
      program.layers[first].opens_shortcut = true;
      program.layers.back().closes_shortcut = true;
    }
    features = block.out_channels;
  }
  if (subnet.head_channels > 0) {
    add(head, subnet.head_channels, features, 1, 1, false, true);
    features = subnet.head_channels;
  }
  program.classifier_weight = classifier_weight.narrow(1, 0, features);
  program.classifier_bias = classifier_bias;
  return program;
}

template <typename Visit>
void Supernet::visit_parameters(Visit visit) {
  visit_conv("stem", stem, visit);
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    const Block& block = largest_.blocks[i];
    const std::string name =
        "stage" + std::to_string(block.stage) + ".block" + std::to_string(block.index);
    visit_conv(name + ".expand", blocks[i].expand, visit);
    visit_conv(name + ".depthwise", blocks[i].depthwise, visit);
    visit_conv(name + ".project", blocks[i].project, visit);
    for (torch::Tensor& transform : blocks[i].transforms) {
      const auto side = std::llround(std::sqrt(static_cast<double>(transform.size(0))));
      visit(name + ".transform" + std::to_string(side), transform);
    }
  }
  visit_conv("head", head, visit);
  visit("classifier.weight", classifier_weight);
  visit("classifier.bias", classifier_bias);
}

NamedTensors Supernet::parameters() const {
  NamedTensors list;
  Supernet handles = *this;  // copies tensor handles only
  handles.visit_parameters(
      [&](std::string name, torch::Tensor& t) { list.emplace_back(std::move(name), t); });
  return list;
}

Supernet Supernet::replica() const {
  Supernet copy = *this;
  copy.visit_parameters(
      [](const std::string&, torch::Tensor& t) { t = t.detach().requires_grad_(true); });
  return copy;
}

void Supernet::to(torch::Device device) {
  visit_parameters([&](const std::string&, torch::Tensor& t) { t = t.detach().to(device); });
}

void Supernet::own() {
  visit_parameters([](const std::string&, torch::Tensor& t) { t = t.detach().clone(); });
}

torch::Tensor convolve(const torch::Tensor& x, const torch::Tensor& weight,
                       const torch::Tensor& bias, int stride, std::int64_t groups) {
  if (!bias.defined() && gains_by_depthwise_convolution(x, weight)) {
    return depthwise_convolution(x, weight, stride);
  }
  const std::int64_t height = weight.size(2), width = weight.size(3);
  if (stride > 1 && height == 1 && width == 1) {
    // Pixels are left out here: oneDNN (torch 2.13), which does it itself on processors with AVX2
    // and no AVX-512, has wrong gradients and writes behind its buffer where channels are not in
    // eights (valgrind: jit_avx2_1x1_convolution_bwd_weights).
    const torch::Tensor kept = x.slice(2, {}, {}, stride).slice(3, {}, {}, stride);
    return at::conv2d(kept, weight, bias, 1, at::IntArrayRef(0), 1, groups);
  }
  const torch::Tensor y =
      at::conv2d(x, weight, bias, stride, std::array{height / 2, width / 2}, 1, groups);
  // An even kernel can have one window too many.
  const auto outputs = [&](std::int64_t axis) { return (x.size(axis) + stride - 1) / stride; };
  if (y.size(2) == outputs(2) && y.size(3) == outputs(3)) return y;
  return y.narrow(2, 0, outputs(2)).narrow(3, 0, outputs(3));
}

torch::Tensor forward_with_batch_statistics(const SubnetProgram& program, torch::Tensor x,
                                            BnStatistics* statistics) {
  torch::Tensor shortcut;
  for (const SubnetLayer& layer : program.layers) {
    if (layer.opens_shortcut) shortcut = x;
    torch::Tensor& map = layer.on_shortcut ? shortcut : x;
    const auto groups = layer.depthwise ? layer.conv.weight.size(0) : 1;
    map = convolve(map, layer.conv.weight, {}, layer.stride, groups);
    NormalisedBatch batch = batch_norm_relu(map, layer.conv.gamma, layer.conv.beta, layer.relu,
                                            kBnEpsilon, statistics != nullptr);
    if (statistics != nullptr) {
      statistics->mean.push_back(batch.mean);
      statistics->variance.push_back(batch.variance);
    }
    map = std::move(batch.map);
    if (layer.closes_shortcut) x = x + shortcut;
    if (layer.relu_after_sum) x.relu_();
  }
  return at::linear(x.mean({2, 3}), program.classifier_weight, program.classifier_bias);
}

FoldedNetwork fold_batch_norm(const SubnetProgram& program, const BnStatistics& statistics) {
  FoldedNetwork network;
  network.layers.reserve(program.layers.size());
  for (std::size_t i = 0; i < program.layers.size(); ++i) {
    const SubnetLayer& layer = program.layers[i];
    const torch::Tensor scale = layer.conv.gamma / (statistics.variance[i] + kBnEpsilon).sqrt();
    FoldedLayer folded{layer, {}, {}};
    folded.weight =
        (layer.conv.weight * scale.view({-1, 1, 1, 1})).contiguous(map_format(scale.device()));
    folded.bias = layer.conv.beta - statistics.mean[i] * scale;
    folded.groups = layer.depthwise ? static_cast<int>(layer.conv.weight.size(0)) : 1;
    network.layers.push_back(std::move(folded));
  }
  network.classifier_weight = program.classifier_weight;
  network.classifier_bias = program.classifier_bias;
  return network;
}

torch::Tensor forward(const FoldedNetwork& network, torch::Tensor x) {
  torch::Tensor shortcut;
  for (const FoldedLayer& layer : network.layers) {
    if (layer.opens_shortcut) shortcut = x;
    torch::Tensor& map = layer.on_shortcut ? shortcut : x;
    map = convolve(map, layer.weight, layer.bias, layer.stride, layer.groups);
    if (layer.relu) map.relu_();
    if (layer.closes_shortcut) x += shortcut;
    if (layer.relu_after_sum) x.relu_();
  }
  return at::linear(x.mean({2, 3}), network.classifier_weight, network.classifier_bias);
}

}  // namespace tinynas
