#include <algorithm>

#include "entry_points.h"
#include "invariant.h"
#include "tinynas/tflite.h"

namespace tinynas::fuzzing {
namespace {

const std::string kPath = "fuzz.tflite";

bool same_graph(const Graph& a, const Graph& b) {
  const auto same_tensor = [](const Tensor& x, const Tensor& y) {
    return x.shape == y.shape && x.dtype == y.dtype;
  };
  return a.ops.size() == b.ops.size() && a.op_inputs == b.op_inputs && a.input == b.input &&
         a.output == b.output && a.more_outputs == b.more_outputs &&
         std::equal(a.tensors.begin(), a.tensors.end(), b.tensors.begin(), b.tensors.end(),
                    same_tensor);
}

void check_offline_plan(std::string_view content, const TfliteNetwork& network) {
  std::vector<std::int32_t> offsets(static_cast<std::size_t>(network.file_tensor_count), -1);
  for (const std::int32_t t : network.file_tensors) offsets[static_cast<std::size_t>(t)] = 16 * t;
  const std::string written = with_offline_plan(content, kPath, offsets);
  const TfliteNetwork again = parse_tflite(written, kPath);
  if (!same_graph(network.interpreter_graph, again.interpreter_graph) ||
      network.file_tensors != again.file_tensors) {
    throw Finding("the file with an offline plan holds another network");
  }
}

}  // namespace

void read_tflite(std::string_view content) {
  TfliteNetwork network;
  if (!reads_or_refuses(kPath, [&] { network = parse_tflite(content, kPath); })) return;
  check_offline_plan(content, network);
  plan_if_small(network.graph, network.interpreter_graph);
}

}  // namespace tinynas::fuzzing
