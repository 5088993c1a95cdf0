#include "supernet/elastic_network.h"

#include "catch.h"
#include "plain_network.h"
#include "supernet/channel_sorting.h"
#include "supernet/phase_sampler.h"
#include "tiny_supernet.h"

namespace tinynas {
namespace {

using testing::headless_space;
using testing::plain_layer;
using testing::tiny_space;

torch::Tensor random_images(int count, int side, std::uint64_t seed) {
  auto generator = at::make_generator<at::CPUGeneratorImpl>(seed);
  return torch::empty({count, 1, side, side}).normal_(0.0, 1.0, generator);
}

/// Random gamma and beta too, so that a mistake in slicing them shows.
Supernet random_supernet(std::uint64_t seed, const SearchSpace& space = tiny_space()) {
  Supernet supernet(space, seed);
  auto generator = at::make_generator<at::CPUGeneratorImpl>(seed + 1);
  for (auto& [name, parameter] : supernet.parameters()) {
    if (parameter.dim() == 1) parameter.uniform_(0.5, 1.5, generator);
  }
  return supernet;
}

torch::Tensor logits(const Supernet& supernet, const Subnet& subnet, const torch::Tensor& x) {
  return forward_with_batch_statistics(supernet.slice(subnet), x);
}

/// The largest subnet written down layer by layer as a plain network.
torch::Tensor plain_largest(const Supernet& net, torch::Tensor x) {
  const Subnet& largest = net.largest();
  x = plain_layer(net.stem, largest.stem_stride, 1, true)->forward(x);
  for (std::size_t i = 0; i < largest.blocks.size(); ++i) {
    const Block& block = largest.blocks[i];
    const torch::Tensor input = x;
    if (block.expand_ratio != 1) x = plain_layer(net.blocks[i].expand, 1, 1, true)->forward(x);
    x = plain_layer(net.blocks[i].depthwise, block.stride, block.mid_channels, true)->forward(x);
    x = plain_layer(net.blocks[i].project, 1, 1, false)->forward(x);
    if (block.residual) x = x + input;
  }
  x = plain_layer(net.head, 1, 1, true)->forward(x);
  return torch::linear(x.mean({2, 3}), net.classifier_weight, net.classifier_bias);
}

/// Convolution by its definition, over the supernet's full weight: first channels, centre of the
/// kernel.
float hand_built_convolution(const torch::Tensor& x, const torch::Tensor& full, int kernel, int in,
                             bool depthwise, int stride, int n, int out, int oy, int ox) {
  const auto crop = (full.size(2) - kernel) / 2;
  double sum = 0;
  for (int c = 0; c < (depthwise ? 1 : in); ++c) {
    for (int ky = 0; ky < kernel; ++ky) {
      for (int kx = 0; kx < kernel; ++kx) {
        const int y = oy * stride + ky - kernel / 2, col = ox * stride + kx - kernel / 2;
        if (y < 0 || col < 0 || y >= x.size(2) || col >= x.size(3)) continue;
        sum += static_cast<double>(x[n][depthwise ? out : c][y][col].item<float>()) *
               full[out][c][ky + crop][kx + crop].item<float>();
      }
    }
  }
  return static_cast<float>(sum);
}

TEST_CASE("the largest subnet equals a plain network with the same weights") {
  const Supernet supernet = random_supernet(7);
  torch::NoGradGuard no_grad;
  const torch::Tensor x = random_images(16, 12, 3);
  const torch::Tensor ours = forward_with_batch_statistics(supernet.slice(supernet.largest()), x);
  const torch::Tensor plain = plain_largest(supernet, x);
  REQUIRE(ours.sizes() == plain.sizes());
  CHECK((ours - plain).abs().max().item<float>() < 1e-4f);
  CHECK(ours.abs().max().item<float>() > 1e-3f);
}

TEST_CASE("each slice equals a hand-built convolution") {
  const Supernet supernet = random_supernet(11);
  const SearchSpace& space = supernet.space();
  torch::NoGradGuard no_grad;
  for (std::uint64_t seed = 0; seed < 12; ++seed) {
    Rng rng(seed);
    const Subnet subnet = space.decode(space.sample(rng));
    const SubnetProgram program = supernet.slice(subnet);
    std::size_t layer = 1;  // after the stem
    for (const Block& block : subnet.blocks) {
      std::size_t full_index = 0;
      while (supernet.largest().blocks[full_index].stage != block.stage ||
             supernet.largest().blocks[full_index].index != block.index) {
        ++full_index;
      }
      const auto& full = supernet.blocks[full_index];
      auto check = [&](const ConvBn& whole, int in, int out, int kernel, int stride,
                       bool depthwise) {
        const SubnetLayer& sliced = program.layers.at(layer++);
        REQUIRE(sliced.conv.weight.size(0) == out);
        REQUIRE(sliced.depthwise == depthwise);
        REQUIRE(sliced.stride == stride);
        REQUIRE(sliced.conv.weight.storage().data() == whole.weight.storage().data());  // a view
        const torch::Tensor x = random_images(1, 5, seed).expand({1, in, 5, 5}) *
                                torch::arange(1, in + 1).view({1, in, 1, 1});
        const torch::Tensor y =
            convolve(x, sliced.conv.weight, {}, sliced.stride, depthwise ? in : 1);
        const int o = static_cast<int>(rng.below(out)), oy = static_cast<int>(rng.below(y.size(2))),
                  ox = static_cast<int>(rng.below(y.size(3)));
        const float expected =
            hand_built_convolution(x, whole.weight, kernel, in, depthwise, stride, 0, o, oy, ox);
        CHECK(y[0][o][oy][ox].item<float>() == Approx(expected).margin(2e-4));
        CHECK(torch::equal(sliced.conv.gamma, whole.gamma.narrow(0, 0, out)));
        CHECK(torch::equal(sliced.conv.beta, whole.beta.narrow(0, 0, out)));
      };
      if (block.expand_ratio != 1)
        check(full.expand, block.in_channels, block.mid_channels, 1, 1, false);
      check(full.depthwise, block.mid_channels, block.mid_channels, block.kernel, block.stride,
            true);
      check(full.project, block.mid_channels, block.out_channels, 1, 1, false);
    }
    CHECK(layer + (subnet.head_channels > 0 ? 1 : 0) == program.layers.size());
  }
}

TEST_CASE("gradients of a subnet reach its slice of the supernet and nothing else") {
  Supernet replica = random_supernet(5).replica();
  const Subnet subnet = replica.space().decode(replica.space().smallest());
  forward_with_batch_statistics(replica.slice(subnet), random_images(8, 8, 1))
      .square()
      .sum()
      .backward();
  const torch::Tensor gradient = replica.stem.weight.grad();
  REQUIRE(gradient.defined());
  CHECK(gradient.narrow(0, 0, subnet.stem_channels).abs().sum().item<float>() > 0);
  CHECK(gradient.narrow(0, subnet.stem_channels, gradient.size(0) - subnet.stem_channels)
            .abs()
            .sum()
            .item<float>() == 0);
  const torch::Tensor kernel = replica.blocks[1].depthwise.weight.grad();
  CHECK(kernel.select(3, 0).abs().sum().item<float>() == 0);         // 3x3 out of 7x7
  CHECK_FALSE(replica.blocks[2].depthwise.weight.grad().defined());  // depth 1
}

TEST_CASE("sorting channels leaves the largest subnet's logits as they were") {
  for (const char* head : {"with a head", "without"}) {
    INFO(head);
    Supernet supernet =
        random_supernet(21, std::string(head) == "without" ? headless_space() : tiny_space());
    torch::NoGradGuard no_grad;
    const torch::Tensor x = random_images(16, 12, 9);
    const Subnet smallest = supernet.space().decode(supernet.space().smallest());
    const torch::Tensor before = logits(supernet, supernet.largest(), x);
    const torch::Tensor small_before = logits(supernet, smallest, x);
    const torch::Tensor stem_before = supernet.stem.weight.clone();
    const torch::Tensor classifier_before = supernet.classifier_weight.clone();
    const torch::Tensor last_before = supernet.blocks.back().project.weight.clone();
    sort_channels(supernet, {});
    CHECK((before - logits(supernet, supernet.largest(), x)).abs().max().item<float>() < 1e-4f);
    // It did sort: smaller subnets changed, and importance descends.
    CHECK((small_before - logits(supernet, smallest, x)).abs().max().item<float>() > 1e-3f);
    CHECK_FALSE(torch::equal(stem_before, supernet.stem.weight));
    CHECK_FALSE(torch::equal(last_before, supernet.blocks.back().project.weight));
    const torch::Tensor mid = supernet.blocks[1].project.weight.abs().sum({0, 2, 3});
    CHECK((mid.slice(0, 1) <= mid.slice(0, 0, -1)).all().item<bool>());
    CHECK_FALSE(torch::equal(classifier_before, supernet.classifier_weight));
  }
}

TEST_CASE("sorting channels leaves subnets that were trained before as they were") {
  const int all = TrainingPhase::kAllChoices;
  const torch::Tensor x = random_images(16, 12, 9);
  torch::NoGradGuard no_grad;
  for (const bool widths : {false, true}) {
    INFO("widths trained: " << widths);
    Supernet supernet = random_supernet(22);
    const SearchSpace& space = supernet.space();
    TrainingPhase trained;
    trained.random_subnets = 12;
    trained.elastic = {{"kernel", all}, {"depth", all}, {"expand", all}};
    if (widths) trained.elastic["width"] = all;
    const std::function<bool(const Subnet&)> accepts;
    Rng rng(3, 0);
    std::vector<Subnet> subnets;
    for (const auto& drawn : PhaseSampler(space, trained, false, accepts).draw(rng))
      subnets.push_back(drawn.front());
    std::vector<torch::Tensor> before;
    for (const Subnet& subnet : subnets) before.push_back(logits(supernet, subnet, x));
    const Subnet smallest = space.decode(space.smallest());
    const torch::Tensor small_before = logits(supernet, smallest, x);
    const torch::Tensor mid_before = supernet.blocks[1].project.weight.clone();

    sort_channels(supernet, trained.elastic);
    for (std::size_t i = 0; i < subnets.size(); ++i) {
      CHECK((before[i] - logits(supernet, subnets[i], x)).abs().max().item<float>() < 1e-4f);
    }
    CHECK_FALSE(torch::equal(mid_before, supernet.blocks[1].project.weight));
    const float small_change =
        (small_before - logits(supernet, smallest, x)).abs().max().item<float>();
    if (widths) {
      CHECK(small_change < 1e-4f);
    } else {
      CHECK(small_change > 1e-3f);  // its widths are new
    }
  }
}

TEST_CASE("folded batch norm equals batch norm with the same statistics") {
  const Supernet supernet = random_supernet(33);
  torch::NoGradGuard no_grad;
  const torch::Tensor x = random_images(32, 12, 2);
  const SubnetProgram program = supernet.slice(supernet.largest());
  BnStatistics statistics;
  const torch::Tensor expected = forward_with_batch_statistics(program, x, &statistics);
  REQUIRE(statistics.mean.size() == program.layers.size());
  const torch::Tensor folded = forward(fold_batch_norm(program, statistics), x);
  CHECK((expected - folded).abs().max().item<float>() < 1e-4f);
}

TEST_CASE("a replica shares memory, not gradients") {
  Supernet supernet = random_supernet(1);
  Supernet a = supernet.replica(), b = supernet.replica();
  a.stem.weight.sum().backward();
  CHECK(a.stem.weight.grad().defined());
  CHECK_FALSE(b.stem.weight.grad().defined());
  torch::NoGradGuard no_grad;
  supernet.stem.weight.fill_(2);
  CHECK(b.stem.weight.eq(2).all().item<bool>());
}

}  // namespace
}  // namespace tinynas
