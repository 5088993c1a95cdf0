#include "tinynas/trainer.h"

#include <tbb/global_control.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/files.h"
#include "catch.h"
#include "errors.h"
#include "supernet/state_file.h"
#include "temporary_folder.h"
#include "tiny_supernet.h"
#include "tinynas/supernet.h"
#include "trained_weights.h"

namespace tinynas {
namespace {

using testing::bad_input;
using testing::check_equal;
using testing::contains;
using testing::weights_of;

TrainOptions quick(const std::string& out) { return testing::tiny_training(out, 2, 4); }

TEST_CASE("training learns, and its files say what they are") {
  const testing::TemporaryFolder folder;
  const auto data = testing::striped_dataset();
  const std::string out = folder.file("run");
  const TrainOptions options = testing::tiny_training(out, 2, 12);
  train_supernet(testing::tiny_space(), *data, options, {}, {});
  const auto evaluator = SupernetEvaluator::load(out + "/supernet.pt", data, {"cpu", 1});
  const SearchSpace& space = evaluator->space();
  const std::vector<Subnet> ends{space.decode(space.largest()), space.decode(space.smallest())};
  const auto measured = evaluator->evaluate(ends, {0, 0, Split::kTest});
  CHECK(measured[0].accuracy > 0.9);
  CHECK(measured[1].accuracy > 0.6);
  const std::string card = read_file(out + "/MODEL_CARD.md");
  CHECK(contains(card, "| largest |"));
  CHECK(contains(card, "splits 0123456789abcdef"));
}

TEST_CASE("an interrupted training resumes to the same weights") {
  const testing::TemporaryFolder folder;
  const auto data = testing::striped_dataset();
  train_supernet(testing::tiny_space(), *data, quick(folder.file("whole")), {}, {});
  const NamedTensors whole = weights_of(folder.file("whole"));
  // In the warm-up, at its end (before sorting), just after, in the middle of an epoch, near the
  // end.
  for (const int stop_after : {3, 16, 17, 29, 47}) {
    const std::string out = folder.file("stopped" + std::to_string(stop_after));
    int steps = 0;
    CHECK_THROWS_AS(train_supernet(testing::tiny_space(), *data, quick(out), {},
                                   [&] { return ++steps == stop_after; }),
                    Interrupted);
    CHECK_FALSE(std::filesystem::exists(out + "/supernet.pt"));
    train_supernet(testing::tiny_space(), *data, quick(out), {}, {});
    check_equal(whole, weights_of(out));
  }
}

/// Once-for-all's way, in small: kernels, then depths, then ratios and widths, taught by the
/// largest of the beginning; with averaged weights, mixed images and learned kernel transforms.
TrainOptions shrinking(const std::string& out) {
  TrainOptions options = testing::tiny_training(out, 1, 1);
  options.kernel_transforms = options.resolution_per_batch = true;
  options.subnets_per_shard = true;
  options.worst_of = 2;
  options.average_decay = 0.9;
  options.augmentation.mixup = 0.2;
  options.augmentation.operations = 1;
  TrainingPhase phase = options.phases[1];
  phase.largest = phase.smallest = false;
  phase.random_subnets = 1;
  phase.teacher = Teacher::kFrozen;
  phase.label_share = 0.5;
  phase.elastic = {{"kernel", TrainingPhase::kAllChoices}};
  options.phases.resize(1);
  for (const char* axis : {"depth", "expand", "width"}) {
    phase.name = axis;
    options.phases.push_back(phase);
    phase.elastic[axis] = TrainingPhase::kAllChoices;
  }
  return options;
}

TEST_CASE("progressive shrinking resumes to the same weights, too") {
  const testing::TemporaryFolder folder;
  const auto data = testing::striped_dataset();
  train_supernet(testing::tiny_space(), *data, shrinking(folder.file("whole")), {}, {});
  const NamedTensors whole = weights_of(folder.file("whole"));
  CHECK(std::any_of(whole.begin(), whole.end(), [](const auto& entry) {
    return contains(entry.first, ".transform5") &&
           !torch::equal(entry.second, torch::eye(entry.second.size(0)));
  }));
  for (const int stop_after : {3, 8, 9, 21, 31}) {
    const std::string out = folder.file("stopped" + std::to_string(stop_after));
    int steps = 0;
    CHECK_THROWS_AS(train_supernet(testing::tiny_space(), *data, shrinking(out), {},
                                   [&] { return ++steps == stop_after; }),
                    Interrupted);
    train_supernet(testing::tiny_space(), *data, shrinking(out), {}, {});
    check_equal(whole, weights_of(out));
  }
}

TEST_CASE("averaged weights are what is kept, and others than the last") {
  const testing::TemporaryFolder folder;
  const auto data = testing::striped_dataset();
  TrainOptions averaged = quick(folder.file("averaged"));
  averaged.average_decay = 0.9;
  train_supernet(testing::tiny_space(), *data, averaged, {}, {});
  train_supernet(testing::tiny_space(), *data, quick(folder.file("last")), {}, {});
  const NamedTensors mean = weights_of(folder.file("averaged"));
  const NamedTensors last = weights_of(folder.file("last"));
  CHECK_FALSE(torch::equal(mean[0].second, last[0].second));
  // The same steps were taken: the average follows them without leading them.
  const StateFile checkpoint =
      read_state_file(folder.file("averaged") + "/checkpoint.pt", "tinynas-training-checkpoint", 2);
  CHECK(torch::equal(checkpoint.tensors[0].second, last[0].second));
}

TEST_CASE("only subnets that are accepted are trained, beside largest and smallest") {
  const testing::TemporaryFolder folder;
  const auto data = testing::striped_dataset();
  TrainOptions options = testing::tiny_training(folder.file("run"), 0, 1);
  options.phases[1].largest = options.phases[1].smallest = false;
  options.phases[1].teacher = Teacher::kNone;
  options.phases[1].label_share = 1;
  // Nothing but the first block of the second stage is ever reached.
  options.accepts = [](const Subnet& subnet) { return subnet.blocks.size() == 2; };
  options.accepts_what = "have two blocks";
  options.weight_decay = 0;
  train_supernet(testing::tiny_space(), *data, options, {}, {});
  TrainOptions none = options;
  none.out_dir = folder.file("none");
  none.learning_rate = 1e-30;
  train_supernet(testing::tiny_space(), *data, none, {}, {});
  const NamedTensors trained = weights_of(options.out_dir), start = weights_of(none.out_dir);
  for (std::size_t i = 0; i < trained.size(); ++i) {
    INFO(trained[i].first);
    const bool beyond =
        contains(trained[i].first, "stage1.block1") || contains(trained[i].first, "stage1.block2");
    if (beyond) CHECK(torch::allclose(trained[i].second, start[i].second));
  }
  CHECK(contains(read_file(options.out_dir + "/MODEL_CARD.md"), "have two blocks"));
}

TEST_CASE("a forecast counts what would be trained and writes nothing") {
  const testing::TemporaryFolder folder;
  const auto data = testing::striped_dataset();
  const TrainingForecast found =
      forecast_training(testing::tiny_space(), *data, quick(folder.file("run")));
  const SearchSpace space = testing::tiny_space();
  const Graph largest = lower(space.decode(space.largest()));
  CHECK(found.parameters == graph_params(largest));
  CHECK(found.largest_macs == graph_macs(largest));
  CHECK(found.subnets == space.cardinality());
  CHECK(found.steps == 48);
  CHECK(found.seconds > 0);
  CHECK(found.peak_bytes > 1 << 20);
  CHECK_FALSE(std::filesystem::exists(folder.file("run")));
}

TEST_CASE("the number of threads does not change the weights") {
  const testing::TemporaryFolder folder;
  const auto data = testing::striped_dataset();
  train_supernet(testing::tiny_space(), *data, quick(folder.file("many")), {}, {});
  {
    const tbb::global_control one(tbb::global_control::max_allowed_parallelism, 1);
    train_supernet(testing::tiny_space(), *data, quick(folder.file("one")), {}, {});
  }
  check_equal(weights_of(folder.file("many")), weights_of(folder.file("one")));
}

TEST_CASE("a checkpoint of another recipe is refused by field") {
  const testing::TemporaryFolder folder;
  const auto data = testing::striped_dataset();
  const std::string out = folder.file("run");
  int steps = 0;
  CHECK_THROWS_AS(
      train_supernet(testing::tiny_space(), *data, quick(out), {}, [&] { return ++steps == 5; }),
      Interrupted);
  TrainOptions other = quick(out);
  other.learning_rate = 0.05;
  const std::string message =
      bad_input([&] { train_supernet(testing::tiny_space(), *data, other, {}, {}); });
  CHECK(contains(message, "'learning_rate'"));
  CHECK(contains(message, "--out"));
  TrainOptions never = quick(out);
  never.resume = Resume::kNever;
  CHECK(contains(bad_input([&] { train_supernet(testing::tiny_space(), *data, never, {}, {}); }),
                 "checkpoint"));
  TrainOptions must = quick(folder.file("nothing"));
  must.resume = Resume::kMust;
  CHECK(contains(bad_input([&] { train_supernet(testing::tiny_space(), *data, must, {}, {}); }),
                 "no checkpoint"));
}

std::string diverged(const TrainOptions& options) {
  try {
    train_supernet(testing::tiny_space(), *testing::striped_dataset(), options, {}, {});
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::kInternal);
    return error.what();
  }
  return "did not diverge";
}

TEST_CASE("a diverging training stops with the mend") {
  const testing::TemporaryFolder folder;
  TrainOptions options = quick(folder.file("run"));
  options.learning_rate = 1e20;
  options.gradient_norm = 0;
  CHECK(contains(diverged(options), "--learning-rate"));
}

TEST_CASE("what diverges leaves the last good checkpoint alone") {
  const testing::TemporaryFolder folder;
  TrainOptions options = quick(folder.file("run"));
  options.learning_rate = 1e6;
  options.checkpoint_seconds = 0;  // at every step
  const std::string message = diverged(options);
  CHECK(contains(message, "training diverged at step "));
  CHECK(contains(message, "--learning-rate"));
  CHECK_FALSE(std::filesystem::exists(options.out_dir + "/supernet.pt"));
  const StateFile kept =
      read_state_file(options.out_dir + "/checkpoint.pt", "tinynas-training-checkpoint", 2);
  for (const auto& [name, tensor] : kept.tensors) CHECK(tensor.isfinite().all().item<bool>());
  const std::string step = std::to_string(kept.metadata["step"].get<int>() + 1);
  CHECK(contains(message, "at step " + step + ":"));
  CHECK(diverged(options) == message);  // goes on from there, and fails at the same step
}

TEST_CASE("options that cannot work are refused") {
  const testing::TemporaryFolder folder;
  const auto data = testing::striped_dataset();
  auto refused = [&](auto change) {
    TrainOptions options = quick(folder.file("run"));
    change(options);
    return bad_input([&] { train_supernet(testing::tiny_space(), *data, options, {}, {}); });
  };
  CHECK(contains(refused([](TrainOptions& o) { o.batch_images = 47; }), "--batch"));
  CHECK(contains(refused([](TrainOptions& o) { o.group = {"none", 0, 3}; }), "--shards"));
  CHECK(contains(refused([](TrainOptions& o) { o.group = {"none", 0, 2}; }), "'none'"));
  CHECK(contains(refused([](TrainOptions& o) { o.batch_images = 4096; }), "--batch"));
  CHECK(contains(refused([](TrainOptions& o) { o.learning_rate = 0; }), "--learning-rate"));
  CHECK(contains(refused([](TrainOptions& o) { o.phases[1].epochs = -1; }), "'sandwich'"));
  CHECK(contains(refused([](TrainOptions& o) { o.phases[0].epochs = o.phases[1].epochs = 0; }),
                 "--epochs"));
  CHECK(contains(refused([](TrainOptions& o) { o.phases[1].largest = false; }), "in-place"));
  CHECK(contains(refused([](TrainOptions& o) { o.device = "warp"; }), "--device"));
}

}  // namespace
}  // namespace tinynas
