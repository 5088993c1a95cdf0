#include "tinyengine/held_tensors.h"

namespace tinynas {

const char* tensor_use(const Graph& graph, std::size_t index, std::int32_t tensor) {
  if (tensor < 0) return "scratch";
  const Op& op = graph.ops[index];
  if (tensor == op.output) return "output";
  for (const std::int32_t input : graph.inputs(op)) {
    if (input == tensor) return "input";
  }
  return "held";
}

std::string held_name(const Graph& graph, std::int32_t tensor) {
  return tensor < 0 ? "scratch" : tensor_name(graph, tensor);
}

bool ran_in_place(const Graph& graph, const MemoryPlan& plan, std::size_t index) {
  const Op& op = graph.ops[index];
  const std::int32_t input = plan.tensor_records[graph.op_inputs[op.first_input]];
  return input >= 0 && input == plan.tensor_records[op.output];
}

}  // namespace tinynas
