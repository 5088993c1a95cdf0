#pragma once
// The supernet's weights and the subnets cut out of them. Slicing makes views: no weight is copied,
// gradients flow back into the supernet (Cai et al., "Once-for-all", ICLR 2020, section 3.3: centre
// crop of the kernel, first channels, first blocks).

#include <torch/torch.h>

#include <string>
#include <utility>
#include <vector>

#include "tinynas/search_space.h"

namespace tinynas {

using NamedTensors = std::vector<std::pair<std::string, torch::Tensor>>;

/// Convolution without bias, followed by batch normalisation with these parameters.
struct ConvBn {
  torch::Tensor weight;       ///< (out, in / groups, k, k)
  torch::Tensor gamma, beta;  ///< (out)
};

/// He-normal weights (out, in, kernel_h, kernel_w) and the identity of BN.
ConvBn random_conv(int out, int in, int kernel_h, int kernel_w, torch::Generator& generator);
/// (classes, features), close to zero.
torch::Tensor random_classifier(int classes, int features, torch::Generator& generator);

/// What happens around one convolution of a network, as in NetworkLayer; padding follows from the
/// kernel.
struct LayerFlow {
  int stride = 1;
  bool relu = true;
  bool opens_shortcut = false, on_shortcut = false, closes_shortcut = false;
  bool relu_after_sum = false;
};

/// One convolution of a subnet in execution order.
struct SubnetLayer : LayerFlow {
  ConvBn conv;  ///< views into the supernet, or plain tensors
  bool depthwise = false;
};

/// A subnet as a straight program: layers, global average pooling, classifier.
struct SubnetProgram {
  std::vector<SubnetLayer> layers;
  torch::Tensor classifier_weight;  ///< (classes, features)
  torch::Tensor classifier_bias;    ///< (classes)
};

/// Mean and variance of each layer of a SubnetProgram, in its order; they belong to the subnet,
/// never to the supernet.
struct BnStatistics {
  std::vector<torch::Tensor> mean, variance;
};

inline constexpr double kBnEpsilon = 1e-5;

/// Full weights of a search space. `slice` is const and thread-safe; replicas share storage but not
/// gradients, so that each training shard accumulates its own.
class Supernet {
 public:
  /// He-normal initialisation from `seed`, on the CPU. With `kernel_transforms` a depthwise kernel
  /// that is smaller than the largest is a learned linear map of the next larger one's centre, the
  /// same for all channels of a layer (Once-for-all, section 3.3); they begin as the identity.
  Supernet(const SearchSpace& space, std::uint64_t seed, bool kernel_transforms = false);

  const SearchSpace& space() const { return space_; }
  const Subnet& largest() const { return largest_; }
  bool has_kernel_transforms() const { return kernel_transforms_; }

  SubnetProgram slice(const Subnet& subnet) const;

  /// In a fixed order, with names such as "stage2.block0.depthwise.weight".
  NamedTensors parameters() const;
  /// Another Supernet over the same memory whose parameters are leaves of their own.
  Supernet replica() const;
  void to(torch::Device device);
  /// Memory of its own, shared with no other copy.
  void own();

  struct BlockWeights {
    ConvBn expand, depthwise, project;      ///< expand.weight is undefined where no subnet expands
    std::vector<torch::Tensor> transforms;  ///< (k*k, k*k) for k = largest kernel - 2, - 4, ... 3
  };
  /// Direct access for channel sorting and loading.
  ConvBn stem, head;                 ///< head.weight is undefined where the space has no head
  std::vector<BlockWeights> blocks;  ///< of the largest subnet, in its order
  torch::Tensor classifier_weight, classifier_bias;

 private:
  template <typename Visit>
  void visit_parameters(Visit visit);
  SearchSpace space_;
  Subnet largest_;
  std::vector<int> stage_first_block_;
  bool kernel_transforms_ = false;
};

/// Forward with the batch's own statistics (training, recalibration). `x`: (N, C, resolution,
/// resolution), normalised. When `statistics` is given, each layer's batch mean and biased variance
/// are appended to it. Returns logits (N, classes).
torch::Tensor forward_with_batch_statistics(const SubnetProgram& program, torch::Tensor x,
                                            BnStatistics* statistics = nullptr);

/// A convolution with BN folded in: what is deployed.
struct FoldedLayer : LayerFlow {
  torch::Tensor weight, bias;
  int groups = 1;
};
/// The convolution alone, with half the kernel as padding and ceil(in / stride) outputs.
torch::Tensor convolve(const torch::Tensor& x, const torch::Tensor& weight,
                       const torch::Tensor& bias, int stride, std::int64_t groups);
struct FoldedNetwork {
  std::vector<FoldedLayer> layers;
  torch::Tensor classifier_weight, classifier_bias;
};
FoldedNetwork fold_batch_norm(const SubnetProgram& program, const BnStatistics& statistics);
/// Returns logits (N, classes).
torch::Tensor forward(const FoldedNetwork& network, torch::Tensor x);

}  // namespace tinynas
