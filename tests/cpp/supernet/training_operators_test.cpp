// The operators of training with gradients of their own, against LibTorch's.

#include <array>

#include "catch.h"
#include "supernet/batch_norm_relu.h"
#include "supernet/depthwise_convolution.h"
#include "supernet/elastic_network.h"
#include "supernet/training_step.h"

namespace tinynas {
namespace {

torch::Tensor random_map(at::IntArrayRef sizes, std::uint64_t seed, double mean = 0.0) {
  auto generator = at::make_generator<at::CPUGeneratorImpl>(seed);
  return torch::empty(sizes).normal_(mean, 1.0, generator);
}

torch::Tensor leaf(const torch::Tensor& value) { return value.detach().clone().requires_grad_(); }

/// Greatest difference as a share of the greatest value.
double distance(const torch::Tensor& ours, const torch::Tensor& theirs) {
  REQUIRE(ours.sizes() == theirs.sizes());
  const double most = theirs.abs().max().item<double>();
  return (ours - theirs).abs().max().item<double>() / std::max(most, 1e-12);
}

TEST_CASE("depthwise convolution has LibTorch's outputs and gradients") {
  struct Case {
    int channels, height, width, kernel, stride;
  };
  // Channels around the widths of vector registers, maps smaller than the kernel, odd and even.
  for (const Case& c : {Case{1, 6, 5, 3, 1}, Case{3, 8, 8, 3, 2}, Case{8, 7, 7, 5, 1},
                        Case{16, 9, 6, 5, 2}, Case{20, 8, 8, 7, 1}, Case{33, 11, 12, 7, 2},
                        Case{5, 2, 3, 7, 1}, Case{17, 1, 1, 5, 1}, Case{40, 12, 12, 3, 1}}) {
    INFO(c.channels << " channels, " << c.height << " x " << c.width << ", kernel " << c.kernel
                    << ", stride " << c.stride);
    const torch::Tensor x = random_map({3, c.channels, c.height, c.width}, 1);
    const torch::Tensor weight = random_map({c.channels, 1, c.kernel, c.kernel}, 2);
    const torch::Tensor our_x = leaf(x), our_weight = leaf(weight);
    const torch::Tensor their_x = leaf(x), their_weight = leaf(weight);
    const auto map = our_x.contiguous(at::MemoryFormat::ChannelsLast);
    REQUIRE(gains_by_depthwise_convolution(map, our_weight));
    const torch::Tensor ours = depthwise_convolution(map, our_weight, c.stride);
    const torch::Tensor theirs =
        at::conv2d(their_x, their_weight, {}, c.stride, c.kernel / 2, 1, c.channels);
    CHECK(distance(ours.detach(), theirs.detach()) < 1e-5);
    const torch::Tensor upstream = random_map(ours.sizes(), 3);
    ours.backward(upstream);
    theirs.backward(upstream);
    CHECK(distance(our_x.grad(), their_x.grad()) < 1e-5);
    CHECK(distance(our_weight.grad(), their_weight.grad()) < 1e-5);
  }
}

// With AVX2 alone, LibTorch's own has wrong gradients and damages the heap.
TEST_CASE("pointwise convolution with a stride has LibTorch's outputs and gradients") {
  struct Case {
    int inputs, outputs, size;
  };
  for (const Case& c : {Case{6, 10, 12}, Case{6, 10, 11}, Case{3, 17, 8}, Case{16, 8, 7}}) {
    INFO(c.inputs << " to " << c.outputs << " channels, " << c.size << " x " << c.size);
    const torch::Tensor x = random_map({24, c.inputs, c.size, c.size}, 6);
    const torch::Tensor weight = random_map({c.outputs, c.inputs, 1, 1}, 7);
    const torch::Tensor exact_x = leaf(x.to(at::kDouble)), exact = leaf(weight.to(at::kDouble));
    const torch::Tensor theirs = at::conv2d(exact_x, exact, {}, 2);
    const torch::Tensor upstream = random_map(theirs.sizes(), 8);
    theirs.backward(upstream.to(at::kDouble));
    for (int time = 0; time < 50; ++time) {
      const torch::Tensor our_x = leaf(x), our_weight = leaf(weight);
      const torch::Tensor ours =
          convolve(our_x.contiguous(at::MemoryFormat::ChannelsLast), our_weight, {}, 2, 1);
      CHECK(distance(ours.detach(), theirs.detach()) < 1e-5);
      ours.backward(upstream);
      CHECK(distance(our_x.grad(), exact_x.grad()) < 1e-5);
      CHECK(distance(our_weight.grad(), exact.grad()) < 1e-5);
    }
  }
}

TEST_CASE("the gradient of a depthwise weight reaches the supernet through a slice of it") {
  const torch::Tensor full = leaf(random_map({24, 1, 7, 7}, 4));
  const torch::Tensor x = random_map({2, 10, 9, 9}, 5);
  const auto centre = [](const torch::Tensor& weight) {
    return weight.narrow(0, 0, 10).narrow(2, 2, 3).narrow(3, 2, 3);
  };
  depthwise_convolution(x, centre(full), 1).sum().backward();
  const torch::Tensor theirs = leaf(full);
  at::conv2d(x, centre(theirs), {}, 1, 1, 1, 10).sum().backward();
  CHECK(distance(full.grad(), theirs.grad()) < 1e-5);
}

TEST_CASE("depthwise convolution is left to LibTorch where nothing is gained") {
  const torch::Tensor x = random_map({2, 8, 6, 6}, 1);
  const auto weight = [](int channels, int kernel) {
    return leaf(random_map({channels, 1, kernel, kernel}, 2));
  };
  CHECK(gains_by_depthwise_convolution(x, weight(8, 3)));
  CHECK_FALSE(gains_by_depthwise_convolution(x, weight(8, 3).detach()));
  CHECK_FALSE(gains_by_depthwise_convolution(x, weight(8, 9)));
  CHECK_FALSE(gains_by_depthwise_convolution(x, weight(16, 3)));
  CHECK_FALSE(gains_by_depthwise_convolution(x.to(torch::kDouble), weight(8, 3)));
  torch::NoGradGuard no_grad;
  CHECK_FALSE(gains_by_depthwise_convolution(x, weight(8, 3)));
}

TEST_CASE("batch normalisation with ReLU has LibTorch's outputs, statistics and gradients") {
  constexpr double kEpsilon = 1e-5;
  struct Case {
    int images, channels, side;
    double mean;
    bool relu;
  };
  // A mean far from 0 is where sums of squares would lose all precision.
  for (const Case& c :
       {Case{4, 1, 3, 0, true}, Case{8, 5, 4, 0, false}, Case{3, 16, 9, 30, true},
        Case{2, 33, 7, 0, true}, Case{64, 24, 16, -3, true}, Case{6, 300, 1, 0, false}}) {
    INFO(c.images << " images, " << c.channels << " channels, " << c.side << " px, mean " << c.mean
                  << ", relu " << c.relu);
    const torch::Tensor x = random_map({c.images, c.channels, c.side, c.side}, 6, c.mean);
    const torch::Tensor gamma = random_map({c.channels}, 7, 1), beta = random_map({c.channels}, 8);
    const std::array ours{leaf(x), leaf(gamma), leaf(beta)};
    const std::array theirs{leaf(x.to(torch::kDouble)), leaf(gamma.to(torch::kDouble)),
                            leaf(beta.to(torch::kDouble))};
    const NormalisedBatch batch =
        batch_norm_relu(ours[0], ours[1], ours[2], c.relu, kEpsilon, true);
    const auto [normal, mean, inverse_deviation] = at::native_batch_norm(
        theirs[0], theirs[1], theirs[2], {}, {}, /*training=*/true, 0.0, kEpsilon);
    const torch::Tensor expected = c.relu ? normal.relu() : normal;
    CHECK(batch.map.is_contiguous(at::MemoryFormat::ChannelsLast));
    CHECK(distance(batch.map.detach(), expected.detach()) < 2e-5);
    CHECK(distance(batch.mean, mean) < 1e-6);
    CHECK(distance(batch.variance, inverse_deviation.pow(-2) - kEpsilon) < 1e-5);
    CHECK_FALSE(batch.mean.requires_grad());
    const torch::Tensor upstream = random_map(batch.map.sizes(), 9);
    batch.map.backward(upstream);
    expected.backward(upstream.to(torch::kDouble));
    for (std::size_t i = 0; i < ours.size(); ++i) {
      CHECK(distance(ours[i].grad(), theirs[i].grad()) < 1e-4);
    }
  }
}

/// D(teacher, student) for f of ratios teacher / student that no clipping changes.
torch::Tensor plain_divergence(double alpha, const torch::Tensor& teacher,
                               const torch::Tensor& student) {
  const torch::Tensor ratio = teacher / student;
  const torch::Tensor f =
      alpha == 1 ? ratio * ratio.log() : (ratio.pow(alpha) - 1) / (alpha * (alpha - 1));
  return (student * f).sum(1);
}

TEST_CASE("the alpha-divergence has the gradient of the greater of its two divergences") {
  const torch::Tensor start = 0.3 * random_map({64, 5}, 7);
  const torch::Tensor teacher = (start + 0.3 * random_map({64, 5}, 8)).softmax(1);
  const torch::Tensor ours = leaf(start), theirs = leaf(start);
  alpha_divergence(ours, teacher).backward();
  const torch::Tensor student = theirs.softmax(1);
  const torch::Tensor low = plain_divergence(-1, teacher, student);
  const torch::Tensor high = plain_divergence(1, teacher, student);
  const torch::Tensor low_is_greater = low > high;
  REQUIRE(low_is_greater.any().item<bool>());
  REQUIRE_FALSE(low_is_greater.all().item<bool>());
  torch::where(low_is_greater, low, high).mean().backward();
  CHECK(distance(ours.grad(), theirs.grad()) < 1e-4);
}

TEST_CASE("the alpha-divergence clips ratios at 5") {
  // Half of the teacher is where the student has all but nothing: a ratio of 1,500, and unclipped a
  // divergence of 3.3 with a gradient of -0.5.
  const torch::Tensor teacher = torch::full({1, 2}, 0.5);
  const torch::Tensor logits = leaf(torch::tensor({{-8.0f, 0.0f}}));
  alpha_divergence(logits, teacher).backward();
  CHECK(logits.grad()[0][0].item<float>() < 0);
  CHECK(logits.grad()[0][0].item<float>() > -1e-2f);
}

}  // namespace
}  // namespace tinynas
