#include "tinynas/trainer.h"

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>
#include <optional>

#include "base/files.h"
#include "supernet/channel_sorting.h"
#include "supernet/device.h"
#include "supernet/model_card.h"
#include "supernet/phase_sampler.h"
#include "supernet/precision.h"
#include "supernet/supernet_file.h"
#include "supernet/training_loop.h"
#include "tinynas/error.h"

namespace tinynas {

namespace {

constexpr std::uint32_t kSubnetStream = 0x7375626e;
constexpr int kRecalibrationImages = 512;  ///< of the accuracies that are shown while it trains

void check_phases(const TrainOptions& options) {
  if (options.phases.empty()) throw BadInput("a training needs at least one phase");
  for (const TrainingPhase& phase : options.phases) {
    if (phase.epochs < 0) throw BadInput("phase '" + phase.name + "': epochs must not be below 0");
    if (!phase.trains_any())
      throw BadInput("phase '" + phase.name + "': subnets: at least one is needed");
    if (phase.teacher == Teacher::kInPlace && !phase.largest)
      throw BadInput("phase '" + phase.name + "': teacher in-place needs the largest subnet");
  }
  if (!(total_epochs(options) > 0)) throw BadInput("--epochs: must be above 0");
}

Json phase_json(const TrainingPhase& phase) {
  return {{"epochs", phase.epochs},
          {"learning_rate", phase.learning_rate},
          {"cosine", phase.cosine},
          {"ramp_epochs", phase.ramp_epochs},
          {"sort_channels", phase.sort_channels},
          {"largest", phase.largest},
          {"smallest", phase.smallest},
          {"largest_resized", phase.largest_resized},
          {"smallest_resized", phase.smallest_resized},
          {"random_subnets", phase.random_subnets},
          {"teacher", static_cast<int>(phase.teacher)},
          {"label_share", phase.label_share},
          {"elastic", phase.elastic}};
}

class SupernetTraining : public Training {
 public:
  SupernetTraining(const SearchSpace& space, const Dataset& data, const TrainOptions& options,
                   const ProgressFn& progress)
      : data_(data),
        options_(options),
        progress_(progress),
        device_(parse_device(options.device, options.group)),
        normalisation_(measure_normalisation(data.train)),
        supernet_(space, options.seed, options.kernel_transforms),
        steps_per_epoch_(static_cast<std::int64_t>(data.train.count()) / options.batch_images) {
    check_precision(options.precision, device_);
    supernet_.to(device_);
    for (int shard = 0; shard < local_shards(options); ++shard)
      replicas_.push_back(supernet_.replica());
    double epochs = 0;
    for (const TrainingPhase& phase : options.phases) {
      epochs += phase.epochs;
      ends_.push_back(std::llround(epochs * static_cast<double>(steps_per_epoch_)));
      samplers_.emplace_back(supernet_.space(), phase, options.resolution_per_batch,
                             options.accepts);
    }
  }

  void run(const StopFn& stop) {
    TrainingPlan plan{options_.out_dir, recipe_json(data_, options_), "name another --out",
                      steps_per_epoch_, ends_.back()};
    plan.recipe["space"] = supernet_.space().hash();
    plan.recipe["kernel_transforms"] = options_.kernel_transforms;
    plan.recipe["resolution_per_batch"] = options_.resolution_per_batch;
    plan.recipe["alpha_divergence"] = options_.alpha_divergence;
    plan.recipe["subnets_per_shard"] = options_.subnets_per_shard;
    plan.recipe["worst_of"] = options_.worst_of;
    plan.recipe["accepts"] = options_.accepts_what;
    plan.recipe["phases"] = Json::array();
    for (const TrainingPhase& phase : options_.phases)
      plan.recipe["phases"].push_back(phase_json(phase));
    const double seconds =
        run_training(*this, plan, data_, normalisation_, options_, device_, progress_, stop);
    if (options_.group.leads()) finish(seconds / 3600);
  }

  /// Of one step of each phase, several times, without a trace on disk.
  TrainingForecast forecast() {
    const SearchSpace& space = supernet_.space();
    const Graph largest = lower(supernet_.largest());
    TrainingForecast found;
    found.parameters = graph_params(largest);
    found.largest_macs = graph_macs(largest);
    found.smallest_macs = graph_macs(lower(space.decode(space.smallest())));
    found.subnets = space.cardinality();
    found.steps = ends_.back();
    TrainingState state(*this, data_, normalisation_, options_, device_);
    std::vector<std::int32_t> indices(static_cast<std::size_t>(options_.batch_images));
    std::iota(indices.begin(), indices.end(), 0);
    std::int64_t begin = 0;
    for (const std::int64_t end : ends_) {
      if (end > begin) found.seconds += seconds_a_step(state, indices, begin) * (end - begin);
      begin = end;
    }
    rusage used{};
    getrusage(RUSAGE_SELF, &used);
    found.peak_bytes = static_cast<std::int64_t>(used.ru_maxrss) * 1024;
    return found;
  }

  NamedTensors parameters() const override { return supernet_.parameters(); }

  std::vector<NamedTensors> replica_parameters() const override {
    std::vector<NamedTensors> all;
    for (const Supernet& replica : replicas_) all.push_back(replica.parameters());
    return all;
  }

  /// The loss that is reported is the first subnet's: the largest's, where it is trained.
  double backward(std::size_t shard, const torch::Tensor& images, const torch::Tensor& targets,
                  std::int64_t step) override {
    const std::size_t index = phase_index(step);
    const TrainingPhase& phase = options_.phases[index];
    const std::size_t number = first_shard(options_) + shard;
    const auto own = static_cast<std::uint32_t>(options_.subnets_per_shard ? number : 0);
    Rng rng(options_.seed, static_cast<std::uint64_t>(step), kSubnetStream + own);
    torch::Tensor teacher;
    double reported = 0;
    const auto subnets = samplers_[index].draw(rng, options_.worst_of);
    if (phase.teacher == Teacher::kFrozen) teacher = frozen_softmax(images);
    for (std::size_t i = 0; i < subnets.size(); ++i) {
      const Subnet& subnet = worst(subnets[i], images, targets);
      const torch::Tensor logits = logits_of(replicas_[shard], subnet, images);
      const torch::Tensor loss = teacher.defined() ? taught_loss(phase, logits, targets, teacher)
                                                   : cross_entropy(logits, targets);
      loss.backward();
      if (i > 0) continue;
      reported = loss.item<double>();
      if (phase.teacher == Teacher::kInPlace) teacher = logits.detach().softmax(1);
    }
    return reported;
  }

  double learning_rate(std::int64_t step) const override {
    const std::size_t index = phase_index(step);
    const TrainingPhase& phase = options_.phases[index];
    const std::int64_t begin = index == 0 ? 0 : ends_[index - 1];
    const double ramp_steps = phase.ramp_epochs * static_cast<double>(steps_per_epoch_);
    const double share =
        phase.cosine
            ? cosine_with_ramp(step - begin, ramp_steps, ends_[index] - begin)
            : std::min(1.0, static_cast<double>(step - begin + 1) / std::max(1.0, ramp_steps));
    return options_.learning_rate * phase.learning_rate * share;
  }

  bool begin(std::int64_t step) override {
    const auto index = static_cast<std::int64_t>(phase_index(step));
    if (index == entered_) return false;
    // Phases without epochs may sort, too.
    while (entered_ < index) enter(static_cast<std::size_t>(++entered_));
    return true;
  }

  std::vector<std::pair<std::string, double>> validate() override {
    const SearchSpace& space = supernet_.space();
    const auto accuracy = [&](const Subnet& subnet) {
      return measure_on_split(supernet_, subnet, data_, normalisation_, Split::kValidation, device_,
                              options_.augmentation, kRecalibrationImages)
          .accuracy;
    };
    return {{"largest", accuracy(supernet_.largest())},
            {"smallest", accuracy(space.decode(space.smallest()))}};
  }

  void save(StateFile& state) const override {
    state.metadata["phase"] = entered_;
    if (!frozen_) return;
    for (auto& [name, tensor] : frozen_->parameters())
      state.tensors.emplace_back("teacher." + name, tensor);
  }
  void load(const StateFile& state, const std::string& path) override {
    entered_ = json_int(state.metadata, "phase", path);
    const bool has_teacher =
        std::any_of(state.tensors.begin(), state.tensors.end(),
                    [](const auto& entry) { return entry.first.starts_with("teacher."); });
    if (!has_teacher) return;
    freeze();
    torch::NoGradGuard no_grad;
    for (auto& [name, tensor] : frozen_->parameters())
      tensor.copy_(state.tensor("teacher." + name, tensor.sizes(), path));
  }

 private:
  double seconds_a_step(TrainingState& state, std::span<const std::int32_t> indices,
                        std::int64_t first) {
    constexpr int kSteps = 4;
    begin(first);
    state.step(indices, first, 0.0);  // torch plans and allocates
    const auto started = std::chrono::steady_clock::now();
    for (int i = 0; i < kSteps; ++i) state.step(indices, first, 0.0);
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - started;
    return taken.count() / kSteps;
  }

  std::size_t phase_index(std::int64_t step) const {
    const auto found = std::upper_bound(ends_.begin(), ends_.end(), step);
    return std::min(static_cast<std::size_t>(found - ends_.begin()), ends_.size() - 1);
  }

  void enter(std::size_t index) {
    const TrainingPhase& phase = options_.phases[index];
    say("phase '" + phase.name + "' begins");
    if (phase.sort_channels) sort_channels(supernet_, elastic_before(index));
    if (phase.teacher == Teacher::kFrozen && !frozen_) freeze();
  }

  /// What the phases before have trained subnets of.
  std::map<std::string, int> elastic_before(std::size_t index) const {
    std::map<std::string, int> elastic;
    for (std::size_t i = 0; i < index; ++i) {
      if (options_.phases[i].epochs == 0) continue;
      for (const auto& [axis, below] : options_.phases[i].elastic)
        elastic[axis] = std::max(elastic[axis], below);
    }
    return elastic;
  }

  void freeze() {
    frozen_ = supernet_;
    frozen_->own();
  }

  torch::Tensor logits_of(const Supernet& weights, const Subnet& subnet,
                          const torch::Tensor& images) const {
    return forward_in(options_.precision, device_, [&] {
      return forward_with_batch_statistics(weights.slice(subnet),
                                           resize_batch(images, subnet.resolution));
    });
  }

  /// By its loss on a quarter of the images.
  const Subnet& worst(const std::vector<Subnet>& candidates, const torch::Tensor& images,
                      const torch::Tensor& targets) const {
    if (candidates.size() == 1) return candidates.front();
    const torch::NoGradGuard no_grad;
    const auto some = std::max<std::int64_t>(2, images.size(0) / 4);
    std::vector<double> losses;
    for (const Subnet& subnet : candidates) {
      const torch::Tensor logits = logits_of(supernet_, subnet, images.slice(0, 0, some));
      losses.push_back(cross_entropy(logits, targets.slice(0, 0, some)).item<double>());
    }
    const auto greatest = std::max_element(losses.begin(), losses.end());
    return candidates[static_cast<std::size_t>(greatest - losses.begin())];
  }

  torch::Tensor frozen_softmax(const torch::Tensor& images) const {
    const torch::NoGradGuard no_grad;
    const Subnet& largest = supernet_.largest();
    return logits_of(*frozen_, largest, images).softmax(1);
  }

  torch::Tensor taught_loss(const TrainingPhase& phase, const torch::Tensor& logits,
                            const torch::Tensor& targets, const torch::Tensor& teacher) const {
    const torch::Tensor taught = options_.alpha_divergence ? alpha_divergence(logits, teacher)
                                                           : cross_entropy(logits, teacher);
    if (phase.label_share <= 0) return taught;
    return phase.label_share * cross_entropy(logits, targets) + (1 - phase.label_share) * taught;
  }

  void say(const std::string& line) const {
    if (progress_) progress_(line);
  }

  void finish(double hours) {
    say("measuring the largest, the smallest and random subnets on the test images");
    const SupernetInfo info = describe_training_data(data_, normalisation_, options_.augmentation);
    ModelCard card{supernet_, data_, normalisation_, info, options_, device_, hours};
    const Json training = measure_model_card(card);
    write_supernet(supernet_, info, training, options_.out_dir + "/supernet.pt");
    write_file_atomic(options_.out_dir + "/MODEL_CARD.md", model_card_text(card, training));
    say("written: " + options_.out_dir + "/supernet.pt, MODEL_CARD.md");
  }

  const Dataset& data_;
  const TrainOptions& options_;
  const ProgressFn& progress_;
  torch::Device device_;
  Normalisation normalisation_;
  Supernet supernet_;
  std::optional<Supernet> frozen_;  ///< the teacher of phases that want one
  std::vector<Supernet> replicas_;
  std::int64_t steps_per_epoch_ = 0;
  std::vector<std::int64_t> ends_;  ///< of each phase, in steps from the beginning
  std::vector<PhaseSampler> samplers_;
  std::int64_t entered_ = -1;  ///< the phase under way
};

void check_options(const TrainOptions& options, const Dataset& data) {
  check_phases(options);
  check_training_options(options, data);
}

}  // namespace

void train_supernet(const SearchSpace& space, const Dataset& data, const TrainOptions& options,
                    const ProgressFn& progress, const StopFn& stop) {
  use_one_intra_op_thread();
  if (options.out_dir.empty()) throw BadInput("--out: a folder is needed");
  check_options(options, data);
  SupernetTraining(space, data, options, progress).run(stop);
}

TrainingForecast forecast_training(const SearchSpace& space, const Dataset& data,
                                   const TrainOptions& options) {
  use_one_intra_op_thread();
  check_options(options, data);
  return SupernetTraining(space, data, options, {}).forecast();
}

}  // namespace tinynas
