// Subnets measured a second: ours (weights sliced out of the supernet, BN recalibrated, folded, all
// on a TBB pool) against the same subnets as plain static LibTorch networks that do the same work:
// 128 images for BN statistics, 1,000 images to measure.
//
//   bench_evaluate [SUPERNET.pt [DATA]]

#include <torch/torch.h>

#include <chrono>
#include <cstdio>
#include <ctime>
#include <exception>
#include <string>
#include <vector>

#include "base/log.h"
#include "plain_network.h"
#include "supernet/device.h"
#include "supernet/image_batches.h"
#include "supernet/supernet_file.h"
#include "tinynas/dataset.h"
#include "tinynas/supernet.h"

using namespace tinynas;

namespace {

constexpr int kSubnets = 24, kRecalibrationImages = 128, kImages = 1000, kBatch = 128, kRounds = 3;

/// Least of all rounds. Time on cores (all threads together) tells apart on a busy machine too.
struct Seconds {
  double passed = 1e9, on_cores = 1e9;
};

template <typename Work>
Seconds best_seconds(Work work) {
  Seconds best;
  for (int round = 0; round < kRounds; ++round) {
    const auto start = std::chrono::steady_clock::now();
    const std::clock_t start_on_cores = std::clock();
    work();
    const double on_cores =
        static_cast<double>(std::clock() - start_on_cores) / static_cast<double>(CLOCKS_PER_SEC);
    best.on_cores = std::min(best.on_cores, on_cores);
    best.passed =
        std::min(best.passed,
                 std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  return best;
}

struct PlainCase {
  testing::PlainNetwork network;
  torch::Tensor calibration;
  LabelledImages images;
};

double measure_plain(PlainCase& item) {
  const c10::InferenceMode inference;
  item.network.train(true);
  for (const torch::Tensor& batch : item.calibration.split(kBatch)) item.network.forward(batch);
  item.network.train(false);
  std::int64_t correct = 0;
  const auto images = item.images.pixels.split(kBatch), labels = item.images.labels.split(kBatch);
  for (std::size_t i = 0; i < images.size(); ++i) {
    correct += item.network.forward(images[i]).argmax(1).eq(labels[i]).sum().item<std::int64_t>();
  }
  return static_cast<double>(correct) / static_cast<double>(item.images.pixels.size(0));
}

void run(const std::string& supernet_path, const std::string& data_path) {
  use_one_intra_op_thread();
  DatasetOptions options;
  options.path = data_path;
  const auto data = std::make_shared<const Dataset>(load_dataset(options));
  const LoadedSupernet loaded = read_supernet(supernet_path);
  const SearchSpace& space = loaded.supernet.space();
  const Normalisation normalisation{loaded.info.mean, loaded.info.deviation};
  std::vector<Subnet> subnets;
  Rng rng(0);
  for (int i = 0; i < kSubnets; ++i) subnets.push_back(space.decode(space.sample(rng)));

  auto plain_seconds = [&](bool channels_last) {
    std::vector<PlainCase> cases;
    for (const Subnet& subnet : subnets) {
      auto of = [&](const ImageSet& set, int count) {
        return first_images(set, count, normalisation, subnet.resolution, torch::kCPU);
      };
      cases.push_back({testing::PlainNetwork(loaded.supernet.slice(subnet), channels_last),
                       of(data->calibration, kRecalibrationImages).pixels,
                       of(data->validation, kImages)});
    }
    return best_seconds([&] {
      for (PlainCase& item : cases) measure_plain(item);
    });
  };
  auto our_seconds = [&](int threads) {
    const auto evaluator = SupernetEvaluator::load(supernet_path, data, {"cpu", threads});
    const Fidelity fidelity{kRecalibrationImages, kImages, Split::kValidation};
    evaluator->evaluate(
        subnets, fidelity);  // images and the largest subnet's softmax are cached from here on
    return best_seconds([&] { evaluator->evaluate(subnets, fidelity); });
  };
  const Seconds plain = plain_seconds(false), plain_last = plain_seconds(true);
  const Seconds one = our_seconds(1), all = our_seconds(0);
  auto row = [&](const char* what, const Seconds& seconds) {
    std::printf("%-46s %7.1f subnets/s %5.2f x %8.1f a core-second %5.2f x\n", what,
                kSubnets / seconds.passed, plain_last.passed / seconds.passed,
                kSubnets / seconds.on_cores, plain_last.on_cores / seconds.on_cores);
  };
  std::printf("%d random subnets of %s, %d + %d images each, best of %d rounds\n", kSubnets,
              space.name().c_str(), kRecalibrationImages, kImages, kRounds);
  row("plain static LibTorch, default layout, 1 thread", plain);
  row("plain static LibTorch, channels_last, 1 thread", plain_last);
  row("supernet evaluator, 1 thread", one);
  row("supernet evaluator, all cores", all);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    run(argc > 1 ? argv[1] : shipped_supernet_path("fashion-mnist"),
        argc > 2 ? argv[2] : kFashionMnistPath);
    return 0;
  } catch (const std::exception& error) {
    log_message(LogLevel::kError, error.what());
    return 2;
  }
}
