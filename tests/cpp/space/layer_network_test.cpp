// Networks given layer by layer.

#include "tinynas/layer_network.h"

#include <filesystem>

#include "base/files.h"
#include "catch.h"
#include "errors.h"
#include "random_space.h"
#include "temporary_folder.h"
#include "tinynas/tflite.h"

namespace tinynas {
namespace {

using testing::bad_input;
using testing::contains;

std::vector<Shape> shapes(const Graph& graph) {
  std::vector<Shape> list;
  for (const Tensor& tensor : graph.tensors) list.push_back(tensor.shape);
  return list;
}

TEST_CASE("a subnet's layers lower to the subnet's graph") {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    Rng rng(seed, 10);
    const SearchSpace space = SearchSpace::parse(testing::random_space_toml(rng), "random.toml");
    const Genotype genotype = space.sample(rng);
    INFO("seed " << seed);
    const Graph direct = lower(space.decode(genotype));
    const LayerNetwork network = layer_network(space, genotype);
    const Graph layered = lower(network);
    REQUIRE(network.id == space.id(genotype));
    REQUIRE(shapes(layered) == shapes(direct));
    REQUIRE(layered.op_inputs == direct.op_inputs);
    REQUIRE(graph_macs(layered) == graph_macs(direct));
    REQUIRE(graph_params(layered) == graph_params(direct));
  }
}

TEST_CASE("ResNet-8 is the published one") {
  const Graph graph = lower(find_layer_network("resnet8", 32, 3, 10));
  CHECK(graph_macs(graph) == 12'501'632);
  const std::string path =
      std::string(TINYNAS_SHARED_DIR) + "/reference/tflite/mlperf-tiny-resnet8.tflite";
  if (!std::filesystem::exists(path)) return;
  const Graph published = parse_tflite(read_file(path), path).graph;
  CHECK(graph_macs(graph) == graph_macs(published));
  CHECK(graph_params(graph) == graph_params(published));
}

TEST_CASE("DS-CNN halves rows and columns once, whatever the kernel's sides") {
  const LayerNetwork network = find_layer_network("dscnn", 41, 1, 12);
  const Graph graph = lower(network);
  CHECK(graph.tensors[graph.ops[0].output].shape == Shape{21, 21, 64});
  CHECK(graph_params(graph) == 10 * 4 * 64 + 64 + 4 * (9 * 64 + 64 + 64 * 64 + 64) + 64 * 12 + 12);
  CHECK(network.id != find_layer_network("dscnn", 41, 1, 10).id);
}

TEST_CASE("a faulty file is refused with its line") {
  const testing::TemporaryFolder folder;
  const std::string path = folder.file("net.toml");
  const auto refused = [&](const std::string& layers) {
    write_file_atomic(path, "name = \"net\"\ndescription = \"of a test\"\n" + layers);
    return bad_input([&] { find_layer_network(path, 16, 1, 4); });
  };
  CHECK(contains(refused(""), "[[layer]]"));
  CHECK(contains(refused("[[layer]]\nkind = \"dense\"\n"), ":4: layer[0].kind"));
  CHECK(contains(refused("[[layer]]\nkind = \"conv\"\nkernel = 3\n"), "channels"));
  CHECK(contains(refused("[[layer]]\nkind = \"conv\"\nkernel = [3, 3, 3]\nchannels = 4\n"),
                 "rows and columns"));
  CHECK(contains(refused("[[layer]]\nkind = \"depthwise\"\nkernel = 3\nchanels = 4\n"), "chanels"));
  CHECK(contains(bad_input([] { find_layer_network("resnet9", 32, 3, 10); }), "resnet8"));
}

}  // namespace
}  // namespace tinynas
