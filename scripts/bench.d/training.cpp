// Training steps a second of single subnets: ours (depthwise gradients, batch norm and ReLU by own
// kernels) against the same networks of LibTorch's modules. Forward, cross-entropy, backward; one
// thread, and both with freed memory kept.
//
//   bench_training [SPACE]

#include <torch/torch.h>

#include <chrono>
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include "base/log.h"
#include "plain_network.h"
#include "supernet/device.h"
#include "tinynas/search_space.h"

using namespace tinynas;

namespace {

constexpr int kSubnets = 6, kBatch = 64, kSteps = 6, kRounds = 3;

/// Least seconds a step of all rounds.
template <typename Logits>
double step_seconds(const torch::Tensor& images, const torch::Tensor& labels, Logits logits) {
  double best = 1e9;
  for (int round = 0; round < kRounds; ++round) {
    const auto start = std::chrono::steady_clock::now();
    for (int step = 0; step < kSteps; ++step) {
      torch::nn::functional::cross_entropy(logits(images), labels).backward();
    }
    const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - start;
    best = std::min(best, passed.count() / kSteps);
  }
  return best;
}

void run(const std::string& name) {
  use_one_intra_op_thread();
  const SearchSpace space = SearchSpace::find(name);
  const Supernet supernet = Supernet(space, 0).replica();
  std::vector<Subnet> subnets{supernet.largest()};
  Rng rng(0);
  while (subnets.size() < kSubnets) subnets.push_back(space.decode(space.sample(rng)));
  std::printf("space %s, batch %d, one thread, best of %d rounds; ms a step\n", name.c_str(),
              kBatch, kRounds);
  std::printf("%-10s %12s %12s %12s %8s\n", "subnet", "MACs", "LibTorch", "tinynas", "ratio");
  double all_plain = 0, all_ours = 0;
  for (std::size_t i = 0; i < subnets.size(); ++i) {
    const Subnet& subnet = subnets[i];
    const torch::Tensor images =
        torch::randn({kBatch, subnet.image_channels, subnet.resolution, subnet.resolution})
            .contiguous(at::MemoryFormat::ChannelsLast);
    const torch::Tensor labels = torch::zeros({kBatch}, torch::TensorOptions().dtype(torch::kLong));
    const SubnetProgram program = supernet.slice(subnet);
    testing::PlainNetwork plain(program, /*channels_last=*/true);
    plain.train(true);
    const double theirs =
        step_seconds(images, labels, [&](const torch::Tensor& x) { return plain.forward(x); });
    const double ours = step_seconds(images, labels, [&](const torch::Tensor& x) {
      return forward_with_batch_statistics(supernet.slice(subnet), x);
    });
    all_plain += theirs;
    all_ours += ours;
    std::printf("%-10s %12lld %12.1f %12.1f %7.2fx\n", i == 0 ? "largest" : "drawn",
                static_cast<long long>(graph_macs(lower(subnet))), 1e3 * theirs, 1e3 * ours,
                theirs / ours);
  }
  std::printf("%-10s %12s %12.1f %12.1f %7.2fx\n", "all", "", 1e3 * all_plain, 1e3 * all_ours,
              all_plain / all_ours);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    run(argc > 1 ? argv[1] : "cifar10");
    return 0;
  } catch (const std::exception& error) {
    log_message(LogLevel::kError, error.what());
    return 2;
  }
}
