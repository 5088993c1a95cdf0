#include "supernet/subnet_measurement.h"

#include <tbb/parallel_for.h>

#include <cmath>
#include <functional>

#include "supernet/device.h"

namespace tinynas {
namespace {

/// Fits the second-level cache of a CPU with the maps of a subnet; also the batch that statistics
/// are taken over.
constexpr std::int64_t kBatch = 128;
/// Of forward passes elsewhere: what costs there is starting them.
constexpr std::int64_t kLargeBatch = 2048;

std::int64_t forward_batch(const torch::Tensor& images) {
  return images.device().is_cpu() ? kBatch : kLargeBatch;
}

/// The last batch takes the remainder, so that no batch is too small for statistics.
std::size_t batch_count(const torch::Tensor& images, std::int64_t batch) {
  return static_cast<std::size_t>(std::max<std::int64_t>(1, images.size(0) / batch));
}

/// task(i, begin, end) for each batch of rows; side by side on a CPU, one stream elsewhere.
void for_each_batch(const torch::Tensor& images, std::int64_t batch,
                    const std::function<void(std::size_t, std::int64_t, std::int64_t)>& task) {
  const std::size_t batches = batch_count(images, batch);
  auto run = [&](std::size_t i) {
    use_one_intra_op_thread_here();
    c10::InferenceMode inference;  // thread-local: each task needs its own
    const std::int64_t begin = static_cast<std::int64_t>(i) * batch;
    task(i, begin, i + 1 == batches ? images.size(0) : begin + batch);
  };
  if (images.device().is_cpu()) {
    tbb::parallel_for(std::size_t{0}, batches, run);
  } else {
    for (std::size_t i = 0; i < batches; ++i) run(i);
  }
}

}  // namespace

BnStatistics recalibrate(const SubnetProgram& program, const torch::Tensor& images) {
  std::vector<BnStatistics> parts(batch_count(images, kBatch));
  std::vector<double> weights(parts.size());
  for_each_batch(images, kBatch, [&](std::size_t i, std::int64_t begin, std::int64_t end) {
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

FoldedNetwork recalibrated(const SubnetProgram& program, const torch::Tensor& images) {
  c10::InferenceMode inference;
  return fold_batch_norm(program, recalibrate(program, images));
}

torch::Tensor predict_probabilities(const FoldedNetwork& network, const torch::Tensor& images) {
  const std::int64_t batch = forward_batch(images);
  std::vector<torch::Tensor> parts(batch_count(images, batch));
  for_each_batch(images, batch, [&](std::size_t i, std::int64_t begin, std::int64_t end) {
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
  const std::int64_t batch = forward_batch(images);
  std::vector<Part> parts(batch_count(images, batch));
  for_each_batch(images, batch, [&](std::size_t i, std::int64_t begin, std::int64_t end) {
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
