// What runs on another device than the CPU, where torch sees one.

#include <cmath>
#include <filesystem>

#include "catch.h"
#include "temporary_folder.h"
#include "tiny_supernet.h"
#include "tinynas/error.h"
#include "tinynas/standalone.h"
#include "tinynas/supernet.h"
#include "trained_weights.h"

namespace tinynas {
namespace {

/// Empty where torch sees none.
std::string accelerator() {
  const std::vector<std::string> devices = torch_devices();
  if (devices.size() > 1) return devices[1];
  WARN("torch sees no accelerator: nothing is tested");
  return {};
}

TrainOptions training_on(const std::string& device, const std::string& out) {
  TrainOptions options = testing::tiny_training(out, 2, 6);
  options.device = device;
  options.average_decay = 0.9;
  return options;
}

TEST_CASE("an accelerator measures what the CPU measures") {
  const std::string device = accelerator();
  if (device.empty()) return;
  const testing::TemporaryFolder folder;
  const auto data = testing::striped_dataset();
  train_supernet(testing::tiny_space(), *data, testing::tiny_training(folder.file("run"), 2, 4), {},
                 {});
  const std::string path = folder.file("run") + "/supernet.pt";
  const auto there = SupernetEvaluator::load(path, data, {device, 0});
  const auto here = SupernetEvaluator::load(path, data, {"cpu", 0});
  const SearchSpace& space = here->space();
  std::vector<Subnet> subnets{space.decode(space.largest()), space.decode(space.smallest())};
  for (std::uint64_t i = 0; i < 6; ++i) {
    Rng rng(7, i);
    subnets.push_back(space.decode(space.sample(rng)));
  }
  for (const bool int8 : {false, true}) {
    Fidelity fidelity{128, 0, Split::kValidation};
    fidelity.int8 = int8;
    const auto ours = here->evaluate(subnets, fidelity),
               theirs = there->evaluate(subnets, fidelity);
    for (std::size_t i = 0; i < subnets.size(); ++i) {
      INFO(device << ", subnet " << i << (int8 ? ", int8" : ", float"));
      CHECK(theirs[i].images == ours[i].images);
      // Matrix products of 10-bit mantissas (TF32), and rounding to int8 from there.
      CHECK(std::abs(theirs[i].accuracy - ours[i].accuracy) <= 3.0 / ours[i].images);
      CHECK(std::abs(theirs[i].score - ours[i].score) < 0.02 * std::abs(ours[i].score));
    }
    const auto again = there->evaluate(subnets, fidelity);
    for (std::size_t i = 0; i < subnets.size(); ++i) CHECK(again[i].score == theirs[i].score);
  }
}

TEST_CASE("training on an accelerator learns, and goes on to the same weights") {
  const std::string device = accelerator();
  if (device.empty()) return;
  const testing::TemporaryFolder folder;
  const auto data = testing::striped_dataset();
  const std::string whole = folder.file("whole");
  train_supernet(testing::tiny_space(), *data, training_on(device, whole), {}, {});
  // What was trained there is measured here.
  const auto evaluator = SupernetEvaluator::load(whole + "/supernet.pt", data, {"cpu", 1});
  const SearchSpace& space = evaluator->space();
  const Subnet largest = space.decode(space.largest());
  CHECK(evaluator->evaluate({&largest, 1}, {0, 0, Split::kTest}).front().accuracy > 0.8);
  for (const int stop_after : {3, 17, 29}) {
    const std::string out = folder.file("stopped" + std::to_string(stop_after));
    int steps = 0;
    CHECK_THROWS_AS(train_supernet(testing::tiny_space(), *data, training_on(device, out), {},
                                   [&] { return ++steps == stop_after; }),
                    Interrupted);
    train_supernet(testing::tiny_space(), *data, training_on(device, out), {}, {});
    INFO("stopped after " << stop_after);
    testing::check_equal(testing::weights_of(whole), testing::weights_of(out));
  }
}

TEST_CASE("a network alone learns on an accelerator, in floats and rounded") {
  const std::string device = accelerator();
  if (device.empty()) return;
  const testing::TemporaryFolder folder;
  const auto data = testing::striped_dataset();
  LayerNetwork network;
  network.name = network.id = "plain";
  network.classes = 3;
  network.image_channels = 1;
  network.resolution = 12;
  const auto layer = [](int channels, int kernel, bool depthwise) {
    NetworkLayer made;
    made.channels = channels;
    made.kernel_h = made.kernel_w = kernel;
    made.depthwise = depthwise;
    return made;
  };
  network.layers = {layer(6, 3, false), layer(6, 3, true), layer(12, 1, false)};
  StandaloneOptions options;
  options.device = device;
  options.out_dir = folder.file("alone");
  options.epochs = 8;
  options.quantised_epochs = 2;
  options.batch_images = 48;
  options.learning_rate = 0.1;
  options.augmentation = {.shift_pixels = 1, .horizontal_flip = false};
  const StandaloneResult result = train_standalone(network, *data, options, {}, {});
  CHECK(result.stages[result.kept].test_int8.value_or(0) > 0.7);
  CHECK(std::filesystem::exists(folder.file("alone") + "/model.tflite"));
}

}  // namespace
}  // namespace tinynas
