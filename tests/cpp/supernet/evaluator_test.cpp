#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

#include "catch.h"
#include "errors.h"
#include "supernet/model_card.h"
#include "supernet/subnet_measurement.h"
#include "supernet/supernet_file.h"
#include "temporary_folder.h"
#include "tiny_supernet.h"
#include "tinynas/supernet.h"

namespace tinynas {
namespace {

using testing::bad_input;
using testing::contains;

/// An untrained supernet on disk: measuring does not care.
std::string write_tiny_supernet(const testing::TemporaryFolder& folder, const Dataset& data,
                                const Augmentation& augmentation = {}) {
  const Normalisation normalisation = measure_normalisation(data.train);
  const std::string path = folder.file("supernet.pt");
  write_supernet(Supernet(testing::tiny_space(), 3),
                 describe_training_data(data, normalisation, augmentation), Json::object(), path);
  return path;
}

std::vector<Subnet> some_subnets(const SearchSpace& space, int count) {
  std::vector<Subnet> subnets;
  for (int i = 0; i < count; ++i) {
    Rng rng(42, static_cast<std::uint64_t>(i));
    subnets.push_back(space.decode(space.sample(rng)));
  }
  return subnets;
}

bool same(const Measurement& a, const Measurement& b) {
  return a.score == b.score && a.accuracy == b.accuracy && a.images == b.images &&
         a.standard_error == b.standard_error;
}

TEST_CASE("concurrent evaluation of many subnets equals sequential evaluation") {
  const testing::TemporaryFolder folder;
  const auto data = testing::striped_dataset();
  const std::string path = write_tiny_supernet(folder, *data);
  const Fidelity fidelity{128, 200, Split::kValidation};
  const auto sequential = SupernetEvaluator::load(path, data, {"cpu", 1});
  const std::vector<Subnet> subnets = some_subnets(sequential->space(), 24);
  std::vector<Measurement> expected;
  for (const Subnet& subnet : subnets)
    expected.push_back(sequential->evaluate({&subnet, 1}, fidelity).front());
  for (const int threads : {2, 8}) {
    const auto concurrent = SupernetEvaluator::load(path, data, {"cpu", threads});
    const std::vector<Measurement> measured = concurrent->evaluate(subnets, fidelity);
    REQUIRE(measured.size() == expected.size());
    for (std::size_t i = 0; i < measured.size(); ++i) CHECK(same(measured[i], expected[i]));
  }
}

TEST_CASE("evaluate may be called from several threads") {
  const testing::TemporaryFolder folder;
  const auto data = testing::striped_dataset();
  const auto evaluator =
      SupernetEvaluator::load(write_tiny_supernet(folder, *data), data, {"cpu", 2});
  const std::vector<Subnet> subnets = some_subnets(evaluator->space(), 6);
  const Fidelity fidelity{128, 150, Split::kValidation};
  const std::vector<Measurement> expected = evaluator->evaluate(subnets, fidelity);
  std::vector<std::vector<Measurement>> results(3);
  std::vector<std::thread> threads;
  for (auto& result : results)
    threads.emplace_back([&] { result = evaluator->evaluate(subnets, fidelity); });
  for (std::thread& thread : threads) thread.join();
  for (const auto& result : results) {
    for (std::size_t i = 0; i < expected.size(); ++i) CHECK(same(result[i], expected[i]));
  }
}

TEST_CASE("measuring writes nothing into the supernet") {
  const auto data = testing::striped_dataset();
  const Supernet supernet(testing::tiny_space(), 3);
  NamedTensors before;
  for (const auto& [name, tensor] : supernet.parameters())
    before.emplace_back(name, tensor.clone());
  std::vector<std::int32_t> indices(150);
  for (int i = 0; i < 150; ++i) indices[i] = i;
  const torch::Tensor images =
      image_batch(data->calibration, indices, measure_normalisation(data->train));
  const SubnetProgram program = supernet.slice(supernet.largest());
  predict_probabilities(recalibrated(program, images), images);
  const NamedTensors after = supernet.parameters();
  for (std::size_t i = 0; i < before.size(); ++i)
    CHECK(torch::equal(before[i].second, after[i].second));
}

TEST_CASE("recalibrated statistics are those of all images together, for the first layer") {
  const auto data = testing::striped_dataset();
  const Supernet supernet(testing::tiny_space(), 3);
  std::vector<std::int32_t> indices(192);
  for (int i = 0; i < 192; ++i) indices[i] = i;
  const torch::Tensor images =
      image_batch(data->calibration, indices, measure_normalisation(data->train));
  const SubnetProgram program = supernet.slice(supernet.largest());
  const BnStatistics statistics = recalibrate(program, images.slice(0, 0, 192));
  c10::InferenceMode inference;
  const torch::Tensor y = torch::conv2d(images, program.layers[0].conv.weight, {}, 1, 1);
  CHECK((statistics.mean[0] - y.mean({0, 2, 3})).abs().max().item<float>() < 1e-4f);
  CHECK((statistics.variance[0] - y.var({0, 2, 3}, false)).abs().max().item<float>() < 1e-3f);
}

TEST_CASE(
    "the largest subnet's score is the entropy of its own predictions, and no score is higher than "
    "0") {
  const testing::TemporaryFolder folder;
  const auto data = testing::striped_dataset();
  const auto evaluator =
      SupernetEvaluator::load(write_tiny_supernet(folder, *data), data, {"cpu", 1});
  const SearchSpace& space = evaluator->space();
  const Subnet largest = space.decode(space.largest());
  const Fidelity fidelity{0, 0, Split::kValidation};
  const Measurement own = evaluator->evaluate({&largest, 1}, fidelity).front();
  CHECK(own.images == 300);
  CHECK(own.score < 0);
  for (const Subnet& subnet : some_subnets(space, 8)) {
    // Gibbs: cross-entropy to the teacher is least for the teacher itself.
    CHECK(evaluator->evaluate({&subnet, 1}, fidelity).front().score <= own.score + 1e-9);
  }
}

TEST_CASE("BN is recalibrated on images augmented as the supernet's training images were") {
  const testing::TemporaryFolder folder;
  const auto data = testing::striped_dataset();
  const Normalisation normalisation = measure_normalisation(data->train);
  const Augmentation shifts{.shift_pixels = 4};
  const std::string path = write_tiny_supernet(folder, *data, shifts);
  CHECK(read_supernet_info(path).augmentation == shifts);
  const auto evaluator = SupernetEvaluator::load(path, data, {"cpu", 1});
  const SearchSpace& space = evaluator->space();
  const Subnet largest = space.decode(space.largest());
  const Supernet supernet = read_supernet(path).supernet;
  const auto accuracy_with = [&](const Augmentation& augmentation) {
    return measure_on_split(supernet, largest, *data, normalisation, Split::kValidation,
                            torch::kCPU, augmentation, 100)
        .accuracy;
  };
  const double measured =
      evaluator->evaluate({&largest, 1}, {100, 0, Split::kValidation}).front().accuracy;
  CHECK(measured == accuracy_with(shifts));
  CHECK(measured != accuracy_with({}));
}

TEST_CASE("a supernet file from before it told its augmentation is recalibrated on plain images") {
  const testing::TemporaryFolder folder;
  const auto data = testing::striped_dataset();
  const std::string path = write_tiny_supernet(folder, *data, {.shift_pixels = 4});
  StateFile state = read_state_file(path, "tinynas-supernet", 1);
  state.metadata["data"].erase("augmentation");
  write_state_file(state, path);
  CHECK(read_supernet_info(path).augmentation == Augmentation{});
  state.metadata["data"]["augmentation"] = {{"shift_pixels", "far"}};
  write_state_file(state, path);
  const std::string message = bad_input([&] { read_supernet_info(path); });
  CHECK(contains(message, "shift_pixels"));
  CHECK(contains(message, path));
}

TEST_CASE("a supernet refuses data that it was not trained on") {
  const testing::TemporaryFolder folder;
  const auto data = testing::striped_dataset();
  const std::string path = write_tiny_supernet(folder, *data);
  auto other = std::make_shared<Dataset>(*data);
  other->split_hash = "ffffffffffffffff";
  const std::string splits = bad_input([&] { SupernetEvaluator::load(path, other, {}); });
  CHECK(contains(splits, "splits"));
  CHECK(contains(splits, "--data"));
  other = std::make_shared<Dataset>(*data);
  other->class_names.back() = "circles";
  CHECK(contains(bad_input([&] { SupernetEvaluator::load(path, other, {}); }), "classes"));
}

TEST_CASE("a device that torch does not see is refused by name") {
  const testing::TemporaryFolder folder;
  const auto data = testing::striped_dataset();
  const std::string path = write_tiny_supernet(folder, *data);
  const std::string message = bad_input([&] { SupernetEvaluator::load(path, data, {"warp", 0}); });
  CHECK(contains(message, "'warp'"));
  CHECK(contains(message, "cpu"));
}

TEST_CASE("damaged supernet files end in one line that names the file") {
  const testing::TemporaryFolder folder;
  const auto data = testing::striped_dataset();
  const std::string path = write_tiny_supernet(folder, *data);
  std::ifstream in(path, std::ios::binary);
  const std::string whole((std::istreambuf_iterator<char>(in)), {});
  REQUIRE(whole.size() > 10000);
  for (const std::size_t length :
       {std::size_t{0}, std::size_t{1}, whole.size() / 3, whole.size() / 2, whole.size() - 100}) {
    const std::string cut = folder.write("cut.pt", whole.substr(0, length));
    const std::string message = bad_input([&] { read_supernet_info(cut); });
    CHECK(contains(message, "cut.pt"));
    CHECK_FALSE(contains(message, "\n"));
  }
  CHECK(contains(bad_input([&] { read_supernet_info(folder.write("text.pt", "hello")); }),
                 "text.pt"));
  CHECK(contains(bad_input([&] { read_supernet_info(folder.file("absent.pt")); }), "absent.pt"));
  CHECK(read_supernet_info(path).space_name == "tiny");
}

TEST_CASE("an extracted subnet holds its own weights only") {
  const testing::TemporaryFolder folder;
  const auto data = testing::striped_dataset();
  const auto evaluator =
      SupernetEvaluator::load(write_tiny_supernet(folder, *data), data, {"cpu", 1});
  const Subnet smallest = evaluator->space().decode(evaluator->space().smallest());
  const std::string path = folder.file("weights.pt");
  evaluator->extract(smallest, path);
  const StateFile state = read_state_file(path, "tinynas-subnet-weights", 1);
  std::int64_t parameters = 0;
  for (const auto& [name, tensor] : state.tensors) parameters += tensor.numel();
  CHECK(parameters == graph_params(lower(smallest)));
}

}  // namespace
}  // namespace tinynas
