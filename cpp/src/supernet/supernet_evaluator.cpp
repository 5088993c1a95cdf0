#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>

#include <map>
#include <mutex>

#include "supernet/device.h"
#include "supernet/image_batches.h"
#include "supernet/int8_measurement.h"
#include "supernet/subnet_files.h"
#include "supernet/subnet_measurement.h"
#include "supernet/supernet_file.h"
#include "tinynas/error.h"
#include "tinynas/supernet.h"

namespace tinynas {
namespace {

constexpr std::size_t kQuantisedKept = 64;  ///< networks of some ten KiB each

/// What `wanted` images of a set are, of which 0 are all.
std::int64_t count_of(const ImageSet& set, int wanted) {
  const auto available = static_cast<std::int64_t>(set.count());
  return wanted > 0 ? std::min<std::int64_t>(wanted, available) : available;
}

}  // namespace

struct SupernetEvaluator::Impl {
  Impl(LoadedSupernet loaded, std::shared_ptr<const Dataset> dataset, torch::Device target,
       int threads)
      : supernet(std::move(loaded.supernet)),
        info(std::move(loaded.info)),
        data(std::move(dataset)),
        normalisation{info.mean, info.deviation},
        device(target),
        arena(threads > 0 ? threads : tbb::task_arena::automatic) {
    supernet.to(device);
  }

  /// As first_images, made once for each split and resolution.
  LabelledImages images(Split split, int count, int resolution) {
    const ImageSet& set = data->split(split);
    const std::int64_t wanted = count_of(set, count);
    const std::lock_guard lock(cache_mutex);
    LabelledImages& cached = cache[{split, resolution}];
    if (!cached.pixels.defined() || cached.pixels.size(0) < wanted) {
      c10::InferenceMode inference;
      cached = first_images(set, count, normalisation, resolution, device);
    }
    return {cached.pixels.slice(0, 0, wanted), cached.labels.slice(0, 0, wanted)};
  }

  /// As calibration_images, made once for each resolution.
  torch::Tensor calibration(int count, int resolution) {
    const std::int64_t wanted = count_of(data->calibration, count);
    const std::lock_guard lock(cache_mutex);
    torch::Tensor& cached = calibration_cache[resolution];
    if (!cached.defined() || cached.size(0) < wanted) {
      c10::InferenceMode inference;
      cached = calibration_images(data->calibration, count, normalisation, info.augmentation,
                                  resolution, device);
    }
    return cached.slice(0, 0, wanted);
  }

  FoldedNetwork calibrated(const Subnet& subnet, int recalibration_images) {
    c10::InferenceMode inference;
    const SubnetProgram program = supernet.slice(subnet);
    return recalibrated(program, calibration(recalibration_images, subnet.resolution));
  }

  /// Softmax of the largest subnet: the yardstick of every score at this fidelity.
  torch::Tensor teacher(Fidelity fidelity) {
    fidelity.int8 = false;  // always in floats
    const std::lock_guard lock(teacher_mutex);
    for (const auto& [key, probabilities] : teachers) {
      if (key == fidelity) return probabilities;
    }
    const Subnet& largest = supernet.largest();
    const FoldedNetwork network = calibrated(largest, fidelity.recalibration_images);
    const LabelledImages set = images(fidelity.split, fidelity.images, largest.resolution);
    teachers.emplace_back(fidelity, predict_probabilities(network, set.pixels));
    return teachers.back().second;
  }

  /// Made once for a subnet: validation, test and export ask one after another.
  QuantisedNetwork quantised(const Subnet& subnet, int recalibration_images) {
    const SearchSpace& space = supernet.space();
    const std::pair key(space.id(space.encode(subnet)), recalibration_images);
    {
      const std::lock_guard lock(quantised_mutex);
      const auto made = quantised_networks.find(key);
      if (made != quantised_networks.end()) return made->second;
    }
    QuantisedNetwork network = quantise_anew(subnet, recalibration_images);
    const std::lock_guard lock(quantised_mutex);
    if (quantised_networks.size() >= kQuantisedKept) quantised_networks.clear();
    return quantised_networks.emplace(key, std::move(network)).first->second;
  }

  QuantisedNetwork quantise_anew(const Subnet& subnet, int recalibration_images) {
    c10::InferenceMode inference;
    const Fidelity choice{recalibration_images, kChoiceImages, Split::kValidation, false};
    const QuantisationImages with{
        images(Split::kCalibration, kRangeImages, subnet.resolution).pixels,
        images(Split::kValidation, kChoiceImages, subnet.resolution), teacher(choice)};
    return quantise_best(lower(subnet), calibrated(subnet, recalibration_images), normalisation,
                         with);
  }

  Measurement measure_subnet(const Subnet& subnet, const Fidelity& fidelity,
                             const torch::Tensor& yardstick) {
    c10::InferenceMode inference;
    if (fidelity.int8) {
      const Graph graph = quantised(subnet, fidelity.recalibration_images).graph;
      const LabelledImages set = images(fidelity.split, fidelity.images, subnet.resolution);
      return measure_int8(graph, set.pixels, set.labels, yardstick);
    }
    const FoldedNetwork network = calibrated(subnet, fidelity.recalibration_images);
    const LabelledImages set = images(fidelity.split, fidelity.images, subnet.resolution);
    return measure(network, set.pixels, set.labels, yardstick);
  }

  Supernet supernet;
  SupernetInfo info;
  std::shared_ptr<const Dataset> data;
  Normalisation normalisation;
  torch::Device device;
  tbb::task_arena arena;
  std::mutex cache_mutex, teacher_mutex, quantised_mutex;
  std::map<std::pair<Split, int>, LabelledImages> cache;
  std::map<int, torch::Tensor> calibration_cache;  ///< by resolution
  std::vector<std::pair<Fidelity, torch::Tensor>> teachers;
  std::map<std::pair<std::string, int>, QuantisedNetwork> quantised_networks;
};

SupernetEvaluator::SupernetEvaluator(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SupernetEvaluator::~SupernetEvaluator() = default;

std::unique_ptr<SupernetEvaluator> SupernetEvaluator::load(const std::string& path,
                                                           std::shared_ptr<const Dataset> data,
                                                           const EvaluatorOptions& options) {
  use_one_intra_op_thread();
  const torch::Device device = parse_device(options.device);
  LoadedSupernet loaded = read_supernet(path);
  check_same_data(loaded.info, *data);
  return std::unique_ptr<SupernetEvaluator>(new SupernetEvaluator(
      std::make_unique<Impl>(std::move(loaded), std::move(data), device, options.threads)));
}

std::vector<Measurement> SupernetEvaluator::evaluate(std::span<const Subnet> subnets,
                                                     const Fidelity& fidelity) {
  std::vector<Measurement> results(subnets.size());
  impl_->arena.execute([&] {
    const torch::Tensor yardstick = impl_->teacher(fidelity);
    auto run = [&](std::size_t i) {
      results[i] = impl_->measure_subnet(subnets[i], fidelity, yardstick);
    };
    if (impl_->device.is_cpu()) {
      tbb::parallel_for(std::size_t{0}, subnets.size(), run);
    } else {
      for (std::size_t i = 0; i < subnets.size(); ++i) run(i);
    }
  });
  return results;
}

QuantisedNetwork SupernetEvaluator::quantised(const Subnet& subnet) {
  QuantisedNetwork result;
  impl_->arena.execute([&] { result = impl_->quantised(subnet, 0); });
  return result;
}

const SupernetInfo& SupernetEvaluator::info() const { return impl_->info; }
const SearchSpace& SupernetEvaluator::space() const { return impl_->supernet.space(); }

void SupernetEvaluator::extract(const Subnet& subnet, const std::string& path) {
  FoldedNetwork network;
  impl_->arena.execute([&] { network = impl_->calibrated(subnet, 0); });
  write_subnet_weights(network, subnet, impl_->supernet.space(), impl_->info, path);
}

}  // namespace tinynas
