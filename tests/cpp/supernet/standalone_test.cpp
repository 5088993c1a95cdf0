#include "tinynas/standalone.h"

#include <tbb/global_control.h>

#include <filesystem>

#include "base/files.h"
#include "base/json_io.h"
#include "catch.h"
#include "errors.h"
#include "supernet/int8_measurement.h"
#include "temporary_folder.h"
#include "tiny_supernet.h"
#include "tinynas/tflite.h"

namespace tinynas {
namespace {

namespace fs = std::filesystem;
using testing::bad_input;
using testing::contains;

StandaloneOptions quick(const std::string& out) {
  StandaloneOptions options;
  options.out_dir = out;
  options.epochs = 4;
  options.batch_images = 48;
  options.learning_rate = 0.2;
  options.augmentation.horizontal_flip = false;  // diagonals have a direction
  options.augmentation.shift_pixels = 1;
  return options;
}

/// Every kind of layer: an even kernel, shortcuts with and without a convolution of their own, and
/// a sum with ReLU before a depthwise convolution.
LayerNetwork every_kind(const testing::TemporaryFolder& folder, int resolution) {
  const std::string path = folder.file("every.toml");
  write_file_atomic(path, R"(
name = "every"
description = "every kind of layer"
[[layer]]
kind = "conv"
channels = 6
kernel = [4, 2]
[[layer]]
kind = "residual"
channels = 6
kernel = 3
[[layer]]
kind = "residual"
channels = 10
kernel = 3
stride = 2
[[layer]]
kind = "depthwise"
kernel = 3
)");
  return find_layer_network(path, resolution, 1, 3);
}

LayerNetwork drawn_subnet() {
  const SearchSpace space = testing::tiny_space();
  Rng rng(5);
  return layer_network(space, space.sample(rng));
}

double accuracy_of_file(const std::string& model, const ImageSet& set, const Dataset& data) {
  const Graph graph = parse_tflite(read_file(model), model).graph;
  const LabelledImages images = first_images(set, 0, measure_normalisation(data.train),
                                             graph.tensors[graph.input].shape.h, torch::kCPU);
  const torch::Tensor anyone = at::one_hot(images.labels, 3).to(torch::kFloat);
  return measure_int8(graph, images.pixels, images.labels, anyone).accuracy;
}

TEST_CASE("a network alone learns, and its folder has what was measured") {
  const testing::TemporaryFolder folder;
  const auto data = testing::striped_dataset();
  for (const LayerNetwork& network : {drawn_subnet(), every_kind(folder, 11)}) {
    INFO(network.name);
    StandaloneOptions options = quick(folder.file("out-" + network.name));
    options.quantised_epochs = 1;
    const StandaloneResult result = train_standalone(network, *data, options, {}, {});
    REQUIRE(result.stages.size() == 2);
    CHECK(result.stages[0].validation > 0.8);
    CHECK(result.stages[1].validation_int8 > 0.75);
    const FinetuneStage& kept = result.stages[result.kept];
    CHECK(kept.test_int8.value_or(0) > 0.75);
    CHECK_FALSE(result.stages[1 - result.kept].test.has_value());

    const std::string out = options.out_dir;
    const Json document = read_json_file(out + "/result.json");
    CHECK(document["accuracy"]["test"] == *kept.test);
    CHECK(document["network"]["id"] == network.id);
    CHECK(document["network"]["macs"] == graph_macs(lower(network)));
    CHECK(read_json_file(out + "/history.json").size() == 4);
    CHECK(accuracy_of_file(out + "/model.tflite", data->test, *data) == *kept.test_int8);
  }
}

TEST_CASE("wherever it is stopped, a network alone goes on to the same files") {
  const testing::TemporaryFolder folder;
  const auto data = testing::striped_dataset();
  const LayerNetwork network = every_kind(folder, 12);
  const auto train = [&](const char* name, std::uint64_t seed, const StopFn& stop) {
    StandaloneOptions options = quick(folder.file(name));
    options.epochs = 2;
    options.seed = seed;
    train_standalone(network, *data, options, {}, stop);
    return read_file(folder.file(name) + "/model.tflite");
  };
  const std::string whole = train("whole", 3, {});
  int steps = 0;
  CHECK_THROWS_AS(train("stopped", 3, [&] { return ++steps == 5; }), Interrupted);
  CHECK_FALSE(fs::exists(folder.file("stopped") + "/result.json"));
  CHECK(contains(bad_input([&] { train("stopped", 4, {}); }), "'seed'"));
  const tbb::global_control one(tbb::global_control::max_allowed_parallelism, 1);
  CHECK(train("stopped", 3, {}) == whole);
  CHECK(train("other", 4, {}) != whole);
}

TEST_CASE("what a network alone cannot be trained with is refused") {
  const auto data = testing::striped_dataset();
  const auto refused = [&](auto change) {
    StandaloneOptions options = quick("nowhere");
    change(options);
    return bad_input([&] { train_standalone(drawn_subnet(), *data, options, {}, {}); });
  };
  CHECK(contains(refused([](StandaloneOptions& o) { o.out_dir = ""; }), "--out"));
  CHECK(contains(refused([](StandaloneOptions& o) { o.epochs = 0; }), "--epochs"));
  CHECK(contains(refused([](StandaloneOptions& o) { o.distillation = 0.5; }), "--distillation"));
  CHECK(contains(refused([](StandaloneOptions& o) { o.batch_images = 47; }), "--batch"));
}

}  // namespace
}  // namespace tinynas
