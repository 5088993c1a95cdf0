// Every published network is a point of a shipped space: table -> subnet -> genes -> subnet -> the
// same table.

#include <filesystem>

#include "base/json_io.h"
#include "catch.h"
#include "errors.h"
#include "shared_networks.h"
#include "tinynas/search_space.h"

namespace tinynas {
namespace {

struct StageCursor {
  int stage = -1, index = 0;
};

/// Reads ops back into a subnet: stage and index come from strides and output channels, since a
/// block that halves the map or changes channels begins a stage.
Subnet subnet_of(const Graph& graph, const Json& document) {
  Subnet subnet;
  StageCursor at;
  int previous_channels = 0;
  std::vector<double> ratio;
  for (const Json& layer : document["layers"]) {
    if (layer.contains("expand")) ratio.push_back(layer["expand"].get<double>());
  }
  for (const Op& op : graph.ops) {
    const Shape out = graph.out_shape(op), in = graph.in_shape(op);
    if (op.role == OpRole::kStem) {
      subnet.resolution = in.h;
      subnet.image_channels = in.c;
      subnet.stem_channels = out.c;
      subnet.stem_kernel = op.kernel_h;
      subnet.stem_stride = op.stride_h;
    } else if (op.role == OpRole::kFeatureMix) {
      subnet.head_channels = out.c;
    } else if (op.role == OpRole::kClassifier) {
      subnet.classes = out.c;
    } else if (op.role == OpRole::kDepthwise) {
      Block block;
      block.kernel = op.kernel_h;
      block.stride = op.stride_h;
      block.mid_channels = out.c;
      block.expand_ratio = ratio[subnet.blocks.size()];
      block.in_channels = subnet.blocks.empty() ? subnet.stem_channels : previous_channels;
      subnet.blocks.push_back(block);
    } else if (op.role == OpRole::kProject) {
      Block& block = subnet.blocks.back();
      block.out_channels = previous_channels = out.c;
      const bool first = subnet.blocks.size() == 1;
      const bool begins = first || block.stride == 2 || block.in_channels != block.out_channels;
      at = begins ? StageCursor{at.stage + 1, 0} : StageCursor{at.stage, at.index + 1};
      block.stage = at.stage;
      block.index = at.index;
    } else if (op.role == OpRole::kResidual) {
      subnet.blocks.back().residual = true;
    }
  }
  return subnet;
}

void check_equal(const Graph& found, const Graph& published) {
  REQUIRE(found.tensors.size() == published.tensors.size());
  for (std::size_t i = 0; i < found.tensors.size(); ++i) {
    CHECK(found.tensors[i].shape == published.tensors[i].shape);
    CHECK(found.tensors[i].dtype == published.tensors[i].dtype);
  }
  CHECK(found.input == published.input);
  CHECK(found.output == published.output);
  REQUIRE(found.ops.size() == published.ops.size());
  for (std::size_t i = 0; i < found.ops.size(); ++i) {
    const Op &has = found.ops[i], &wants = published.ops[i];
    INFO(op_name(published, i));
    CHECK(has.kind == wants.kind);
    CHECK(has.role == wants.role);
    CHECK(has.block == wants.block);
    CHECK(has.kernel_h == wants.kernel_h);
    CHECK(has.kernel_w == wants.kernel_w);
    CHECK(has.stride_h == wants.stride_h);
    CHECK(has.pad_top == wants.pad_top);
    CHECK(has.pad_left == wants.pad_left);
    CHECK(has.output == wants.output);
    const auto a = found.inputs(has), b = published.inputs(wants);
    CHECK(std::equal(a.begin(), a.end(), b.begin(), b.end()));
  }
}

TEST_CASE("every published network is a point of a shipped space") {
  std::size_t mcunets = 0, others = 0;
  for (const std::string& path : testing::shared_networks()) {
    INFO(path);
    const Graph published = read_layer_table(path);
    const std::string name = std::filesystem::path(path).stem().string();
    const Subnet subnet = subnet_of(published, read_json_file(path));
    std::string space_name = "mcunet";
    if (name.starts_with("mbv2")) space_name = "mobilenetv2";
    if (name.starts_with("proxyless")) space_name = "proxyless";
    ++(space_name == "mcunet" ? mcunets : others);
    const SearchSpace space = SearchSpace::find(space_name).with_classes(subnet.classes);
    const Genotype genotype = space.encode(subnet);
    CHECK(space.canonical(genotype) == genotype);
    const Subnet decoded = space.decode(genotype);
    CHECK(decoded == subnet);
    check_equal(lower(decoded), published);
  }
  if (mcunets + others > 0) {
    CHECK(mcunets == 4);
    CHECK(others == 3);
  }
}

TEST_CASE("another number of classes is another space") {
  const SearchSpace space = SearchSpace::find("mcunet"), two = space.with_classes(2);
  CHECK(two.classes() == 2);
  CHECK(two.name() == space.name());
  CHECK(two.hash() != space.hash());
  CHECK(two.with_classes(1000).hash() == space.hash());
  CHECK(two.decode(two.smallest()).classes == 2);
  CHECK(SearchSpace::parse(two.toml_text(), "stored").hash() == two.hash());
  CHECK(testing::bad_input([&] { space.with_classes(1); }) ==
        "a network needs between 2 and 100000 classes, not 1");
}

}  // namespace
}  // namespace tinynas
