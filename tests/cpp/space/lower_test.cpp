// Graphs of random subnets are valid, and say what the subnet says.

#include "catch.h"
#include "random_space.h"

namespace tinynas {
namespace {

int halved(int size, int stride) { return (size + stride - 1) / stride; }

/// MACs counted from the subnet, without a graph.
std::int64_t expected_macs(const Subnet& subnet) {
  int size = halved(subnet.resolution, subnet.stem_stride);
  std::int64_t macs = std::int64_t{size} * size * subnet.stem_kernel * subnet.stem_kernel *
                      subnet.image_channels * subnet.stem_channels;
  for (const Block& block : subnet.blocks) {
    const std::int64_t in_pixels = std::int64_t{size} * size;
    size = halved(size, block.stride);
    const std::int64_t out_pixels = std::int64_t{size} * size;
    if (block.expand_ratio != 1) macs += in_pixels * block.in_channels * block.mid_channels;
    macs += out_pixels * block.mid_channels * (block.kernel * block.kernel + block.out_channels);
  }
  int features = subnet.blocks.back().out_channels;
  if (subnet.head_channels > 0) {
    macs += std::int64_t{size} * size * features * subnet.head_channels;
    features = subnet.head_channels;
  }
  return macs + std::int64_t{features} * subnet.classes;
}

TEST_CASE("random subnets lower to valid graphs with the subnet's MACs") {
  Graph graph;  // reused: nothing may be left over from the network before
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    Rng rng(seed, 9);
    const SearchSpace space = SearchSpace::parse(testing::random_space_toml(rng), "random.toml");
    const Subnet subnet = space.decode(space.sample(rng));
    INFO("seed " << seed << ": " << describe(subnet));
    lower(subnet, graph);
    validate(graph, "random");
    REQUIRE(graph_macs(graph) == expected_macs(subnet));
    REQUIRE(graph.output == static_cast<std::int32_t>(graph.tensors.size()) - 1);
    REQUIRE(graph.tensors[graph.output].shape == Shape{1, 1, subnet.classes});
    std::size_t shortcuts = 0, adds = 0;
    for (const Block& block : subnet.blocks) shortcuts += block.residual;
    for (const Op& op : graph.ops) adds += op.kind == OpKind::kAdd;
    REQUIRE(adds == shortcuts);
  }
}

TEST_CASE("an odd map is halved upwards, as in the published networks") {
  Subnet subnet;
  subnet.resolution = 6;
  subnet.classes = 2;
  subnet.stem_channels = 8;
  Block block;
  block.stride = 2;
  block.expand_ratio = 3;
  block.in_channels = 8;
  block.mid_channels = 24;
  block.out_channels = 16;
  subnet.blocks.push_back(block);
  const Graph graph = lower(subnet);
  validate(graph, "odd");
  REQUIRE(graph.ops.size() == 6);
  CHECK(graph.out_shape(graph.ops[0]) == Shape{3, 3, 8});
  CHECK(graph.out_shape(graph.ops[2]) == Shape{2, 2, 24});
  CHECK(graph.ops[2].pad_top == 1);
  CHECK(op_name(graph, 2) == "block0.depthwise");
  CHECK(graph.ops[4].kernel_h == 2);
  CHECK(graph.ops[4].role == OpRole::kPool);
}

}  // namespace
}  // namespace tinynas
