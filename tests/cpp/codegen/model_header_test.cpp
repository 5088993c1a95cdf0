// What model.h and the folders around it say of a network.

#include <algorithm>
#include <memory>

#include "catch.h"
#include "codegen/c_text.h"
#include "errors.h"
#include "tinynas/codegen.h"

using namespace tinynas;
using testing::contains;

namespace {

/// A convolution of 1x1 to two channels on a 2x2 image of `channels`.
Graph tiny_network(int channels) {
  Graph graph;
  graph.input = graph.add_tensor({2, 2, channels});
  Op op;
  op.kind = OpKind::kConv2d;
  op.constants = 0;
  const std::vector<std::int32_t> inputs = {graph.input};
  graph.output = graph.add_op(op, inputs, {2, 2, 2});
  OpConstants constants;
  constants.weights.assign(static_cast<std::size_t>(2 * channels), 1);
  constants.weight_scales = {0.5F};
  constants.bias = {0, 0};
  for (Tensor& tensor : graph.tensors) tensor.scale = 0.0625F;
  graph.constants = std::make_shared<const std::vector<OpConstants>>(1, constants);
  return graph;
}

CodeLabels labels_with(const Normalisation& normalisation) {
  CodeLabels labels;
  labels.network = "tiny";
  labels.model.normalisation = normalisation;
  return labels;
}

MemoryPlan plan_of(const Graph& graph) {
  return plan_memory(graph, find_runtime(kDefaultRuntime), {});
}

std::string file_of(const std::vector<GeneratedFile>& files, const std::string& name) {
  const auto file = std::find_if(files.begin(), files.end(),
                                 [&](const GeneratedFile& f) { return f.name == name; });
  REQUIRE(file != files.end());
  return file->content;
}

std::string header_of(int channels, const CodeLabels& labels) {
  const Graph graph = tiny_network(channels);
  return file_of(generate_c(graph, plan_of(graph), labels, "tiny.tflite"), "model.h");
}

ProjectTarget target_of(const char* name) {
  const Mcu mcu = find_mcu(name);
  return {mcu, largest_contiguous_bytes(mcu), mcu.flash_bytes, mcu.reserves.stack_bytes};
}

}  // namespace

TEST_CASE("numbers and strings are written so that C reads them back") {
  CHECK(c_float(1) == "1.0F");
  CHECK(c_float(0.1F) == "0.100000001F");
  CHECK(c_double(0.1) == "0.1");
  CHECK(c_double(-2) == "-2.0");
  CHECK(c_double(1.0 / 3) == "0.3333333333333333");
  CHECK(c_string("a \"b\" \\ ?? \n\u00DF1") == R"("a \"b\" \\ \?\? \012\303\2371")");
  CHECK(fill_template("@A@ b @B@ @A@ @C@", {{"A", "1"}, {"B", "@A@"}}) == "1 b @A@ 1 @C@");
}

TEST_CASE("preprocessing is in the header as far as it is known") {
  const std::string grey = header_of(1, labels_with({{0.25}, {0.5}}));
  CHECK(contains(grey, "#define TINYNAS_INPUT_CHANNEL_ORDER \"grey\"\n"));
  CHECK(contains(grey, "#define TINYNAS_INPUT_MEAN {0.25}\n"));
  CHECK(contains(grey, "#define TINYNAS_INPUT_DEVIATION {0.5}\n"));
  // Black: (0 - 0.25) / 0.5 / 0.0625 = -8; white: (1 - 0.25) / 0.5 / 0.0625 = 24.
  CHECK(contains(grey, "  {\n  -8, -8, -8,"));
  CHECK(contains(grey, " 24,\n  },\n"));
  CHECK(contains(header_of(3, labels_with({{0, 0, 0}, {1, 1, 1}})), "ORDER \"RGB\"\n"));
  CHECK_FALSE(contains(header_of(2, labels_with({{0, 0}, {1, 1}})), "CHANNEL_ORDER"));
  const std::string unknown = header_of(1, labels_with({}));
  CHECK_FALSE(contains(unknown, "TINYNAS_INPUT_MEAN"));
  CHECK(contains(unknown, "#define TINYNAS_INPUT_SCALE 0.0625F\n"));
}

TEST_CASE("a network for recordings leaves with its front end, others without") {
  const Graph graph = tiny_network(1);
  CodeLabels labels = labels_with({{0.25}, {0.5}});
  const auto files = c_library(graph, plan_of(graph), labels, "tiny.tflite");
  const auto is_front_end = [](const GeneratedFile& file) {
    return contains(file.name, "features");
  };
  CHECK(std::none_of(files.begin(), files.end(), is_front_end));
  CHECK_FALSE(contains(file_of(files, "model.h"), "LOG_MEL"));
  CHECK_FALSE(contains(file_of(files, "CMakeLists.txt"), "PUBLIC m)"));
  labels.model.audio = keyword_front_end(8000, "test");
  const auto with = c_library(graph, plan_of(graph), labels, "tiny.tflite");
  CHECK(contains(file_of(with, "features.h"), "#define TINYNAS_AUDIO_SAMPLES 8250 "));
  CHECK(contains(file_of(with, "features_tables.h"), "#define TINYNAS_FFT_POINTS 512\n"));
  CHECK(contains(file_of(with, "model.h"), "#define TINYNAS_INPUT_SAMPLE_RATE 8000\n"));
  CHECK(contains(file_of(with, "CMakeLists.txt"), "features.c"));
  CHECK(contains(file_of(with, "CMakeLists.txt"), "PUBLIC m)"));
  CHECK(contains(file_of(with, "MODEL_CARD.md"), describe(*labels.model.audio)));
  const auto arduino = arduino_library(graph, plan_of(graph), labels, "tiny.tflite");
  CHECK(file_of(arduino, "src/features.c") == file_of(with, "features.c"));
}

TEST_CASE("the model card has the accuracies that are known") {
  const Graph graph = tiny_network(1);
  CodeLabels labels = labels_with({});
  const auto card = [&] {
    return file_of(c_library(graph, plan_of(graph), labels, "tiny.tflite"), "MODEL_CARD.md");
  };
  CHECK(contains(card(), "Not known to what exported it."));
  labels.accuracy.validation = 0.92345;
  labels.accuracy.test_int8 = 0.9;
  CHECK(contains(card(),
                 "| validation | 92.34 % | not measured |\n| test | not measured | 90.00 % |"));
  CHECK(contains(card(), "Stack and flash are those of a Cortex-M7;"));
  labels.network = "a|b_c";
  labels.model.description = "two\nlines";
  CHECK(contains(card(), "# a\\|b\\_c\n"));
  CHECK(contains(card(), "| the model says of itself | two lines |"));
}

TEST_CASE("every part that starts from internal flash gets a project, others are refused") {
  const Graph graph = tiny_network(1);
  const MemoryPlan plan = plan_of(graph);
  int made = 0, refused = 0;
  for (const Mcu& mcu : list_mcus()) {
    INFO(mcu.name);
    const bool possible = mcu.flash_base.has_value() && mcu.core != "Cortex-M85";
    if (!possible) {
      const std::string message = testing::bad_input([&] { check_project_part(mcu); });
      CHECK(contains(message, mcu.name));
      ++refused;
      continue;
    }
    const auto files =
        board_project(graph, plan, labels_with({}), target_of(mcu.name.c_str()), "t");
    const std::string script = file_of(files, "linker.ld");
    CHECK(contains(script, "(" + mcu.part + ")"));
    CHECK(script.find('@') == std::string::npos);
    CHECK(file_of(files, "Makefile").find("FLAGS := @") == std::string::npos);
    ++made;
  }
  CHECK(made == 32);
  CHECK(refused == 8);
}

TEST_CASE("a project's stack holds the network's and main's") {
  const Graph graph = tiny_network(1);
  const MemoryPlan plan = plan_of(graph);
  ProjectTarget target = target_of("stm32f746");
  const auto script = [&] {
    return file_of(board_project(graph, plan, labels_with({}), target, "t"), "linker.ld");
  };
  CHECK(contains(script(), ". += 2048;"));
  target.stack_bytes = 16;
  CHECK(contains(script(), ". += " + std::to_string(plan.stack_bytes + 192) + ";"));
}

TEST_CASE("a project's image lies in the arena or comes by rows") {
  const Graph graph = tiny_network(1);
  PlanOptions options;
  options.input = InputMode::kExternal;
  const MemoryPlan plan = plan_memory(graph, find_runtime(kDefaultRuntime), options);
  const std::string message = testing::bad_input(
      [&] { board_project(graph, plan, {}, target_of("stm32f746"), "tiny.tflite"); });
  CHECK(contains(message, "--input external: a board project"));
}
