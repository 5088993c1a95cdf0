#include "supernet/training_loop.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <numbers>
#include <numeric>
#include <optional>

#include "base/percent.h"
#include "supernet/augmentation_json.h"
#include "supernet/event_log.h"
#include "supernet/precision.h"
#include "supernet/supernet_file.h"
#include "tinynas/error.h"
#include "tinynas/rng.h"

namespace tinynas {
namespace {

using Clock = std::chrono::steady_clock;
constexpr const char* kCheckpointFormat = "tinynas-training-checkpoint";
constexpr int kCheckpointVersion = 2;
constexpr std::uint32_t kOrderStream = 0x6f726465;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

class Loop {
 public:
  Loop(Training& training, const TrainingPlan& plan, const Dataset& data,
       const Normalisation& normalisation, const TrainingOptions& options, torch::Device device,
       const ProgressFn& progress, const StopFn& stop)
      : training_(training),
        plan_(plan),
        data_(data),
        options_(options),
        progress_(progress),
        stop_(stop),
        state_(training, data, normalisation, options, device),
        group_(state_.group()) {}

  double run() {
    restore();
    begin_together();
    started_ = last_saved_ = Clock::now();
    first_step_ = step_;
    if (step_ < plan_.total_steps) train();
    state_.swap_averages();
    return seconds();
  }

 private:
  void train() {
    if (group_.leads()) {
      std::filesystem::create_directories(plan_.directory);
      events_.emplace(plan_.directory, step_);
    }
    while (step_ < plan_.total_steps) {
      if (training_.begin(step_)) {
        group_.share(training_.parameters());
        state_.start_anew();
      }
      const bool stop = one_step();
      if (ends_epoch()) end_epoch();
      if (stop) {
        save();
        // Who ends earlier makes torchrun end the leader, perhaps before it has saved.
        group_.meet();
        throw Interrupted(group_.said_once("training stopped at step " + std::to_string(step_) +
                                           " of " + std::to_string(plan_.total_steps) +
                                           "; the same command continues it"));
      }
      if (seconds_since(last_saved_) > options_.checkpoint_seconds) save();
    }
    save();
  }

  std::string checkpoint_path() const { return plan_.directory + "/checkpoint.pt"; }
  void say(const std::string& line) const {
    if (progress_) progress_(line);
  }
  double seconds() const { return earlier_seconds_ + seconds_since(started_); }

  bool ends_epoch() const {
    return step_ % plan_.steps_per_epoch == 0 || step_ == plan_.total_steps;
  }

  /// Whether the training is to stop.
  bool one_step() {
    const std::int64_t epoch = step_ / plan_.steps_per_epoch, batch = step_ % plan_.steps_per_epoch;
    if (epoch != order_epoch_) {
      order_.resize(data_.train.count());
      std::iota(order_.begin(), order_.end(), 0);
      Rng(options_.seed, static_cast<std::uint64_t>(epoch), kOrderStream).shuffle(order_);
      order_epoch_ = epoch;
    }
    const std::span<const std::int32_t> indices(order_.data() + batch * options_.batch_images,
                                                static_cast<std::size_t>(options_.batch_images));
    const double learning_rate = training_.learning_rate(step_);
    const StepResult result = state_.step(indices, step_, learning_rate, stop_);
    epoch_loss_ += result.loss;
    ++step_;
    ++epoch_steps_;
    const bool reports = step_ % 50 == 0;
    if (reports) report();
    if (events_ && (reports || ends_epoch())) {
      events_->add(step_, {{"train/loss", epoch_loss_ / static_cast<double>(epoch_steps_)},
                           {"train/learning_rate", learning_rate},
                           {"train/images_per_second", options_.batch_images / seconds_a_step()}});
    }
    return result.stop;
  }

  double seconds_a_step() const {
    return seconds_since(started_) / static_cast<double>(step_ - first_step_);
  }

  void report() const {
    const double each = seconds_a_step();
    char line[160];
    std::snprintf(line, sizeof line,
                  "step %lld/%lld  epoch %.1f  loss %.3f  %.0f images/s  %.0f min left",
                  static_cast<long long>(step_), static_cast<long long>(plan_.total_steps),
                  static_cast<double>(step_) / static_cast<double>(plan_.steps_per_epoch),
                  epoch_loss_ / static_cast<double>(epoch_steps_), options_.batch_images / each,
                  each * static_cast<double>(plan_.total_steps - step_) / 60);
    say(line);
  }

  void end_epoch() {
    if (group_.leads()) record_epoch();
    epoch_loss_ = 0;
    epoch_steps_ = 0;
    save();
  }

  void record_epoch() {
    Json line;
    line["epoch"] = static_cast<double>(step_) / static_cast<double>(plan_.steps_per_epoch);
    line["step"] = step_;
    line["loss"] = epoch_loss_ / static_cast<double>(std::max<std::int64_t>(1, epoch_steps_));
    char text[96];
    std::snprintf(text, sizeof text,
                  "epoch %.1f  loss %.3f  validation:", line["epoch"].get<double>(),
                  line["loss"].get<double>());
    std::string shown = text, comma = " ";
    state_.swap_averages();
    const auto accuracies = training_.validate();
    state_.swap_averages();
    std::vector<std::pair<std::string, double>> scalars;
    for (const auto& [name, accuracy] : accuracies) {
      line[name + "_validation"] = accuracy;
      scalars.emplace_back("validation/" + name, accuracy);
      shown += comma + name + " " + percent_text(accuracy, 2);
      comma = ", ";
    }
    history_.push_back(line);
    say(shown);
    events_->add(step_, scalars);
    write_json_file(history_, plan_.directory + "/history.json");
  }

  void save() {
    if (!group_.leads()) return;
    StateFile state;
    state.metadata = {{"format", kCheckpointFormat}, {"format_version", kCheckpointVersion}};
    state.metadata["recipe"] = plan_.recipe;
    state.metadata["step"] = step_;
    state.metadata["seconds"] = seconds();
    state.metadata["epoch_loss"] = epoch_loss_;
    state.metadata["epoch_steps"] = epoch_steps_;
    state.metadata["history"] = history_;
    state.tensors = training_.parameters();
    state.metadata["averaged_steps"] = state_.averaged_steps();
    for (auto& entry : state_.buffers()) state.tensors.push_back(std::move(entry));
    training_.save(state);
    write_state_file(state, checkpoint_path());
    last_saved_ = Clock::now();
  }

  void restore() {
    const std::string path = checkpoint_path();
    const bool exists = std::filesystem::exists(path);
    if (options_.resume == Resume::kMust && !exists)
      throw BadInput(path + ": there is no checkpoint to resume from");
    if (options_.resume == Resume::kNever && exists) {
      throw BadInput(path + ": a checkpoint is there already; " + plan_.elsewhere +
                     ", or resume it with --resume auto");
    }
    if (!exists) return;
    const StateFile state = read_state_file(path, kCheckpointFormat, kCheckpointVersion);
    const Json& recipe = json_at(state.metadata, "recipe", path);
    for (const auto& [key, value] : plan_.recipe.items()) {
      if (json_at(recipe, key.c_str(), path) != value) {
        throw BadInput(path + ": field '" + key + "' is " + recipe[key].dump() + " there and " +
                       value.dump() + " now; give the same options, or " + plan_.elsewhere);
      }
    }
    load_parameters(training_.parameters(), state, path);
    for (const auto& [name, tensor] : state.tensors) state_.set_buffer(name, tensor);
    state_.set_averaged_steps(json_int(state.metadata, "averaged_steps", path));
    training_.load(state, path);
    step_ = json_int(state.metadata, "step", path);
    earlier_seconds_ = json_number(state.metadata, "seconds", path);
    epoch_loss_ = json_number(state.metadata, "epoch_loss", path);
    epoch_steps_ = json_int(state.metadata, "epoch_steps", path);
    history_ = json_at(state.metadata, "history", path);
    say("resumed at step " + std::to_string(step_) + " of " + std::to_string(plan_.total_steps));
  }

  /// All processes do the same, from the same step and weights.
  void begin_together() {
    Json same = plan_.recipe;
    same["total_steps"] = plan_.total_steps;
    same["step"] = step_;
    group_.check_equal(same);
    group_.share(training_.parameters());
    group_.share(state_.buffers());
  }

  Training& training_;
  const TrainingPlan& plan_;
  const Dataset& data_;
  const TrainingOptions& options_;
  const ProgressFn& progress_;
  const StopFn& stop_;
  TrainingState state_;
  const Collectives& group_;
  std::optional<EventLog> events_;
  Json history_ = Json::array();
  std::vector<std::int32_t> order_;
  std::int64_t order_epoch_ = -1, step_ = 0, first_step_ = 0, epoch_steps_ = 0;
  double epoch_loss_ = 0, earlier_seconds_ = 0;
  Clock::time_point started_, last_saved_;
};

}  // namespace

double run_training(Training& training, const TrainingPlan& plan, const Dataset& data,
                    const Normalisation& normalisation, const TrainingOptions& options,
                    torch::Device device, const ProgressFn& progress, const StopFn& stop) {
  return Loop(training, plan, data, normalisation, options, device, progress, stop).run();
}

Json recipe_json(const Dataset& data, const TrainingOptions& options) {
  Json recipe = {{"data", data.split_hash},
                 {"seed", options.seed},
                 {"batch_images", options.batch_images},
                 {"shards", options.shards},
                 {"precision", precision_name(options.precision)},
                 {"learning_rate", options.learning_rate},
                 {"momentum", options.momentum},
                 {"weight_decay", options.weight_decay},
                 {"label_smoothing", options.label_smoothing},
                 {"gradient_norm", options.gradient_norm},
                 {"average_decay", options.average_decay}};
  recipe.update(augmentation_json(options.augmentation));
  return recipe;
}

void check_training_options(const TrainingOptions& options, const Dataset& data) {
  if (options.shards < 1 || options.batch_images < 2 * options.shards ||
      options.batch_images % options.shards != 0) {
    throw BadInput("--batch: must be a multiple of --shards, at least two images a shard");
  }
  if (options.shards % options.group.size != 0) {
    throw BadInput("--shards: must be a multiple of the number of processes (" +
                   std::to_string(options.group.size) + ")");
  }
  if (!(options.learning_rate > 0)) throw BadInput("--learning-rate: must be above 0");
  if (static_cast<std::size_t>(options.batch_images) > data.train.count())
    throw BadInput("--batch: is larger than the training set");
}

double cosine_with_ramp(std::int64_t step, double ramp_steps, std::int64_t steps) {
  const double ramp = std::min(1.0, static_cast<double>(step + 1) / std::max(1.0, ramp_steps));
  const double share = static_cast<double>(step) / static_cast<double>(steps);
  return ramp * 0.5 * (1 + std::cos(std::numbers::pi * share));
}

}  // namespace tinynas
