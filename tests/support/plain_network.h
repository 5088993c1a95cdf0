#pragma once
// A subnet as anybody would write it with torch's own modules: the yardstick of tests and
// benchmarks.

#include <torch/torch.h>

#include <vector>

#include "supernet/elastic_network.h"

namespace tinynas::testing {

/// One ConvBn [ReLU] out of torch's own modules, with copied weights.
inline torch::nn::Sequential plain_layer(const ConvBn& from, int stride, int groups, bool relu) {
  const auto kernel = from.weight.size(2);
  torch::nn::Conv2d conv(
      torch::nn::Conv2dOptions(from.weight.size(1) * groups, from.weight.size(0), kernel)
          .stride(stride)
          .padding(kernel / 2)
          .groups(groups)
          .bias(false));
  torch::nn::BatchNorm2d norm(torch::nn::BatchNorm2dOptions(from.weight.size(0)).eps(kBnEpsilon));
  torch::NoGradGuard no_grad;
  conv->weight.copy_(from.weight);
  norm->weight.copy_(from.gamma);
  norm->bias.copy_(from.beta);
  torch::nn::Sequential layer(conv, norm);
  if (relu) layer->push_back(torch::nn::ReLU());
  return layer;
}

/// A plain static network with copies of a subnet's weights.
class PlainNetwork {
 public:
  /// `channels_last`: weights and maps in that layout, as somebody who cares about speed would do.
  PlainNetwork(const SubnetProgram& program, bool channels_last)
      : program_(program), channels_last_(channels_last) {
    for (const SubnetLayer& layer : program.layers) {
      const auto groups = layer.depthwise ? layer.conv.weight.size(0) : 1;
      layers_.push_back(
          plain_layer(layer.conv, layer.stride, static_cast<int>(groups), layer.relu));
      if (channels_last) {
        torch::Tensor& weight = layers_.back()->ptr<torch::nn::Conv2dImpl>(0)->weight;
        weight.set_data(weight.contiguous(at::MemoryFormat::ChannelsLast));
      }
    }
  }

  /// Batch statistics, gathered as running averages (momentum 1 / batches), or the gathered ones.
  void train(bool on) {
    for (auto& layer : layers_) layer->train(on);
  }

  torch::Tensor forward(torch::Tensor x) {
    torch::Tensor shortcut;
    for (std::size_t i = 0; i < layers_.size(); ++i) {
      if (program_.layers[i].opens_shortcut) shortcut = x;
      x = layers_[i]->forward(x);
      // One-channel images leave the layout open; it is settled behind the stem.
      if (i == 0 && channels_last_) x = x.contiguous(at::MemoryFormat::ChannelsLast);
      if (program_.layers[i].closes_shortcut) x = x + shortcut;
    }
    return torch::linear(x.mean({2, 3}), program_.classifier_weight, program_.classifier_bias);
  }

 private:
  SubnetProgram program_;
  bool channels_last_;
  std::vector<torch::nn::Sequential> layers_;
};

}  // namespace tinynas::testing
