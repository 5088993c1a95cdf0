// Which kernels the C generator takes.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "catch.h"
#include "tinynas/codegen.h"
#include "tinynas/error.h"
#include "tinynas/memory_plan.h"

using namespace tinynas;

namespace {

void add_window(Graph& graph, std::vector<OpConstants>& constants, OpKind kind, int kernel,
                int channels) {
  const std::int32_t input = graph.output;
  const Shape in = graph.tensors[input].shape;
  Op op;
  op.kind = kind;
  op.kernel_h = op.kernel_w = static_cast<std::int16_t>(kernel);
  op.pad_top = op.pad_left = static_cast<std::int16_t>(kernel / 2);
  op.constants = static_cast<std::int32_t>(constants.size());
  OpConstants& own = constants.emplace_back();
  const int inputs = kind == OpKind::kConv2d ? in.c : 1;
  own.weights.assign(static_cast<std::size_t>(kernel * kernel * inputs * channels), 1);
  own.weight_scales = {0.01F};
  own.bias.assign(static_cast<std::size_t>(channels), 0);
  graph.output = graph.add_op(op, std::vector<std::int32_t>{input}, {in.h, in.w, channels});
}

/// 7x7x4 image, expand to 12 channels, depthwise 3x3, project to 4: its rows stream.
Graph quantised_bottleneck() {
  Graph graph;
  std::vector<OpConstants> constants;
  graph.input = graph.output = graph.add_tensor({7, 7, 4});
  add_window(graph, constants, OpKind::kConv2d, 1, 12);
  add_window(graph, constants, OpKind::kDepthwiseConv2d, 3, 12);
  add_window(graph, constants, OpKind::kConv2d, 1, 4);
  for (Tensor& tensor : graph.tensors) tensor.scale = 0.1F;
  graph.constants = std::make_shared<const std::vector<OpConstants>>(std::move(constants));
  return graph;
}

MemoryPlan plan_with(const Graph& graph, DepthwiseRows rows) {
  PlanOptions options;
  options.depthwise_rows = rows;
  return plan_memory(graph, find_runtime("tinynas"), options);
}

/// Of one of the files; nothing where it is not there.
std::string text_of(const std::vector<GeneratedFile>& files, const std::string& name) {
  for (const GeneratedFile& file : files) {
    if (file.name == name) return file.content;
  }
  return "";
}

}  // namespace

TEST_CASE("int16 rows are written and read by kernels for them") {
  const Graph graph = quantised_bottleneck();
  const auto narrow = generate_c(graph, plan_with(graph, DepthwiseRows::kInt8), {}, "net.tflite");
  CHECK(text_of(narrow, "model.c").find("_wide") == std::string::npos);
  CHECK(text_of(narrow, "depthwise_wide_3x3.c").empty());
  const MemoryPlan plan = plan_with(graph, DepthwiseRows::kInt16);
  const auto wide = generate_c(graph, plan, {}, "net.tflite");
  const std::string model = text_of(wide, "model.c");
  CHECK(model.find("{tn_conv2d_1x1_wide, 0, &tn_layer0, ") != std::string::npos);
  CHECK(model.find("{tn_depthwise_wide_3x3, 0, &tn_layer1, ") != std::string::npos);
  CHECK(model.find("{tn_conv2d_1x1, 0, &tn_layer2, ") != std::string::npos);
  CHECK(!text_of(wide, "depthwise_wide_3x3.c").empty());
  CHECK(text_of(wide, "depthwise_3x3.c").empty());
  CHECK(plan.flash.code_bytes > 0);
}

TEST_CASE("a kernel that writes int8 has its rows turned, in scratch of the plan") {
  Graph graph = quantised_bottleneck();
  // The depthwise op's rows come from an element-wise op.
  auto constants = std::make_shared<std::vector<OpConstants>>(*graph.constants);
  Graph turned;
  turned.input = turned.output = turned.add_tensor({7, 7, 12});
  Op relu;
  relu.kind = OpKind::kRelu;
  relu.constants = 0;
  turned.output = turned.add_op(relu, std::vector<std::int32_t>{turned.output}, {7, 7, 12});
  Op depthwise = graph.ops[1];
  turned.output = turned.add_op(depthwise, std::vector<std::int32_t>{turned.output}, {7, 7, 12});
  turned.output = turned.add_op(graph.ops[2], std::vector<std::int32_t>{turned.output}, {7, 7, 4});
  for (Tensor& tensor : turned.tensors) tensor.scale = 0.1F;
  turned.constants = constants;
  const MemoryPlan plan = plan_with(turned, DepthwiseRows::kInt16);
  CHECK(plan.per_op[0].scratch_bytes == 7 * 12);
  const std::string model = text_of(generate_c(turned, plan, {}, "net.tflite"), "model.c");
  CHECK(model.find("tn_turn0 = {tn_look_up, 0, &tn_layer0, tn_arena.bytes + ") !=
        std::string::npos);
  CHECK(model.find("{tn_turn_row, 0, &tn_turn0, ") != std::string::npos);
}
