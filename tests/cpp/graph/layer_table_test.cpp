#include "base/json_io.h"
#include "catch.h"
#include "shared_networks.h"
#include "temporary_folder.h"
#include "tinynas/error.h"
#include "tinynas/graph.h"
#include "tinynas/rng.h"

using namespace tinynas;
using tinynas::testing::TemporaryFolder;

namespace {

/// Stem, an inverted bottleneck with a shortcut, pooling, classifier.
const char* const kTable = R"({"name": "tiny", "layers": [
 {"i": 0, "op": "conv2d", "k": 3, "stride": 2, "pad": 1, "inputs": [-1], "in": [8, 8, 3], "out": [4, 4, 4], "block": null, "role": "stem"},
 {"i": 1, "op": "conv2d", "k": 1, "stride": 1, "pad": 0, "inputs": [0], "in": [4, 4, 4], "out": [4, 4, 12], "block": 0, "role": "expand"},
 {"i": 2, "op": "depthwise_conv2d", "k": [5, 3], "stride": 1, "pad": [2, 1], "inputs": [1], "in": [4, 4, 12], "out": [4, 4, 12], "block": 0, "role": "depthwise"},
 {"i": 3, "op": "conv2d", "k": 1, "stride": 1, "pad": 0, "inputs": [2], "in": [4, 4, 12], "out": [4, 4, 4], "block": 0, "role": "project"},
 {"i": 4, "op": "add", "k": 0, "stride": 1, "pad": 0, "inputs": [3, 0], "in": [4, 4, 4], "out": [4, 4, 4], "block": 0, "role": "residual"},
 {"op": "avgpool", "k": 4, "stride": 1, "pad": 0, "inputs": [4], "in": [4, 4, 4], "out": [1, 1, 4]},
 {"op": "conv2d", "k": 1, "stride": 1, "pad": 0, "inputs": [5], "in": [1, 1, 4], "out": [1, 1, 10], "role": "classifier"}
]})";

std::string complaint_about(const Json& table, const TemporaryFolder& folder, ExitCode expected) {
  const std::string path = folder.write("table.json", table.dump());
  try {
    read_layer_table(path);
  } catch (const Error& error) {
    CHECK(error.code() == expected);
    const std::string text = error.what();
    CHECK(text.find('\n') == std::string::npos);
    CHECK(text.find(path) == 0);
    return text.substr(std::min(text.size(), path.size() + 2));
  }
  FAIL("accepted: " << table.dump());
  return "";
}

Json random_value(Rng& rng) {
  switch (rng.below(10)) {
    case 0:
      return nullptr;
    case 1:
      return -static_cast<std::int64_t>(rng.below(5));
    case 2:
      return rng.below(100);
    case 3:
      return 1e300 * rng.uniform();
    case 4:
      return ~std::uint64_t{0} - rng.below(3);
    case 5:
      return std::int64_t{1} << rng.below(63);
    case 6:
      return Json::array({rng.below(9), rng.below(9), rng.below(9)});
    case 7:
      return Json::object({{"in", 1}});
    case 8:
      return "add";
    default:
      return Json::array();
  }
}

}  // namespace

TEST_CASE("published layer tables give the computed MACs, weights and parameters") {
  for (const std::string& path : tinynas::testing::shared_networks()) {
    INFO(path);
    const Graph graph = read_layer_table(path);
    const Json table = read_json_file(path);
    const Json& computed = table["computed"];
    validate(graph, path);
    CHECK(static_cast<std::int64_t>(graph.ops.size()) == computed["layers"].get<std::int64_t>());
    CHECK(graph_macs(graph) == computed["macs"].get<std::int64_t>());
    CHECK(graph_params(graph) == computed["params_with_bias"].get<std::int64_t>());
    std::int64_t weights = 0;
    for (const Op& op : graph.ops) weights += op_weight_bytes(graph, op);
    CHECK(weights == computed["weights"].get<std::int64_t>());
    CHECK(graph.tensors[graph.output].shape.c == computed["n_classes"].get<std::int32_t>());
    CHECK(op_name(graph, 0) == "stem");
    CHECK(op_name(graph, graph.ops.size() - 1) == "classifier");
  }
}

TEST_CASE("a layer table is read field by field") {
  const TemporaryFolder folder;
  const Graph graph = read_layer_table(folder.write("tiny.json", kTable));
  validate(graph, "tiny");
  REQUIRE(graph.ops.size() == 7);
  CHECK(graph.tensors[graph.input].shape == Shape{8, 8, 3});
  CHECK(graph.tensors[graph.output].shape == Shape{1, 1, 10});
  CHECK(graph.ops[2].kind == OpKind::kDepthwiseConv2d);
  CHECK(graph.ops[2].kernel_h == 5);
  CHECK(graph.ops[2].kernel_w == 3);
  CHECK(graph.ops[2].pad_top == 2);
  CHECK(graph.ops[2].pad_left == 1);
  CHECK(graph.inputs(graph.ops[4])[0] == 4);
  CHECK(graph.inputs(graph.ops[4])[1] == 1);
  CHECK(op_name(graph, 2) == "block0.depthwise");
  CHECK(op_name(graph, 5) == "op5");
}

TEST_CASE("what no layer of a table reads is an output of the network") {
  const TemporaryFolder folder;
  Json table = parse_json(kTable, "tiny");
  CHECK(read_layer_table(folder.write("one.json", table.dump())).more_outputs.empty());
  table["layers"][4]["inputs"] = {0, 0};  // nobody reads the projection, layer 3
  const Graph graph = read_layer_table(folder.write("two.json", table.dump()));
  CHECK(graph.output == graph.ops[6].output);
  REQUIRE(graph.more_outputs.size() == 1);
  CHECK(graph.more_outputs[0] == graph.ops[3].output);
}

TEST_CASE("every mistake in a layer table is named by file, layer and field") {
  struct Case {
    std::size_t layer;
    const char* field;
    Json value;
    std::string complaint;
  };
  const std::vector<Case> cases = {
      {0, "k", 0, "layers[0].k: must be a whole number from 1"},
      {0, "k", "3", "layers[0].k: must be a whole number"},
      {0, "k", {3, 3, 3}, "layers[0].k: must be a number or a list of two"},
      {0, "k", 18446744073709551615u, "layers[0].k: must be a whole number"},
      {0, "k", 2.5, "layers[0].k: must be a whole number"},
      {0, "stride", 0, "layers[0].stride: must be a whole number from 1"},
      {0, "stride", 1, "layers[0].out: the output [4, 4, 4] does not follow"},
      {0, "pad", -1, "layers[0].pad: must be a whole number from 0"},
      {0, "pad", 3, "layers[0].pad: the padding must be at least 0 and less than the kernel"},
      {0, "in", {8, 8}, "layers[0].in: must be a list of three numbers"},
      {0, "in", {8, 8, 0}, "layers[0].in: must be a whole number from 1"},
      {0, "in", {67108864, 67108864, 67108864}, "layers[0].in: the shape"},
      {1, "in", {4, 4, 5}, "layers[1].in: is not the shape of its first input, which is [4, 4, 4]"},
      {3, "out", {4, 5, 4}, "layers[3].out: the output"},
      {2, "out", {4, 4, 13}, "layers[2].out: a depthwise convolution needs"},
      {2, "inputs", {2}, "layers[2].inputs: must be a whole number from -1 to 1"},
      {0, "inputs", {18446744073709551615u}, "layers[0].inputs: must be -1"},
      {2, "inputs", {0, 1}, "layers[2].in: is not the shape"},
      {2, "inputs", {1, 0}, "layers[2].inputs: depthwise_conv2d needs 1 input, not 2"},
      {2, "inputs", Json::array(), "layers[2].inputs: at least one input"},
      {2, "inputs", 1, "layers[2].inputs: must be a list"},
      {4, "inputs", {3, 1}, "layers[4].inputs: the inputs of add have the shapes"},
      {4, "inputs", {3}, "layers[4].inputs: add needs 2 inputs, not 1"},
      {4, "out", {4, 4, 3}, "layers[4].out: the output [4, 4, 3] of add"},
      {4, "i", 5, "layers[4].i: must be 4"},
      {1, "role", "expnd", "layers[1].role: 'expnd' is no known role (did you mean 'expand'?)"},
      {1, "role", 5, "layers[1].role: must be a string"},
      {1, "block", -2, "layers[1].block: must be a whole number from 0"},
      {5, "out", {1, 1, 5}, "layers[5].out: pooling keeps"},
      {1, "op", nullptr, "layers[1].op: must be a string"},
  };
  const TemporaryFolder folder;
  for (const Case& item : cases) {
    Json table = Json::parse(kTable);
    table["layers"][item.layer][item.field] = item.value;
    const std::string text = complaint_about(table, folder, ExitCode::kBadInput);
    INFO(text);
    CHECK(text.find(item.complaint) == 0);
  }
  for (const char* field : {"op", "k", "stride", "pad", "inputs", "in", "out"}) {
    Json table = Json::parse(kTable);
    table["layers"][1].erase(field);
    CHECK(complaint_about(table, folder, ExitCode::kBadInput) ==
          std::string("layers[1].") + field + ": is missing");
  }
  Json table = Json::parse(kTable);
  table["layers"][1]["op"] = "conv2";
  CHECK(complaint_about(table, folder, ExitCode::kUnsupportedOperator)
            .find("layers[1].op: 'conv2' is no supported operator (did you mean 'conv2d'?)") == 0);
  table = Json::parse(kTable);
  table["layers"][3] = 7;
  CHECK(complaint_about(table, folder, ExitCode::kBadInput).find("layers[3]: an object") == 0);
  table["layers"] = Json::array();
  CHECK(complaint_about(table, folder, ExitCode::kBadInput).find("field 'layers'") == 0);
  CHECK(complaint_about(Json::array(), folder, ExitCode::kBadInput) != "");
  CHECK_THROWS_AS(read_layer_table(folder.file("absent.json")), BadInput);
  CHECK_THROWS_AS(read_layer_table(folder.write("torn.json", "{\"layers\": [")), BadInput);
}

TEST_CASE("random damage to a layer table ends in a graph that is valid or in one line") {
  const TemporaryFolder folder;
  const std::vector<std::string> fields = {"i",      "op", "k",   "stride", "pad",
                                           "inputs", "in", "out", "block",  "role"};
  int refused = 0, accepted = 0;
  for (std::uint64_t seed = 0; seed < 3000; ++seed) {
    Rng rng(3, seed);
    Json table = Json::parse(kTable);
    for (std::uint32_t n = 1 + rng.below(2); n > 0; --n) {
      Json& layer = table["layers"][rng.below(7)];
      const std::string& field = fields[rng.below(10)];
      if (rng.chance(0.2)) {
        layer.erase(field);
      } else if (layer[field].is_array() && !layer[field].empty() && rng.chance(0.5)) {
        layer[field][rng.below(static_cast<std::uint32_t>(layer[field].size()))] =
            random_value(rng);
      } else {
        layer[field] = random_value(rng);
      }
    }
    const std::string path = folder.write("table.json", table.dump());
    try {
      validate(read_layer_table(path), path);
      ++accepted;
    } catch (const Error& error) {
      ++refused;
      const std::string text = error.what();
      REQUIRE(text.find(path + ": layers[") == 0);
      REQUIRE(text.find('\n') == std::string::npos);
    }
  }
  CHECK(refused > 2000);
  CHECK(accepted > 100);
}
