// The tables of what the C kernels take, and what plans make of them. That the linker agrees is
// shown by tests/e2e/test_firmware.py.

#include "tinyengine/kernel_table.h"

#include <string>
#include <vector>

#include "base/files.h"
#include "catch.h"
#include "errors.h"
#include "temporary_folder.h"
#include "tinyengine/c_kernels.h"
#include "tinyengine/linked_costs.h"

using namespace tinynas;
using testing::bad_input;
using testing::contains;
using testing::TemporaryFolder;

namespace {

void add_window(Graph& graph, OpKind kind, int kernel, int channels) {
  const Shape in = graph.out_shape(graph.ops.back());
  Op op;
  op.kind = kind;
  op.kernel_h = op.kernel_w = static_cast<std::int16_t>(kernel);
  op.pad_top = op.pad_left = static_cast<std::int16_t>(kernel / 2);
  graph.output = graph.add_op(op, std::vector<std::int32_t>{graph.output}, {in.h, in.w, channels});
}

/// Image of 8x8x4, then one 1x1 convolution.
Graph one_convolution() {
  Graph graph;
  graph.input = graph.add_tensor({8, 8, 4});
  graph.output = graph.add_op({}, std::vector<std::int32_t>{graph.input}, {8, 8, 4});
  return graph;
}

std::string kernel_of(const Graph& graph, std::size_t op, bool accumulates = false) {
  const int kernel = find_c_kernel(graph, graph.ops[op], {accumulates, false, false});
  return kernel < 0 ? "" : c_kernels()[static_cast<std::size_t>(kernel)].function;
}

std::string table_file(const std::string& core) {
  return read_file(data_dir() + "/configs/kernels/" + core + ".toml");
}

}  // namespace

TEST_CASE("each core has its table or the nearest one") {
  for (const char* core : {"Cortex-M0", "Cortex-M0+", "Cortex-M3", "Cortex-M4", "Cortex-M7",
                           "Cortex-M33", "Cortex-M55"}) {
    INFO(core);
    const auto table = find_kernel_table(core);
    CHECK(table->core == core);
    CHECK(table->kernels.size() == c_kernels().size());
    CHECK(find_kernel_table(core) == table);
    CHECK_FALSE(find_runtime("tinynas", core).code_is_estimate);
  }
  CHECK(find_kernel_table("Cortex-M23")->core == "Cortex-M0+");
  CHECK(find_kernel_table("Cortex-M85")->core == "Cortex-M55");
  CHECK(find_kernel_table("2x Xtensa LX7")->core == kDefaultCore);
  const RuntimeModel nearest = find_runtime("tinynas", "Cortex-M85");
  CHECK(nearest.core == "Cortex-M85");
  CHECK(nearest.code_is_estimate);
  CHECK(find_runtime("tinynas").core == kDefaultCore);
}

TEST_CASE("what a table's rows are checked for") {
  const TemporaryFolder folder;
  const std::string good = table_file("cortex-m7");
  CHECK(load_kernel_table(folder.write("good.toml", good)).core == "Cortex-M7");
  const auto damaged = [&](const std::string& from, const std::string& to) {
    std::string text = good;
    REQUIRE(contains(text, from));
    text.replace(text.find(from), from.size(), to);
    return bad_input([&] { load_kernel_table(folder.write("bad.toml", text)); });
  };
  CHECK(
      contains(damaged("format_version = 1", "format_version = 2"), "bad.toml:3: format_version"));
  CHECK(contains(damaged("{ name = \"tn_maxpool\"", "{ name = \"tn_maxpol\""),
                 "there is no function 'tn_maxpool'"));
  CHECK(contains(damaged("uses = [\"tn_copy_outputs\"", "uses = [\"tn_coppy_outputs\""),
                 "there is no function 'tn_coppy_outputs'"));
  CHECK(contains(damaged("tn_conv_layer = ", "tn_conv_layr = "), "tn_conv_layer"));
  CHECK(contains(damaged("input = \"rows\"", "input = \"external\""), "needs resident, rows"));
  CHECK(contains(damaged("text = ", "text = -"), "text"));
  CHECK(contains(damaged("core = ", "core = 7 #"), "bad.toml:4: core"));
}

TEST_CASE("each op has the kernel that the code generator emits") {
  Graph graph = one_convolution();
  for (const int kernel : {3, 5, 7, 9}) add_window(graph, OpKind::kDepthwiseConv2d, kernel, 4);
  add_window(graph, OpKind::kConv2d, 3, 6);
  add_window(graph, OpKind::kDepthwiseConv2d, 3, 12);
  add_window(graph, OpKind::kAveragePool2d, 3, 12);
  const std::vector<std::string> expected = {
      "tn_conv2d_1x1", "tn_depthwise_3x3", "tn_depthwise_5x5", "tn_depthwise_7x7",
      "tn_depthwise",  "tn_conv2d",        "tn_depthwise",     "tn_avgpool"};
  for (std::size_t i = 0; i < expected.size(); ++i) CHECK(kernel_of(graph, i) == expected[i]);
  CHECK(kernel_of(graph, 7, true) == "tn_avgpool_sums");
  graph.ops[1].stride_w = 3;
  CHECK(kernel_of(graph, 1) == "tn_depthwise");
  graph.tensors[graph.output].dtype = DType::kFloat32;
  CHECK(kernel_of(graph, 7) == "");
}

TEST_CASE("a kernel counts once, a layer each time") {
  for (const char* core : {"Cortex-M0+", "Cortex-M7"}) {
    const RuntimeModel runtime = find_runtime("tinynas", core);
    const KernelTable& table = *runtime.kernels;
    Graph graph = one_convolution();
    const MemoryPlan one = plan_memory(graph, runtime);
    add_window(graph, OpKind::kConv2d, 1, 4);
    const MemoryPlan two = plan_memory(graph, runtime);
    add_window(graph, OpKind::kConv2d, 1, 3);
    const MemoryPlan three = plan_memory(graph, runtime);
    CHECK(one.core == core);
    CHECK(one.kernel_core == core);
    CHECK(one.flash.code_bytes > 2000);
    CHECK(two.flash.code_bytes == one.flash.code_bytes);
    CHECK(two.stack_bytes == one.stack_bytes);
    CHECK(two.flash.weight_bytes == 32);
    CHECK(three.flash.weight_bytes == 44);
    const auto segments = static_cast<std::int64_t>(two.segments.size()) -
                          static_cast<std::int64_t>(one.segments.size());
    // Lists of inputs and writers: 1 and 2 entries of 2 bytes, rounded up to 4; then 2 and 3.
    CHECK(two.flash.descriptor_bytes - one.flash.descriptor_bytes ==
          table.tensor_bytes + table.op_bytes + segments * table.segment_bytes +
              table.kernels[0].layer_bytes + 4);
    add_window(graph, OpKind::kDepthwiseConv2d, 3, 3);
    const MemoryPlan four = plan_memory(graph, runtime);
    CHECK(four.flash.code_bytes > three.flash.code_bytes);
    CHECK(four.stack_bytes >= three.stack_bytes);
    CHECK(four.stack_bytes <= runtime.stack_bytes);
  }
}

TEST_CASE("weights are rounded up an op, tables of ops are counted") {
  Graph graph = one_convolution();
  add_window(graph, OpKind::kConv2d, 1, 3);
  const RuntimeModel runtime = find_runtime("tinynas");
  const KernelTable& table = *runtime.kernels;
  MemoryPlan plan;
  const auto without_segments = [&] {
    plan_memory(graph, runtime, {}, plan);
    return plan.flash.descriptor_bytes -
           static_cast<std::int64_t>(plan.segments.size()) * table.segment_bytes;
  };
  const std::int64_t before = without_segments();  // 4 x 4 weights and 4 x 3
  graph.tensors[graph.input].shape.c = 3;          // 3 x 4 and 4 x 3
  CHECK(without_segments() == before);
  graph.tensors[graph.ops[0].output].shape.c = 3;  // 3 x 3, twice
  CHECK(without_segments() == before + 3 + 3);
  CHECK(plan.flash.weight_bytes == 18);
  graph.ops[1].kind = OpKind::kLogistic;
  const int look_up = find_c_kernel(graph, graph.ops[1], {});
  CHECK(without_segments() == before + 3 + 256 +
                                  table.kernels[static_cast<std::size_t>(look_up)].layer_bytes -
                                  table.kernels[0].layer_bytes);
}

TEST_CASE("an op without a C kernel makes code an estimate") {
  Graph graph = one_convolution();
  Op op;
  op.kind = OpKind::kDequantize;
  graph.output = graph.add_op(op, std::vector<std::int32_t>{graph.output}, {8, 8, 4});
  graph.tensors[graph.output].dtype = DType::kFloat32;
  CHECK(plan_memory(graph, find_runtime("tinynas")).flash.code_is_estimate);
}

TEST_CASE("a runtime file of our rules may have its own code and stack") {
  const TemporaryFolder folder;
  const std::string head = "rules = \"tinynas\"\ntensor_alignment = \"4B\"\nstatics = \"8B\"\n";
  const RuntimeModel measured = find_runtime(folder.write("copy.toml", head), "Cortex-M4");
  REQUIRE(measured.kernels != nullptr);
  CHECK(measured.kernels->core == "Cortex-M4");
  const RuntimeModel own = find_runtime(
      folder.write("own.toml", head + "code = \"20KiB\"\nstack = \"1KiB\"\n"), "Cortex-M4");
  CHECK(own.kernels == nullptr);
  const MemoryPlan plan = plan_memory(one_convolution(), own);
  CHECK(plan.flash.code_bytes == 20480);
  CHECK(plan.flash.descriptor_bytes == 0);
  CHECK(plan.flash.code_is_estimate);
  CHECK(plan.stack_bytes == 1024);
  CHECK(plan.runtime_bytes == 8);
  CHECK(plan.kernel_core.empty());
  CHECK(contains(
      bad_input([&] { find_runtime(folder.write("half.toml", head + "code = \"20KiB\"\n")); }),
      "stack"));
}
