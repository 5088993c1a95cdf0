#include "supernet/subnet_measurement.h"

#include <tbb/parallel_for.h>

#include <cmath>
#include <functional>

#include "supernet/device.h"

namespace tinynas {
namespace {

/// Fits the second-level cache with the maps of a subnet; also the batch that statistics are taken
/// over.
constexpr std::int64_t kBatch = 128;

/// task(i, batch) for each batch of rows; side by side on a CPU, one stream elsewhere.
void for_each_batch(const torch::Tensor& images,
                    const std::function<void(std::size_t, std::int64_t, std::int64_t)>& task) {
  const std::int64_t count = images.size(0);
  // The last batch takes the remainder, so that no batch is too small for statistics.
  const auto batches = static_cast<std::size_t>(std::max<std::int64_t>(1, count / kBatch));
  auto run = [&](std::size_t i) {
    use_one_intra_op_thread_here();
    c10::InferenceMode inference;  // thread-local: each task needs its own
    const std::int64_t begin = static_cast<std::int64_t>(i) * kBatch;
    task(i, begin, i + 1 == batches ? count : begin + kBatch);
  };
  if (images.device().is_cpu()) {
    tbb::parallel_for(std::size_t{0}, batches, run);
  } else {
    for (std::size_t i = 0; i < batches; ++i) run(i);
  }
}

std::size_t batch_count(const torch::Tensor& images) {
  return static_cast<std::size_t>(std::max<std::int64_t>(1, images.size(0) / kBatch));
}

}  // namespace

BnStatistics recalibrate(const SubnetProgram& program, const torch::Tensor& images) {
  std::vector<BnStatistics> parts(batch_count(images));
  std::vector<double> weights(parts.size());
  for_each_batch(images, [&](std::size_t i, std::int64_t begin, std::int64_t end) {
    forward_with_batch_statistics(program, images.slice(0, begin, end), &parts[i]);
    weights[i] = static_cast<double>(end - begin) / static_cast<double>(images.size(0));
  });
  c10::InferenceMode inference;
  BnStatistics total;
  for (std::size_t layer = 0; layer < program.layers.size(); ++layer) {
    torch::Tensor mean = torch::zeros_like(parts[0].mean[layer]), square = torch::zeros_like(mean);
    for (std::size_t i = 0; i < parts.size(); ++i) {
      mean += parts[i].mean[layer] * weights[i];
      square += (parts[i].variance[layer] + parts[i].mean[layer].square()) * weights[i];
    }
    total.mean.push_back(mean);
    total.variance.push_back((square - mean.square()).clamp_min(0));
  }
  return total;
}

torch::Tensor predict_probabilities(const FoldedNetwork& network, const torch::Tensor& images) {
  std::vector<torch::Tensor> parts(batch_count(images));
  for_each_batch(images, [&](std::size_t i, std::int64_t begin, std::int64_t end) {
    parts[i] = forward(network, images.slice(0, begin, end)).softmax(1);
  });
  c10::InferenceMode inference;
  return torch::cat(parts);
}

Measurement measure(const FoldedNetwork& network, const torch::Tensor& images,
                    const torch::Tensor& labels, const torch::Tensor& teacher) {
  struct Part {
    double cross_entropy = 0;
    std::int64_t correct = 0;
  };
  std::vector<Part> parts(batch_count(images));
  for_each_batch(images, [&](std::size_t i, std::int64_t begin, std::int64_t end) {
    const torch::Tensor logits = forward(network, images.slice(0, begin, end));
    parts[i].correct = logits.argmax(1).eq(labels.slice(0, begin, end)).sum().item<std::int64_t>();
    // Summed in double on the CPU: not every device has doubles.
    const torch::Tensor log_probabilities = logits.log_softmax(1).to(torch::kCPU, torch::kDouble);
    parts[i].cross_entropy =
        -(log_probabilities * teacher.slice(0, begin, end).to(torch::kCPU)).sum().item<double>();
  });
  Part total;
  for (const Part& part : parts) {
    total.cross_entropy += part.cross_entropy;
    total.correct += part.correct;
  }
  const auto count = static_cast<double>(images.size(0));
  Measurement measurement;
  measurement.images = static_cast<int>(images.size(0));
  measurement.score = -total.cross_entropy / count;
  measurement.accuracy = static_cast<double>(total.correct) / count;
  measurement.standard_error = std::sqrt(measurement.accuracy * (1 - measurement.accuracy) / count);
  return measurement;
}

}  // namespace tinynas
