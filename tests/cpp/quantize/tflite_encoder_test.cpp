// What encode_tflite writes, parse_tflite reads back: the same network with the same numbers.

#include <random>

#include "catch.h"
#include "errors.h"
#include "tinynas/int8_interpreter.h"
#include "tinynas/quantize.h"
#include "tinynas/rng.h"
#include "tinynas/search_space.h"
#include "tinynas/tflite.h"

using namespace tinynas;

namespace {

/// A subnet of a shipped space with random weights and ranges, quantised.
Graph random_network(const SearchSpace& space, std::uint64_t seed) {
  std::mt19937 random(static_cast<std::uint32_t>(seed));
  std::normal_distribution<float> normal(0.0F, 0.2F);
  FloatNetwork network;
  Rng draws(seed, 0);
  network.graph = lower(space.decode(space.sample(draws)));
  for (const Op& op : network.graph.ops) {
    FloatConstants& constants = network.ops.emplace_back();
    const auto channels = static_cast<std::size_t>(op_bias_count(network.graph, op));
    if (channels == 0) continue;
    constants.weights.resize(static_cast<std::size_t>(op_weight_bytes(network.graph, op)));
    constants.bias.resize(channels);
    for (float& weight : constants.weights) weight = normal(random);
    for (float& bias : constants.bias) bias = normal(random);
    constants.relu = op.role != OpRole::kProject && op.role != OpRole::kClassifier;
  }
  std::vector<ActivationStatistics> statistics(network.graph.tensors.size());
  for (ActivationStatistics& one : statistics) {
    one.max = 0.5F + std::abs(normal(random)) * 10;
    one.min = -std::abs(normal(random)) * 10;
  }
  return quantise(network, statistics, {});
}

/// Means and deviations that no short decimal is equal to; names that JSON and C must escape.
ModelLabels labels_for(const Graph& graph) {
  ModelLabels labels;
  labels.description = "a test";
  for (int c = 0; c < graph.tensors[graph.input].shape.c; ++c) {
    labels.normalisation.mean.push_back(1.0 / (3 + c));
    labels.normalisation.deviation.push_back(1.0 / (7 + c));
  }
  const auto classes = graph.tensors[graph.output].shape.elements();
  for (std::int64_t i = 0; i < classes; ++i) {
    labels.class_names.push_back("k\"l\\a\u00DFe\n" + std::to_string(i));
  }
  return labels;
}

/// `text` with the first `from` replaced by as many bytes `to`.
std::string edited(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  REQUIRE(at != std::string::npos);
  REQUIRE(from.size() == to.size());
  return text.replace(at, from.size(), to);
}

}  // namespace

TEST_CASE("files that were encoded are read back as the same network") {
  for (const char* name : {"fashion-mnist", "mcunet", "mobilenetv2"}) {
    const SearchSpace space = SearchSpace::find(name);
    for (std::uint64_t seed = 0; seed < 12; ++seed) {
      const Graph graph = random_network(space, seed);
      const std::string file = encode_tflite(graph, labels_for(graph));
      const TfliteNetwork read = parse_tflite(file, "file.tflite");
      const Graph& back = read.graph;
      CHECK(read.labels.description == "a test");
      CHECK(read.labels.class_names == labels_for(graph).class_names);
      CHECK(read.labels.normalisation == labels_for(graph).normalisation);
      REQUIRE(back.ops.size() == graph.ops.size());
      CHECK(graph_macs(back) == graph_macs(graph));
      for (std::size_t i = 0; i < graph.ops.size(); ++i) {
        const Op &a = graph.ops[i], &b = back.ops[i];
        CHECK(a.kind == b.kind);
        CHECK((a.pad_top == b.pad_top && a.pad_left == b.pad_left));
        CHECK((a.kernel_h == b.kernel_h && a.stride_h == b.stride_h));
        CHECK(graph.out_shape(a) == back.out_shape(b));
        const Tensor &x = graph.tensors[a.output], &y = back.tensors[b.output];
        CHECK((x.scale == y.scale && x.zero_point == y.zero_point));
        const OpConstants &from = graph.constants_of(a), &to = back.constants_of(b);
        CHECK(from.weights == to.weights);
        CHECK(from.bias == to.bias);
        CHECK(from.weight_scales == to.weight_scales);
        CHECK((from.output_min == to.output_min && from.output_max == to.output_max));
      }
      if (std::string(name) != "fashion-mnist") continue;
      const Int8Interpreter before(graph, "graph"), after(back, "file.tflite");
      std::vector<std::int8_t> image(static_cast<std::size_t>(before.input_bytes()));
      std::mt19937 random(static_cast<std::uint32_t>(seed));
      for (auto& value : image) value = static_cast<std::int8_t>(random());
      CHECK(before.run_one(image) == after.run_one(image));
    }
  }
}

TEST_CASE("a file that names nothing has no metadata, and reads back so") {
  const Graph graph = random_network(SearchSpace::find("fashion-mnist"), 0);
  const std::string file = encode_tflite(graph, {});
  CHECK(file.find("TINYNAS_PREPROCESSING") == std::string::npos);
  const ModelLabels labels = parse_tflite(file, "file.tflite").labels;
  CHECK(labels.class_names.empty());
  CHECK(labels.normalisation == Normalisation{});
}

TEST_CASE("the front end of recordings is read back, and must belong to the input") {
  const SearchSpace space = SearchSpace::find("spoken-digits");
  const Graph graph = random_network(space, 1);
  ModelLabels labels = labels_for(graph);
  labels.audio = keyword_front_end(16000, "test");
  labels.audio->low_hz = 1.0 / 3;
  const std::string file = encode_tflite(graph, labels);
  CHECK(parse_tflite(file, "file.tflite").labels.audio == labels.audio);
  const std::string where = "file.tflite: metadata TINYNAS_PREPROCESSING: field 'audio'";
  const std::vector<std::pair<std::string, std::string>> wrong = {
      {"\"frames\":32", "\"frames\":31"},         {"\"bands\":32", "\"bands\":99"},
      {"\"fft_samples\":1024", "\"fft_samples\":1023"}, {"\"fft_samples\"", "\"fft_simples\""},
      {"\"log-mel\"", "\"mfcc-ab\""},             {"\"hop_samples\":500", "\"hop_samples\":0.5"}};
  for (const auto& [from, to] : wrong) {
    const std::string message =
        testing::bad_input([&] { parse_tflite(edited(file, from, to), "file.tflite"); });
    INFO(message);
    CHECK(testing::contains(message, where));
  }
}

TEST_CASE("preprocessing that does not belong to the network is named by file and field") {
  const Graph graph = random_network(SearchSpace::find("fashion-mnist"), 0);
  ModelLabels labels;
  labels.class_names.assign(10, "c");
  labels.normalisation = {{0.25}, {0.125}};
  const std::string file = encode_tflite(graph, labels);
  const std::string where = "file.tflite: metadata TINYNAS_PREPROCESSING: ";
  const std::vector<std::tuple<std::string, std::string, std::string>> cases = {
      {"\"deviation\":[0.125]", "\"deviation\":[-.125]", ":1:"},
      {"\"deviation\":[0.125]", "\"deviation\":[-12.5]", "field 'deviation' must be above 0"},
      {"\"deviation\":[0.125]", "\"deviation\":[0,125]", "field 'deviation' must be a list of 1"},
      {"\"deviation\":[0.125]", "\"Deviation\":[0.125]", "field 'deviation' must stand beside"},
      {"\"mean\":[0.25]", "\"mean\":[null]", "field 'mean' must be a list of numbers"},
      {"[\"c\",\"c\"", "[\"c , c\"", "field 'class_names' must be a list of 10"},
      {"[\"c\",", "[123,", "field 'class_names' must be a list of names"},
      {"\"format_version\":1", "\"format_version\":9", "field 'format_version' is 9"},
      {"tinynas-preprocessing", "somebodys-preprocessi", "field 'format' is 'somebodys"}};
  for (const auto& [from, to, expected] : cases) {
    const std::string message =
        testing::bad_input([&] { parse_tflite(edited(file, from, to), "file.tflite"); });
    INFO(message);
    CHECK(testing::contains(message,
                            expected == ":1:" ? "TINYNAS_PREPROCESSING:1:" : where + expected));
  }
}

TEST_CASE("pixels are quantised in float32 with ties to even, and clamped") {
  Tensor input;
  input.shape = {4, 4, 1};
  input.scale = 1.0F;
  input.zero_point = -3;
  // (pixel / 255 - 0) / (2 / 255) = pixel / 2 up to rounding to float32: ties at odd pixels.
  const auto tables = quantised_pixels({{0.0}, {2.0 / 255.0}}, input);
  REQUIRE(tables.size() == 1);
  CHECK(tables[0][0] == -3);
  CHECK(tables[0][1] == -3);
  CHECK(tables[0][3] == -1);
  CHECK(tables[0][254] == 124);
  input.zero_point = 100;
  CHECK(quantised_pixels({{0.0}, {2.0 / 255.0}}, input)[0][254] == 127);
}

TEST_CASE("operators that the encoder does not write are named") {
  Graph graph;
  graph.input = graph.add_tensor({1, 1, 10});
  Op op;
  op.kind = OpKind::kSoftmax;
  op.constants = 0;
  const std::int32_t inputs[] = {graph.input};
  graph.output = graph.add_op(op, inputs, {1, 1, 10});
  graph.constants = std::make_shared<const std::vector<OpConstants>>(1);
  try {
    encode_tflite(graph, {});
    FAIL("softmax was written");
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::kUnsupportedOperator);
    CHECK(testing::contains(error.what(), "op0 (softmax) is not written to .tflite files"));
  }
}
