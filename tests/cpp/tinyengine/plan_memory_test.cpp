// The planner's rules one by one, on networks small enough to plan by hand.

#include <thread>

#include "catch.h"
#include "plan_execution.h"
#include "random_graph.h"
#include "temporary_folder.h"
#include "tinyengine/plan_checker.h"
#include "tinyengine/plan_document.h"
#include "tinynas/error.h"
#include "tinynas/memory_plan.h"

using namespace tinynas;
using namespace tinynas::testing;

namespace {

RuntimeModel bare_runtime() {
  RuntimeModel runtime;
  runtime.name = "test";
  return runtime;
}

std::int32_t add_window(Graph& graph, OpKind kind, std::int32_t input, int kernel, int stride,
                        int channels) {
  const Shape in = graph.tensors[input].shape;
  Op op;
  op.kind = kind;
  op.kernel_h = op.kernel_w = static_cast<std::int16_t>(kernel);
  op.stride_h = op.stride_w = static_cast<std::int16_t>(stride);
  op.pad_top = op.pad_left = static_cast<std::int16_t>(kernel / 2);
  const Shape out{(in.h - 1) / stride + 1, (in.w - 1) / stride + 1, channels};
  graph.output = graph.add_op(op, std::vector<std::int32_t>{input}, out);
  return graph.output;
}

std::int32_t conv(Graph& graph, std::int32_t input, int channels, int kernel = 1) {
  return add_window(graph, OpKind::kConv2d, input, kernel, 1, channels);
}
std::int32_t depthwise(Graph& graph, std::int32_t input, int kernel, int stride) {
  return add_window(graph, OpKind::kDepthwiseConv2d, input, kernel, stride,
                    graph.tensors[input].shape.c);
}

Graph image_graph(Shape shape) {
  Graph graph;
  graph.input = graph.add_tensor(shape);
  return graph;
}

MemoryPlan sound_plan(const Graph& graph) {
  validate(graph, "test");
  const MemoryPlan plan = plan_memory(graph, bare_runtime());
  REQUIRE(check_plan(graph, bare_runtime(), plan) == "");
  return plan;
}

}  // namespace

TEST_CASE("records with identical live ranges lie side by side") {
  Graph graph = image_graph({4, 4, 4});
  conv(graph, graph.input, 4);
  const MemoryPlan plan = sound_plan(graph);
  CHECK(plan.placements[0].first_op == plan.placements[1].first_op);
  CHECK(plan.placements[0].end_op == plan.placements[1].end_op);
  CHECK(plan.activation_bytes == 128);
  CHECK(plan.offset_of(0) == 0);
  CHECK(plan.offset_of(1) == 64);
}

TEST_CASE("a network by hand: stem, depthwise with stride, project") {
  Graph graph = image_graph({8, 8, 1});           // 64 bytes, live [0, 1)
  const auto a = conv(graph, graph.input, 4, 3);  // 8x8x4 = 256, live [0, 3)
  const auto b = depthwise(graph, a, 5, 2);       // 4x4x4 over it
  const auto c = conv(graph, b, 6);               // 4x4x6 = 96, live [2, 3)
  const MemoryPlan plan = sound_plan(graph);
  REQUIRE(plan.placements.size() == 3);
  CHECK(plan.offset_of(a) == 0);
  CHECK(plan.offset_of(b) == 0);
  CHECK(plan.offset_of(c) == 64);  // a quarter of 256 after the stride
  CHECK(plan.offset_of(graph.input) == 256);
  CHECK(plan.activation_bytes == 320);
  CHECK(plan.column_buffer_bytes == 2 * 12 * 12);
  CHECK(plan.kernel_buffer_bytes == 2 * 9 * 4);
  CHECK(plan.peak_sram_bytes == 320 + 288 + 72);
  CHECK(plan.lower_bound_bytes == plan.peak_sram_bytes);
  CHECK(plan.peak_op == 0);
  REQUIRE(plan.per_op.size() == 3);
  CHECK(plan.per_op[0].live_bytes == 320);
  CHECK(plan.per_op[0].scratch_bytes == 36 + 72);
  CHECK(plan.per_op[0].macs == 64 * 36);
  CHECK(plan.per_op[1].live_bytes == 256);
  CHECK(plan.per_op[1].scratch_bytes == 288);
  CHECK(plan.per_op[2].live_bytes == 64 + 96);
  CHECK(plan.per_op[2].weight_bytes == 24);
  CHECK(plan.flash.weight_bytes == 36 + 100 + 24);
  CHECK(plan.flash.bias_bytes == 4 * (4 + 4 + 6));
  CHECK(plan.flash.quantisation_bytes == 4 * (4 + 4 + 6) + 4 * 4 + 4);
}

TEST_CASE("a shrunk record keeps what an odd map holds") {
  Graph graph = image_graph({5, 5, 8});
  const auto a = conv(graph, graph.input, 16);  // 400 bytes at 0
  const auto b = depthwise(graph, a, 3, 2);     // 3x3x16 = 144 bytes; a quarter of 400 is 100
  const auto c = conv(graph, b, 4);
  const MemoryPlan plan = sound_plan(graph);
  CHECK(plan.placements[plan.tensor_records[a]].shrunk_bytes == 144);
  CHECK(plan.offset_of(b) == 0);
  CHECK(plan.offset_of(c) == 144);
}

TEST_CASE("a depthwise input that is read again is not overwritten") {
  Graph graph = image_graph({4, 4, 8});
  const auto a = conv(graph, graph.input, 8);
  const auto b = depthwise(graph, a, 3, 1);
  Op add;
  add.kind = OpKind::kAdd;
  graph.output = graph.add_op(add, std::vector<std::int32_t>{a, b}, {4, 4, 8});
  const MemoryPlan plan = sound_plan(graph);
  CHECK(plan.tensor_records[a] != plan.tensor_records[b]);
  CHECK(plan.per_op[2].live_bytes == 3 * 128);
}

TEST_CASE("image read late, outputs read by later ops and dead ends live long enough") {
  Graph graph = image_graph({4, 4, 4});
  const auto a = conv(graph, graph.input, 4);
  const auto dead = conv(graph, a, 4);
  const auto late = conv(graph, graph.input, 4);
  const auto tail = conv(graph, late, 4);
  graph.output = a;
  const MemoryPlan plan = sound_plan(graph);
  CHECK(plan.placements[plan.tensor_records[graph.input]].end_op == 3);
  CHECK(plan.placements[plan.tensor_records[dead]].end_op == 4);
  CHECK(plan.placements[plan.tensor_records[a]].end_op == 4);
  CHECK(plan.placements[plan.tensor_records[tail]].end_op == 4);
}

TEST_CASE("the last op does not write over a result that it reads") {
  Graph graph = image_graph({4, 4, 4});
  const auto result = conv(graph, graph.input, 4);
  const auto after = depthwise(graph, result, 3, 1);
  graph.output = result;
  const MemoryPlan plan = sound_plan(graph);
  CHECK(plan.tensor_records[result] != plan.tensor_records[after]);
}

TEST_CASE("alignment rounds sizes and offsets") {
  Graph graph = image_graph({3, 3, 1});
  conv(graph, graph.input, 3);
  RuntimeModel runtime = bare_runtime();
  runtime.tensor_alignment_bytes = 16;
  const MemoryPlan plan = plan_memory(graph, runtime);
  CHECK(check_plan(graph, runtime, plan) == "");
  CHECK(plan.activation_bytes == 48);  // 27 -> 32, 9 -> 16
}

TEST_CASE("planning into a used plan and from several threads gives the same plan") {
  const RuntimeModel runtime = find_runtime("tinyengine");
  std::vector<Graph> graphs;
  std::vector<std::string> expected;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    graphs.push_back(random_graph(Rng(4, seed)));
    expected.push_back(
        plan_json(graphs.back(), plan_memory(graphs.back(), runtime), nullptr).dump());
  }
  std::vector<std::vector<std::string>> found(3);
  std::vector<std::thread> threads;
  for (auto& texts : found) {
    threads.emplace_back([&] {
      MemoryPlan plan;
      for (const Graph& graph : graphs) {
        plan_memory(graph, runtime, {}, plan);
        texts.push_back(plan_json(graph, plan, nullptr).dump());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const auto& texts : found) CHECK(texts == expected);
}

TEST_CASE("runtime files: the shipped one, the user's own, and their mistakes") {
  const RuntimeModel shipped = find_runtime("tinyengine");
  CHECK(shipped.name == "tinyengine");
  CHECK(shipped.tensor_alignment_bytes == 4);
  CHECK(shipped.code_bytes >= 19000);
  CHECK(shipped.code_bytes <= 33000);
  CHECK(shipped.code_is_estimate);
  CHECK(shipped.runtime_bytes == 28);
  CHECK(shipped.stack_bytes == 584);

  const TemporaryFolder folder;
  const std::string good =
      "rules = \"tinyengine\"\ntensor_alignment = 8\ncode = \"20KiB\"\ncode_is_estimate = false\n"
      "statics = 0\nstack = \"1KiB\"\n";
  const RuntimeModel own = find_runtime(folder.write("own.toml", good));
  CHECK(own.name == "own");
  CHECK(own.tensor_alignment_bytes == 8);
  CHECK(own.code_bytes == 20480);
  CHECK_FALSE(own.code_is_estimate);

  const auto complaint = [&](const std::string& name) -> std::string {
    try {
      find_runtime(name);
    } catch (const BadInput& error) {
      return error.what();
    }
    return "";
  };
  CHECK(complaint("tinyengin").find("did you mean 'tinyengine'?") != std::string::npos);
  CHECK(complaint("").find("known: tflm, tinyengine, tinynas") != std::string::npos);
  CHECK(complaint("../runtimes/tinyengine") != "");
  CHECK(complaint(folder.file("absent.toml")) != "");
  const auto damaged = [&](const std::string& from, const std::string& to) {
    std::string text = good;
    text.replace(text.find(from), from.size(), to);
    return complaint(folder.write("bad.toml", text));
  };
  CHECK(damaged("= 8", "= 6").find("bad.toml:2: tensor_alignment") != std::string::npos);
  CHECK(damaged("\"tinyengine\"", "\"nonsense\"").find("bad.toml:1: rules") != std::string::npos);
  CHECK(damaged("stack", "stak").find("stack") != std::string::npos);
  CHECK(damaged("statics = 0", "statics = -4").find("statics") != std::string::npos);
  CHECK(damaged("statics = 0", "statics = 0\ncod = 1").find("did you mean") != std::string::npos);
}
