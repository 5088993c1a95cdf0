#include "tinynas/finetune.h"

#include <tbb/global_control.h>

#include <filesystem>

#include "base/files.h"
#include "base/json_io.h"
#include "catch.h"
#include "errors.h"
#include "search/run_lock.h"
#include "supernet/int8_measurement.h"
#include "temporary_folder.h"
#include "tiny_supernet.h"
#include "tinynas/tflite.h"

namespace tinynas {
namespace {

namespace fs = std::filesystem;
using testing::bad_input;
using testing::contains;

/// A briefly trained supernet and, in "run", a finished search whose winner is a random subnet.
struct Searched {
  testing::TemporaryFolder folder;
  std::shared_ptr<const Dataset> data = testing::striped_dataset();
  std::string supernet;

  Searched() {
    const TrainOptions options = testing::tiny_training(folder.file("supernet"), 1, 2);
    train_supernet(testing::tiny_space(), *data, options, {}, {});
    supernet = options.out_dir + "/supernet.pt";
  }

  FinishedRun run(const std::string& name) const {
    const SearchSpace space = testing::tiny_space();
    Rng rng(5);
    const Genotype winner = space.sample(rng);
    const Subnet subnet = space.decode(winner);
    const auto evaluator = SupernetEvaluator::load(supernet, data, {});
    Fidelity how{0, 0, Split::kValidation};
    const double validation = evaluator->evaluate({&subnet, 1}, how).front().accuracy;
    how.int8 = true;
    const double int8 = evaluator->evaluate({&subnet, 1}, how).front().accuracy;
    const std::string run = folder.file(name);
    fs::create_directories(run + "/best");
    write_subnet_file(space, winner, run + "/best/subnet.json");
    write_json_file({{"format", "tinynas-run"},
                     {"format_version", 1},
                     {"run",
                      {{"space", {{"name", "tiny"}}},
                       {"evaluator",
                        {{"supernet_hash", evaluator->info().file_hash},
                         {"dataset", "stripes"},
                         {"split_hash", data->split_hash}}}}},
                     {"environment", {{"supernet", supernet}, {"data", "stripes"}}}},
                    run + "/run.json");
    write_json_file({{"best",
                      {{"id", space.id(winner)},
                       {"quantisation", "mse"},
                       {"accuracy",
                        {{"validation", validation},
                         {"validation_int8", int8},
                         {"test", 0.25},
                         {"test_int8", nullptr}}}}}},
                    run + "/result.json");
    return read_finished_run(run);
  }
};

const Searched& searched() {
  static const Searched made;
  return made;
}

FinetuneOptions quick() {
  FinetuneOptions options;
  options.epochs = 3;
  options.quantised_epochs = 2;
  options.batch_images = 48;
  options.augmentation.horizontal_flip = false;  // diagonals have a direction
  options.augmentation.shift_pixels = 1;
  return options;
}

FinetuneResult finetune_quickly(const FinishedRun& run, const FinetuneOptions& options,
                                const StopFn& stop = {}) {
  return finetune(run, searched().supernet, *searched().data, options, {}, stop);
}

TEST_CASE("the winner gets better, and its run directory has it") {
  const FinishedRun run = searched().run("whole");
  FinetuneOptions options = quick();
  options.epochs = 6;
  const FinetuneResult result = finetune_quickly(run, options);
  REQUIRE(result.stages.size() == 3);
  const FinetuneStage &before = result.stages[0], &floats = result.stages[1],
                      &aware = result.stages[2];
  CHECK(before.name == "zero-shot");
  CHECK(before.validation == run.validation);
  CHECK(before.test == 0.25);
  CHECK(floats.validation > before.validation);
  CHECK(floats.validation > 0.8);
  CHECK(aware.validation_int8 > before.validation_int8);
  const FinetuneStage& kept = result.stages[result.kept];
  CHECK(result.kept > 0);
  for (const FinetuneStage& stage : result.stages)
    CHECK(stage.validation_int8 <= kept.validation_int8);
  CHECK(kept.test_int8.value_or(0) > 0.7);
  const FinetuneStage& other = result.stages[3 - result.kept];
  CHECK_FALSE(other.test.has_value());

  const Json document = read_json_file(run.directory + "/best/finetuned.json");
  CHECK(document["kept"] == kept.name);
  CHECK(document["stages"][1]["validation"] == floats.validation);
  CHECK(document["stages"][result.kept]["test_int8"] == *kept.test_int8);
  CHECK_FALSE(fs::exists(run.directory + "/finetune"));

  // The model that lies there is the one that was measured.
  const std::string model = run.directory + "/best/model.tflite";
  const Graph graph = parse_tflite(read_file(model), model).graph;
  const ImageSet& set = searched().data->validation;
  const LabelledImages images = first_images(set, 0, measure_normalisation(searched().data->train),
                                             graph.tensors[graph.input].shape.h, torch::kCPU);
  const torch::Tensor anyone = at::one_hot(images.labels, 3).to(torch::kFloat);
  CHECK(measure_int8(graph, images.pixels, images.labels, anyone).accuracy == kept.validation_int8);
}

TEST_CASE("wherever it is stopped, fine-tuning goes on to the same files") {
  const FinishedRun whole = searched().run("uninterrupted");
  finetune_quickly(whole, quick());
  const auto file = [](const FinishedRun& run, const char* name) {
    return read_file(run.directory + "/best/" + name);
  };
  // 8 steps an epoch: in floats, at their end, in the middle of a quantised epoch, near the end.
  for (const int stop_after : {5, 24, 29, 39}) {
    INFO("after " << stop_after);
    const FinishedRun run = searched().run("stopped" + std::to_string(stop_after));
    int steps = 0;
    CHECK_THROWS_AS(finetune_quickly(run, quick(), [&] { return ++steps == stop_after; }),
                    Interrupted);
    CHECK_FALSE(fs::exists(run.directory + "/best/finetuned.json"));
    FinetuneOptions other = quick();
    other.distillation = 0;
    CHECK(contains(bad_input([&] { finetune_quickly(run, other); }), "'distillation'"));
    const tbb::global_control one(tbb::global_control::max_allowed_parallelism, 1);
    finetune_quickly(run, quick());
    CHECK(file(run, "weights.pt") == file(whole, "weights.pt"));
    CHECK(file(run, "model.tflite") == file(whole, "model.tflite"));
  }
}

TEST_CASE("training that does not help keeps the supernet's weights") {
  FinishedRun run = searched().run("worse");
  run.validation_int8 = 1;  // as if the winner could not get better
  FinetuneOptions options = quick();
  options.epochs = 0.25;
  options.quantised_epochs = 0;
  const FinetuneResult result = finetune_quickly(run, options);
  REQUIRE(result.stages.size() == 2);
  CHECK(result.kept == 0);
  CHECK(result.stages[0].test == 0.25);
  CHECK_FALSE(result.stages[1].test.has_value());
  CHECK(read_json_file(run.directory + "/best/finetuned.json")["kept"] == "zero-shot");

  const auto evaluator = SupernetEvaluator::load(searched().supernet, searched().data, {});
  const SearchSpace& space = evaluator->space();
  const Subnet winner = space.decode(read_subnet_file(space, run.directory + "/best/subnet.json"));
  const std::string expected = searched().folder.file("model.tflite");
  write_int8_model(evaluator->quantised(winner), evaluator->info(), expected);
  CHECK(read_file(run.directory + "/best/model.tflite") == read_file(expected));
}

TEST_CASE("what does not belong together is refused in one line") {
  const FinishedRun run = searched().run("refused");
  const auto refused = [&](auto change) {
    FinetuneOptions options = quick();
    change(options);
    return bad_input([&] { finetune_quickly(run, options); });
  };
  CHECK(contains(refused([](FinetuneOptions& o) { o.epochs = o.quantised_epochs = 0; }),
                 "--epochs and --quantised-epochs"));
  CHECK(contains(refused([](FinetuneOptions& o) { o.distillation = 1.5; }), "--distillation"));
  CHECK(contains(refused([](FinetuneOptions& o) { o.batch_images = 47; }), "--batch"));
  CHECK(contains(refused([](FinetuneOptions& o) { o.resume = Resume::kMust; }), "no checkpoint"));

  FinishedRun other = run;
  other.supernet_hash = "0000000000000000";
  CHECK(contains(bad_input([&] { finetune_quickly(other, quick()); }), "--supernet"));
  {
    const RunLock lock(run.directory);
    CHECK(contains(bad_input([&] { finetune_quickly(run, quick()); }), "another process"));
  }
  CHECK(contains(bad_input([&] { read_finished_run(searched().folder.path()); }), "run.json"));
  fs::remove(run.directory + "/result.json");
  CHECK(contains(bad_input([&] { read_finished_run(run.directory); }), "has not finished"));
}

TEST_CASE("a diverging fine-tuning stops with the mend") {
  FinetuneOptions options = quick();
  options.learning_rate = 1e20;
  options.gradient_norm = 0;
  const FinishedRun run = searched().run("diverged");
  CHECK_THROWS_WITH(finetune_quickly(run, options), Catch::Contains("--learning-rate"));
  CHECK_FALSE(fs::exists(run.directory + "/best/finetuned.json"));
}

}  // namespace
}  // namespace tinynas
