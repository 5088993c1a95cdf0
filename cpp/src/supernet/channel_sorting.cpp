#include "supernet/channel_sorting.h"

#include <set>

#include "supernet/phase_sampler.h"

namespace tinynas {
namespace {

/// Counts of channels at which subnets have been cut out, the full count among them.
using Cuts = std::set<std::int64_t>;

struct SupernetCuts {
  std::vector<Cuts> maps;      ///< of the stem, then of each stage
  std::vector<Cuts> expanded;  ///< of each block
  Cuts head;
};

void add_cuts(SupernetCuts& cuts, const Subnet& subnet) {
  cuts.maps[0].insert(subnet.stem_channels);
  for (std::size_t i = 0; i < subnet.blocks.size(); ++i) {
    const Block& block = subnet.blocks[i];
    cuts.maps[static_cast<std::size_t>(block.stage) + 1].insert(block.out_channels);
    cuts.expanded[i].insert(block.mid_channels);
  }
  cuts.head.insert(subnet.head_channels);
}

/// Two genes at a time are enough: a block's expanded channels follow from its expand ratio and one
/// width.
SupernetCuts cuts_of(const Supernet& supernet, const std::map<std::string, int>& elastic) {
  const SearchSpace& space = supernet.space();
  const std::vector<Gene>& genes = space.genes();
  SupernetCuts cuts;
  cuts.expanded.resize(supernet.largest().blocks.size());
  cuts.maps.resize(static_cast<std::size_t>(supernet.largest().blocks.back().stage) + 2);
  add_cuts(cuts, supernet.largest());
  std::vector<std::size_t> cutting;
  for (std::size_t i = 0; i < genes.size(); ++i) {
    if (const std::string axis = axis_of(genes[i]); axis == "width" || axis == "expand")
      cutting.push_back(i);
  }
  const Genotype largest = space.largest();
  for (const std::size_t first : cutting) {
    for (const std::size_t second : cutting) {
      Genotype genotype = largest;
      for (int a = least_choice(genes[first], elastic); a <= largest[first]; ++a) {
        for (int b = least_choice(genes[second], elastic); b <= largest[second]; ++b) {
          genotype[first] = static_cast<std::uint8_t>(a);
          genotype[second] = static_cast<std::uint8_t>(b);
          add_cuts(cuts, space.decode(space.canonical(genotype)));
        }
      }
    }
  }
  return cuts;
}

torch::Tensor input_importance(const torch::Tensor& weight) {
  return weight.abs().sum(weight.dim() == 4 ? at::IntArrayRef({0, 2, 3}) : at::IntArrayRef({0}));
}

/// Of the channels between each two cuts.
torch::Tensor descending_order(const torch::Tensor& importance, const Cuts& cuts) {
  std::vector<torch::Tensor> parts;
  std::int64_t from = 0;
  for (const std::int64_t to : cuts) {
    if (to == 0) continue;  // no head
    const torch::Tensor part = importance.slice(0, from, to);
    parts.push_back(std::get<1>(part.sort(/*stable=*/true, /*dim=*/0, /*descending=*/true)) + from);
    from = to;
  }
  return at::cat(parts);
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

void sort_expanded_channels(Supernet::BlockWeights& block, const Cuts& cuts) {
  if (!block.expand.weight.defined()) return;
  const torch::Tensor order = descending_order(input_importance(block.project.weight), cuts);
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
                      const std::vector<Supernet::BlockWeights*>& readers, const Cuts& cuts,
                      bool last) {
  torch::Tensor importance = torch::zeros_like(writers.front()->gamma);
  for (Supernet::BlockWeights* reader : readers) importance += reader_importance(*reader);
  torch::Tensor* tail = nullptr;
  if (last) {
    tail = supernet.head.weight.defined() ? &supernet.head.weight : &supernet.classifier_weight;
    importance += input_importance(*tail).narrow(0, 0, importance.size(0));
  }
  const torch::Tensor order = descending_order(importance, cuts);
  for (ConvBn* writer : writers) permute_outputs(*writer, order);
  for (Supernet::BlockWeights* reader : readers) permute_reader(*reader, order);
  if (tail != nullptr) {
    torch::Tensor columns = tail->narrow(1, 0, order.size(0));
    permute(columns, 1, order);
  }
}

}  // namespace

void sort_channels(Supernet& supernet, const std::map<std::string, int>& elastic) {
  torch::NoGradGuard no_grad;
  const std::vector<Block>& layout = supernet.largest().blocks;
  const SupernetCuts cuts = cuts_of(supernet, elastic);
  for (std::size_t i = 0; i < layout.size(); ++i)
    sort_expanded_channels(supernet.blocks[i], cuts.expanded[i]);

  std::vector<ConvBn*> writers{&supernet.stem};
  std::vector<Supernet::BlockWeights*> readers;
  for (std::size_t i = 0; i < layout.size(); ++i) {
    // Inside a stage every block reads what the one before wrote (and adds to it): one map, one
    // order.
    readers.push_back(&supernet.blocks[i]);
    if (layout[i].index == 0) {
      sort_feature_map(supernet, writers, readers,
                       cuts.maps[static_cast<std::size_t>(layout[i].stage)], /*last=*/false);
      writers.clear();
      readers.clear();
    }
    writers.push_back(&supernet.blocks[i].project);
  }
  // Where subnets with a head and without were trained, the classifier's first columns read both
  // maps, which one order of columns does not serve.
  if (supernet.head.weight.defined() && cuts.head.contains(0)) return;
  sort_feature_map(supernet, writers, readers, cuts.maps.back(), /*last=*/true);

  if (supernet.head.weight.defined()) {
    const auto channels = supernet.head.weight.size(0);
    torch::Tensor columns = supernet.classifier_weight.narrow(1, 0, channels);
    const torch::Tensor order = descending_order(input_importance(columns), cuts.head);
    permute_outputs(supernet.head, order);
    permute(columns, 1, order);
  }
}

}  // namespace tinynas
