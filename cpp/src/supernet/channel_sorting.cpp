#include "supernet/channel_sorting.h"

namespace tinynas {
namespace {

torch::Tensor input_importance(const torch::Tensor& weight) {
  return weight.abs().sum(weight.dim() == 4 ? at::IntArrayRef({0, 2, 3}) : at::IntArrayRef({0}));
}

torch::Tensor descending_order(const torch::Tensor& importance) {
  return std::get<1>(importance.sort(/*stable=*/true, /*dim=*/0, /*descending=*/true));
}

/// In place: replicas and optimisers keep seeing the same memory.
void permute(torch::Tensor& tensor, int dim, const torch::Tensor& order) {
  tensor.copy_(tensor.index_select(dim, order));
}

void permute_outputs(ConvBn& conv, const torch::Tensor& order) {
  permute(conv.weight, 0, order);
  permute(conv.gamma, 0, order);
  permute(conv.beta, 0, order);
}

void sort_expanded_channels(Supernet::BlockWeights& block) {
  if (!block.expand.weight.defined()) return;
  const torch::Tensor order = descending_order(input_importance(block.project.weight));
  permute_outputs(block.expand, order);
  permute_outputs(block.depthwise, order);
  permute(block.project.weight, 1, order);
}

/// What reads the feature map that stands before a block: its expansion, or its depthwise and
/// projection.
torch::Tensor reader_importance(const Supernet::BlockWeights& block) {
  return input_importance(block.expand.weight.defined() ? block.expand.weight
                                                        : block.project.weight);
}

void permute_reader(Supernet::BlockWeights& block, const torch::Tensor& order) {
  if (block.expand.weight.defined()) {
    permute(block.expand.weight, 1, order);
  } else {
    permute_outputs(block.depthwise, order);
    permute(block.project.weight, 1, order);
  }
}

/// The map that `writers` write and `readers` read gets one order; without readers left, head or
/// classifier read it.
void sort_feature_map(Supernet& supernet, const std::vector<ConvBn*>& writers,
                      const std::vector<Supernet::BlockWeights*>& readers, bool last) {
  torch::Tensor importance = torch::zeros_like(writers.front()->gamma);
  for (Supernet::BlockWeights* reader : readers) importance += reader_importance(*reader);
  torch::Tensor* tail = nullptr;
  if (last) {
    tail = supernet.head.weight.defined() ? &supernet.head.weight : &supernet.classifier_weight;
    importance += input_importance(*tail).narrow(0, 0, importance.size(0));
  }
  const torch::Tensor order = descending_order(importance);
  for (ConvBn* writer : writers) permute_outputs(*writer, order);
  for (Supernet::BlockWeights* reader : readers) permute_reader(*reader, order);
  if (tail != nullptr) {
    torch::Tensor columns = tail->narrow(1, 0, order.size(0));
    permute(columns, 1, order);
  }
}

}  // namespace

void sort_channels(Supernet& supernet) {
  torch::NoGradGuard no_grad;
  const std::vector<Block>& layout = supernet.largest().blocks;
  for (auto& block : supernet.blocks) sort_expanded_channels(block);

  std::vector<ConvBn*> writers{&supernet.stem};
  std::vector<Supernet::BlockWeights*> readers;
  for (std::size_t i = 0; i < layout.size(); ++i) {
    // Inside a stage every block reads what the one before wrote (and adds to it): one map, one
    // order.
    readers.push_back(&supernet.blocks[i]);
    if (layout[i].index == 0) {
      sort_feature_map(supernet, writers, readers, /*last=*/false);
      writers.clear();
      readers.clear();
    }
    writers.push_back(&supernet.blocks[i].project);
  }
  sort_feature_map(supernet, writers, readers, /*last=*/true);

  if (supernet.head.weight.defined()) {
    const auto channels = supernet.head.weight.size(0);
    torch::Tensor columns = supernet.classifier_weight.narrow(1, 0, channels);
    const torch::Tensor order = descending_order(input_importance(columns));
    permute_outputs(supernet.head, order);
    permute(columns, 1, order);
  }
}

}  // namespace tinynas
