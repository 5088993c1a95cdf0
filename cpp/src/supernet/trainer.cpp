#include "tinynas/trainer.h"

#include <cmath>
#include <filesystem>

#include "base/files.h"
#include "supernet/channel_sorting.h"
#include "supernet/device.h"
#include "supernet/model_card.h"
#include "supernet/precision.h"
#include "supernet/supernet_file.h"
#include "supernet/training_loop.h"
#include "tinynas/error.h"

namespace tinynas {

namespace {

constexpr std::uint32_t kSubnetStream = 0x7375626e;
constexpr int kRecalibrationImages = 512;  ///< of the accuracies that are shown while it trains

void check_options(const TrainOptions& options, const Dataset& data) {
  if (options.out_dir.empty()) throw BadInput("--out: a folder is needed");
  if (options.epochs < 0 || options.warmup_epochs < 0 ||
      options.epochs + options.warmup_epochs <= 0) {
    throw BadInput("--epochs and --warmup-epochs: at least one must be above 0, none below");
  }
  check_training_options(options, data);
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
        supernet_(space, options.seed),
        steps_per_epoch_(static_cast<std::int64_t>(data.train.count()) / options.batch_images),
        warmup_steps_(epoch_steps(options.warmup_epochs)),
        total_steps_(warmup_steps_ + epoch_steps(options.epochs)) {
    check_precision(options.precision, device_);
    supernet_.to(device_);
    for (int shard = 0; shard < local_shards(options); ++shard)
      replicas_.push_back(supernet_.replica());
  }

  void run(const StopFn& stop) {
    TrainingPlan plan{options_.out_dir, recipe_json(data_, options_), "name another --out",
                      steps_per_epoch_, total_steps_};
    plan.recipe["space"] = supernet_.space().hash();
    plan.recipe["warmup_epochs"] = options_.warmup_epochs;
    plan.recipe["epochs"] = options_.epochs;
    plan.recipe["random_subnets"] = options_.random_subnets;
    const double seconds =
        run_training(*this, plan, data_, normalisation_, options_, device_, progress_, stop);
    if (options_.group.leads()) finish(seconds / 3600);
  }

  NamedTensors parameters() const override { return supernet_.parameters(); }

  std::vector<NamedTensors> replica_parameters() const override {
    std::vector<NamedTensors> all;
    for (const Supernet& replica : replicas_) all.push_back(replica.parameters());
    return all;
  }

  /// The largest subnet from labels; each student, after warm-up, from the largest's detached
  /// softmax.
  double backward(std::size_t shard, const torch::Tensor& images, const torch::Tensor& labels,
                  std::int64_t step) override {
    const Supernet& replica = replicas_[shard];
    const auto logits_of = [&](const Subnet& subnet) {
      return forward_in(options_.precision, device_, [&] {
        return forward_with_batch_statistics(replica.slice(subnet),
                                             resize_batch(images, subnet.resolution));
      });
    };
    const torch::Tensor logits = logits_of(supernet_.largest());
    const torch::Tensor loss = at::cross_entropy_loss(logits, labels, {}, at::Reduction::Mean, -100,
                                                      options_.label_smoothing);
    loss.backward();
    const torch::Tensor teacher = logits.detach().softmax(1);
    for (const Subnet& student : students(step)) {
      distillation_loss(logits_of(student), teacher).backward();
    }
    return loss.item<double>();
  }

  /// Constant while warming up, half a cosine to 0 after; a linear ramp at the start of each.
  double learning_rate(std::int64_t step) const override {
    const double ramp_steps = 0.5 * static_cast<double>(steps_per_epoch_);
    if (step < warmup_steps_) {
      return options_.learning_rate *
             std::min(1.0, static_cast<double>(step + 1) / std::max(1.0, ramp_steps));
    }
    return options_.learning_rate *
           cosine_with_ramp(step - warmup_steps_, ramp_steps, total_steps_ - warmup_steps_);
  }

  bool begin(std::int64_t step) override {
    if (step != warmup_steps_ || sorted_) return false;
    sort_channels(supernet_);
    sorted_ = true;
    say("largest subnet warmed up; channels sorted");
    return true;
  }

  std::vector<std::pair<std::string, double>> validate() override {
    const SearchSpace& space = supernet_.space();
    const auto accuracy = [&](const Subnet& subnet) {
      return measure_on_split(supernet_, subnet, data_, normalisation_, Split::kValidation, device_,
                              kRecalibrationImages)
          .accuracy;
    };
    return {{"largest", accuracy(supernet_.largest())},
            {"smallest", accuracy(space.decode(space.smallest()))}};
  }

  void save(StateFile& state) const override { state.metadata["sorted"] = sorted_; }
  void load(const StateFile& state, const std::string& path) override {
    sorted_ = json_at(state.metadata, "sorted", path).get<bool>();
  }

 private:
  std::int64_t epoch_steps(double epochs) const {
    return std::llround(epochs * static_cast<double>(steps_per_epoch_));
  }

  void say(const std::string& line) const {
    if (progress_) progress_(line);
  }

  /// The sandwich: smallest and random subnets; the largest teaches them.
  std::vector<Subnet> students(std::int64_t step) const {
    if (step < warmup_steps_) return {};
    const SearchSpace& space = supernet_.space();
    std::vector<Subnet> list{space.decode(space.smallest())};
    Rng rng(options_.seed, static_cast<std::uint64_t>(step), kSubnetStream);
    for (int i = 0; i < options_.random_subnets; ++i)
      list.push_back(space.decode(space.sample(rng)));
    return list;
  }

  void finish(double hours) {
    say("measuring the largest, the smallest and random subnets on the test images");
    const SupernetInfo info = describe_training_data(data_, normalisation_);
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
  std::vector<Supernet> replicas_;
  std::int64_t steps_per_epoch_ = 0, warmup_steps_ = 0, total_steps_ = 0;
  bool sorted_ = false;
};

}  // namespace

void train_supernet(const SearchSpace& space, const Dataset& data, const TrainOptions& options,
                    const ProgressFn& progress, const StopFn& stop) {
  use_one_intra_op_thread();
  check_options(options, data);
  SupernetTraining(space, data, options, progress).run(stop);
}

}  // namespace tinynas
