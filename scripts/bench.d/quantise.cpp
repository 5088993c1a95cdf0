// What int8 networks cost and lose: accuracy against the number of calibration images that ranges
// are taken from, what the choice among ways to quantise is worth when it is made on fewer
// validation images, and the seconds of each part.
//
//   bench_quantise [SUBNETS [SUPERNET.pt [DATA]]]

#include <torch/torch.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <exception>
#include <functional>
#include <string>
#include <vector>

#include "base/log.h"
#include "supernet/device.h"
#include "supernet/image_batches.h"
#include "supernet/int8_measurement.h"
#include "supernet/subnet_measurement.h"
#include "supernet/supernet_file.h"
#include "tinynas/dataset.h"
#include "tinynas/supernet.h"

using namespace tinynas;

namespace {

const std::vector<std::int64_t> kCalibrations = {128, 256, 512, 2000};
const std::vector<std::int64_t> kChoices = {250, 500, 1000, 2500};  ///< the last: what is true

double seconds_of(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// Score and accuracy on the first kChoices[i] images, for each i.
std::vector<Measurement> measure_prefixes(const Graph& graph, const LabelledImages& images,
                                          const torch::Tensor& teacher) {
  std::vector<Measurement> prefixes;
  double score = 0, right = 0;
  std::int64_t begin = 0;
  for (const std::int64_t end : kChoices) {
    const Measurement part =
        measure_int8(graph, images.pixels.slice(0, begin, end), images.labels.slice(0, begin, end),
                     teacher.slice(0, begin, end));
    score += part.score * static_cast<double>(end - begin);
    right += part.accuracy * static_cast<double>(end - begin);
    prefixes.push_back({score / static_cast<double>(end), right / static_cast<double>(end)});
    begin = end;
  }
  return prefixes;
}

void run(int subnets, const std::string& supernet_path, const std::string& data_path) {
  use_one_intra_op_thread();
  DatasetOptions options;
  options.path = data_path;
  const Dataset data = load_dataset(options);
  const LoadedSupernet loaded = read_supernet(supernet_path);
  const SearchSpace& space = loaded.supernet.space();
  const Normalisation normalisation{loaded.info.mean, loaded.info.deviation};
  const auto images_of = [&](const ImageSet& set, std::int64_t count, int resolution) {
    return first_images(set, static_cast<int>(count), normalisation, resolution, torch::kCPU);
  };
  const c10::InferenceMode inference;
  const auto folded = [&](const Subnet& subnet) {
    const SubnetProgram program = loaded.supernet.slice(subnet);
    return recalibrated(program, images_of(data.calibration, 0, subnet.resolution).pixels);
  };
  const Subnet& largest = loaded.supernet.largest();
  const torch::Tensor teacher = predict_probabilities(
      folded(largest), images_of(data.validation, kChoices.back(), largest.resolution).pixels);

  const auto ways = all_quantisations();
  std::vector<std::vector<double>> lost(kCalibrations.size(), std::vector<double>(ways.size()));
  std::vector<double> chosen_lost(kCalibrations.size()), regret(kChoices.size()),
      regret_accuracy(kChoices.size());
  std::vector<int> wins(ways.size());
  double range_seconds = 0, choice_seconds = 0, fold_seconds = 0;
  Rng rng(7);
  for (int n = 0; n < subnets; ++n) {
    const Subnet subnet = space.decode(space.sample(rng));
    FoldedNetwork network;
    fold_seconds += seconds_of([&] { network = folded(subnet); });
    const FloatNetwork floats = float_network(lower(subnet), network);
    const torch::Tensor calibration = images_of(data.calibration, 0, subnet.resolution).pixels;
    const LabelledImages images = images_of(data.validation, kChoices.back(), subnet.resolution);
    const Measurement in_floats = measure(network, images.pixels, images.labels, teacher);
    std::printf("subnet %d: float accuracy %.4f, score %.4f\n", n, in_floats.accuracy,
                in_floats.score);
    for (std::size_t c = 0; c < kCalibrations.size(); ++c) {
      std::vector<ActivationStatistics> statistics;
      const double taken = seconds_of([&] {
        statistics = measure_activations(floats.graph, network,
                                         calibration.slice(0, 0, kCalibrations[c]), normalisation);
      });
      const bool last = c + 1 == kCalibrations.size();
      if (last) range_seconds += taken;
      std::vector<std::vector<Measurement>> all;
      for (std::size_t w = 0; w < ways.size(); ++w) {
        const Graph graph = quantise(floats, statistics, ways[w]);
        const double spent =
            seconds_of([&] { all.push_back(measure_prefixes(graph, images, teacher)); });
        if (last) choice_seconds += spent;
        lost[c][w] += in_floats.score - all[w].back().score;
        std::printf("  %4lld images, %-22s score %+.4f, accuracy %+.4f\n",
                    static_cast<long long>(kCalibrations[c]), describe(ways[w]).c_str(),
                    all[w].back().score - in_floats.score,
                    all[w].back().accuracy - in_floats.accuracy);
      }
      const auto best_on = [&](std::size_t k) {
        std::size_t best = 0;
        for (std::size_t w = 1; w < ways.size(); ++w) {
          if (all[w][k].score > all[best][k].score) best = w;
        }
        return best;
      };
      const std::size_t truly = best_on(kChoices.size() - 1);
      chosen_lost[c] += in_floats.accuracy - all[best_on(2)].back().accuracy;
      ++wins[truly];
      for (std::size_t k = 0; k < kChoices.size(); ++k) {
        regret[k] += all[truly].back().score - all[best_on(k)].back().score;
        regret_accuracy[k] += all[truly].back().accuracy - all[best_on(k)].back().accuracy;
      }
    }
  }
  std::printf("\nscore lost against floats, mean of %d random subnets\n%-24s", subnets, "");
  for (const std::int64_t images : kCalibrations)
    std::printf(" %8lld", static_cast<long long>(images));
  std::printf("\n");
  for (std::size_t w = 0; w < ways.size(); ++w) {
    std::printf("%-24s", describe(ways[w]).c_str());
    for (std::size_t c = 0; c < kCalibrations.size(); ++c)
      std::printf(" %8.4f", lost[c][w] / subnets);
    std::printf("   best in %d of %d\n", wins[w], subnets * static_cast<int>(kCalibrations.size()));
  }
  std::printf("%-24s", "points lost, chosen way");
  for (const double points : chosen_lost) std::printf(" %8.3f", 100 * points / subnets);
  std::printf("\n\nchosen on the first images: score and points lost against the best way\n");
  const double cases = subnets * static_cast<double>(kCalibrations.size());
  for (std::size_t k = 0; k < kChoices.size(); ++k) {
    std::printf("%5lld  %.5f  %.3f\n", static_cast<long long>(kChoices[k]), regret[k] / cases,
                100 * regret_accuracy[k] / cases);
  }
  std::printf(
      "\nseconds a subnet: BN and folding %.2f, ranges of %lld images %.2f, %zu ways on %lld "
      "images %.2f\n",
      fold_seconds / subnets, static_cast<long long>(kCalibrations.back()), range_seconds / subnets,
      ways.size(), static_cast<long long>(kChoices.back()), choice_seconds / subnets);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    run(argc > 1 ? std::stoi(argv[1]) : 8,
        argc > 2 ? argv[2] : shipped_supernet_path("fashion-mnist"),
        argc > 3 ? argv[3] : kFashionMnistPath);
    return 0;
  } catch (const std::exception& error) {
    log_message(LogLevel::kError, error.what());
    return 2;
  }
}
