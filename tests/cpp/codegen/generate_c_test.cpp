// What the C generator refuses.

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

}  // namespace

TEST_CASE("a plan with int16 rows has no C kernel, one with int8 rows has") {
  const Graph graph = quantised_bottleneck();
  CHECK(!generate_c(graph, plan_with(graph, DepthwiseRows::kInt8), {}, "net.tflite").empty());
  try {
    generate_c(graph, plan_with(graph, DepthwiseRows::kInt16), {}, "net.tflite");
    FAIL("accepted");
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::kUnsupportedOperator);
    CHECK(std::string(error.what()) ==
          "net.tflite: no C kernel for int16 rows, in which the plan holds tensor 1; plan with "
          "depthwise rows int8");
  }
}
