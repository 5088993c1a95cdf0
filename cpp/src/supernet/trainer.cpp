#include "tinynas/trainer.h"

#include <chrono>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <numbers>
#include <numeric>

#include "base/files.h"
#include "base/json_io.h"
#include "supernet/channel_sorting.h"
#include "supernet/device.h"
#include "supernet/model_card.h"
#include "supernet/supernet_file.h"
#include "supernet/training_step.h"
#include "tinynas/error.h"

namespace tinynas {

namespace {

using Clock = std::chrono::steady_clock;
constexpr const char* kCheckpointFormat = "tinynas-training-checkpoint";
constexpr int kCheckpointVersion = 1;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// Everything that must be equal for a checkpoint to be continued, by name.
Json recipe_json(const SearchSpace& space, const Dataset& data, const TrainOptions& options) {
  return {{"space", space.hash()},
          {"data", data.split_hash},
          {"seed", options.seed},
          {"warmup_epochs", options.warmup_epochs},
          {"epochs", options.epochs},
          {"random_subnets", options.random_subnets},
          {"batch_images", options.batch_images},
          {"shards", options.shards},
          {"learning_rate", options.learning_rate},
          {"momentum", options.momentum},
          {"weight_decay", options.weight_decay},
          {"label_smoothing", options.label_smoothing},
          {"gradient_norm", options.gradient_norm},
          {"shift_pixels", options.shift_pixels},
          {"horizontal_flip", options.horizontal_flip},
          {"erase_pixels", options.erase_pixels}};
}

void check_options(const TrainOptions& options, const Dataset& data) {
  auto need = [](bool good, const char* message) {
    if (!good) throw BadInput(message);
  };
  need(!options.out_dir.empty(), "--out: a folder is needed");
  need(options.epochs >= 0 && options.warmup_epochs >= 0 &&
           options.epochs + options.warmup_epochs > 0,
       "--epochs and --warmup-epochs: at least one must be above 0, none below");
  need(options.shards >= 1 && options.batch_images >= 2 * options.shards &&
           options.batch_images % options.shards == 0,
       "--batch: must be a multiple of --shards, at least two images a shard");
  need(options.learning_rate > 0, "--learning-rate: must be above 0");
  need(static_cast<std::size_t>(options.batch_images) <= data.train.count(),
       "--batch: is larger than the training set");
}

class Training {
 public:
  Training(const SearchSpace& space, const Dataset& data, const TrainOptions& options,
           const ProgressFn& progress, const StopFn& stop)
      : data_(data),
        options_(options),
        progress_(progress),
        stop_(stop),
        device_(parse_device(options.device)),
        normalisation_(measure_normalisation(data.train)),
        info_(describe_training_data(data, normalisation_)),
        recipe_(recipe_json(space, data, options)),
        supernet_(on_device(space)),
        state_(supernet_, data.train, normalisation_, options, device_) {
    steps_per_epoch_ = static_cast<std::int64_t>(data.train.count()) / options.batch_images;
    warmup_steps_ = std::llround(options.warmup_epochs * static_cast<double>(steps_per_epoch_));
    total_steps_ =
        warmup_steps_ + std::llround(options.epochs * static_cast<double>(steps_per_epoch_));
  }

  void run() {
    restore();
    started_ = last_saved_ = Clock::now();
    first_step_ = step_;
    while (step_ < total_steps_) {
      if (step_ == warmup_steps_ && !sorted_) {
        sort_channels(supernet_);
        state_.reset_momentum();
        sorted_ = true;
        say("largest subnet warmed up; channels sorted");
      }
      one_step();
      if (step_ % steps_per_epoch_ == 0 || step_ == total_steps_) end_epoch();
      if (stop_ && stop_()) {
        save();
        throw Interrupted("training stopped at step " + std::to_string(step_) + " of " +
                          std::to_string(total_steps_) + "; the same command continues it");
      }
      if (seconds_since(last_saved_) > options_.checkpoint_seconds) save();
    }
    save();
    finish();
  }

 private:
  Supernet on_device(const SearchSpace& space) const {
    Supernet supernet(space, options_.seed);
    supernet.to(device_);
    return supernet;
  }

  std::string checkpoint_path() const { return options_.out_dir + "/checkpoint.pt"; }
  void say(const std::string& line) const {
    if (progress_) progress_(line);
  }
  double seconds() const { return earlier_seconds_ + seconds_since(started_); }

  void one_step() {
    const std::int64_t epoch = step_ / steps_per_epoch_, batch = step_ % steps_per_epoch_;
    if (epoch != order_epoch_) {
      order_.resize(data_.train.count());
      std::iota(order_.begin(), order_.end(), 0);
      Rng(options_.seed, static_cast<std::uint64_t>(epoch), kOrderStream).shuffle(order_);
      order_epoch_ = epoch;
    }
    StepTask task;
    task.stream = static_cast<std::uint64_t>(step_);
    if (step_ >= warmup_steps_) task.students = students();
    const std::span<const std::int32_t> indices(order_.data() + batch * options_.batch_images,
                                                static_cast<std::size_t>(options_.batch_images));
    epoch_loss_ += state_.step(indices, task, learning_rate());
    ++step_;
    ++epoch_steps_;
    if (step_ % 50 == 0) report();
  }

  /// The sandwich: smallest and random subnets; the largest teaches them.
  std::vector<Subnet> students() const {
    const SearchSpace& space = supernet_.space();
    std::vector<Subnet> list{space.decode(space.smallest())};
    Rng rng(options_.seed, static_cast<std::uint64_t>(step_), kSubnetStream);
    for (int i = 0; i < options_.random_subnets; ++i)
      list.push_back(space.decode(space.sample(rng)));
    return list;
  }

  /// Linear ramp at the start of each phase; constant while warming up, half a cosine to 0 after.
  double learning_rate() const {
    const bool warming = step_ < warmup_steps_;
    const double into = static_cast<double>(warming ? step_ : step_ - warmup_steps_);
    const double length = static_cast<double>(total_steps_ - warmup_steps_);
    const double ramp =
        std::min(1.0, (into + 1) / std::max(1.0, 0.5 * static_cast<double>(steps_per_epoch_)));
    const double shape = warming ? 1.0 : 0.5 * (1 + std::cos(std::numbers::pi * into / length));
    return options_.learning_rate * ramp * shape;
  }

  void report() const {
    const double each = seconds_since(started_) / static_cast<double>(step_ - first_step_);
    char line[160];
    std::snprintf(line, sizeof line,
                  "step %lld/%lld  epoch %.1f  loss %.3f  %.0f images/s  %.0f min left",
                  static_cast<long long>(step_), static_cast<long long>(total_steps_),
                  static_cast<double>(step_) / static_cast<double>(steps_per_epoch_),
                  epoch_loss_ / static_cast<double>(epoch_steps_), options_.batch_images / each,
                  each * static_cast<double>(total_steps_ - step_) / 60);
    say(line);
  }

  double validation_accuracy(const Subnet& subnet) const {
    return measure_on_split(supernet_, subnet, data_, normalisation_, Split::kValidation, device_,
                            512)
        .accuracy;
  }

  void end_epoch() {
    const SearchSpace& space = supernet_.space();
    Json line;
    line["epoch"] = static_cast<double>(step_) / static_cast<double>(steps_per_epoch_);
    line["step"] = step_;
    line["loss"] = epoch_loss_ / static_cast<double>(std::max<std::int64_t>(1, epoch_steps_));
    line["largest_validation"] = validation_accuracy(supernet_.largest());
    line["smallest_validation"] = validation_accuracy(space.decode(space.smallest()));
    history_.push_back(line);
    char text[160];
    std::snprintf(text, sizeof text,
                  "epoch %.1f  loss %.3f  validation (float): largest %.2f %%, smallest %.2f %%",
                  line["epoch"].get<double>(), line["loss"].get<double>(),
                  100 * line["largest_validation"].get<double>(),
                  100 * line["smallest_validation"].get<double>());
    say(text);
    epoch_loss_ = 0;
    epoch_steps_ = 0;
    write_json_file(history_, options_.out_dir + "/history.json");
    save();
  }

  void save() {
    StateFile state;
    state.metadata = {{"format", kCheckpointFormat}, {"format_version", kCheckpointVersion}};
    state.metadata["recipe"] = recipe_;
    state.metadata["step"] = step_;
    state.metadata["sorted"] = sorted_;
    state.metadata["seconds"] = seconds();
    state.metadata["epoch_loss"] = epoch_loss_;
    state.metadata["epoch_steps"] = epoch_steps_;
    state.metadata["history"] = history_;
    state.tensors = supernet_.parameters();
    for (auto& entry : state_.momentum()) state.tensors.push_back(std::move(entry));
    write_state_file(state, checkpoint_path());
    last_saved_ = Clock::now();
  }

  void restore() {
    const std::string path = checkpoint_path();
    const bool exists = std::filesystem::exists(path);
    if (options_.resume == Resume::kMust && !exists)
      throw BadInput(path + ": there is no checkpoint to resume from");
    if (options_.resume == Resume::kNever && exists) {
      throw BadInput(
          path +
          ": a checkpoint is there already; name another --out, or resume it with --resume auto");
    }
    if (!exists) return;
    const StateFile state = read_state_file(path, kCheckpointFormat, kCheckpointVersion);
    const Json& recipe = json_at(state.metadata, "recipe", path);
    for (const auto& [key, value] : recipe_.items()) {
      if (json_at(recipe, key.c_str(), path) != value) {
        throw BadInput(path + ": field '" + key + "' is " + recipe[key].dump() + " there and " +
                       value.dump() + " now; give the same options, or name another --out");
      }
    }
    load_parameters(supernet_, state, path);
    for (const auto& [name, tensor] : state.tensors) state_.set_momentum(name, tensor);
    step_ = json_int(state.metadata, "step", path);
    sorted_ = json_at(state.metadata, "sorted", path).get<bool>();
    earlier_seconds_ = json_number(state.metadata, "seconds", path);
    epoch_loss_ = json_number(state.metadata, "epoch_loss", path);
    epoch_steps_ = json_int(state.metadata, "epoch_steps", path);
    history_ = json_at(state.metadata, "history", path);
    say("resumed at step " + std::to_string(step_) + " of " + std::to_string(total_steps_));
  }

  void finish() {
    say("measuring the largest, the smallest and random subnets on the test images");
    ModelCard card{supernet_, data_, normalisation_, info_, options_, device_, seconds() / 3600};
    const Json training = measure_model_card(card);
    write_supernet(supernet_, info_, training, options_.out_dir + "/supernet.pt");
    write_file_atomic(options_.out_dir + "/MODEL_CARD.md", model_card_text(card, training));
    say("written: " + options_.out_dir + "/supernet.pt, MODEL_CARD.md");
  }

  static constexpr std::uint32_t kOrderStream = 0x6f726465, kSubnetStream = 0x7375626e;

  const Dataset& data_;
  const TrainOptions& options_;
  const ProgressFn& progress_;
  const StopFn& stop_;
  torch::Device device_;
  Normalisation normalisation_;
  SupernetInfo info_;
  Json recipe_;
  Supernet supernet_;
  TrainingState state_;
  Json history_ = Json::array();
  std::vector<std::int32_t> order_;
  std::int64_t order_epoch_ = -1, steps_per_epoch_ = 0, warmup_steps_ = 0, total_steps_ = 0;
  std::int64_t step_ = 0, first_step_ = 0, epoch_steps_ = 0;
  bool sorted_ = false;
  double epoch_loss_ = 0, earlier_seconds_ = 0;
  Clock::time_point started_, last_saved_;
};

}  // namespace

void train_supernet(const SearchSpace& space, const Dataset& data, const TrainOptions& options,
                    const ProgressFn& progress, const StopFn& stop) {
  use_one_intra_op_thread();
  check_options(options, data);
  Training(space, data, options, progress, stop).run();
}

}  // namespace tinynas
