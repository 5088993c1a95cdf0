#include <algorithm>

#include "graph/op_fault.h"
#include "tinynas/error.h"

namespace tinynas {
namespace {

class Validator {
 public:
  Validator(const Graph& graph, const std::string& source)
      : graph_(graph), source_(source), written_(graph.tensors.size(), false) {}

  void run() {
    if (graph_.ops.empty()) fail("the graph has no ops");
    if (graph_.ops.size() > kMaxOps) fail("more than " + std::to_string(kMaxOps) + " ops");
    if (!is_tensor(graph_.input)) fail("the input is no tensor of the graph");
    written_[graph_.input] = true;
    for (std::size_t i = 0; i < graph_.ops.size(); ++i) check_op(i);
    if (!is_tensor(graph_.output)) fail("the output is no tensor of the graph");
    for (std::size_t t = 0; t < written_.size(); ++t) {
      if (!written_[t]) fail("tensor " + std::to_string(t) + " is written by no op");
    }
  }

 private:
  bool is_tensor(std::int32_t index) const {
    return index >= 0 && static_cast<std::size_t>(index) < graph_.tensors.size();
  }

  [[noreturn]] void fail(const std::string& message) const {
    throw BadInput(source_ + ": " + message);
  }
  [[noreturn]] void fail_op(std::size_t index, const std::string& message) const {
    fail("op " + std::to_string(index) + " (" + op_name(graph_, index) + "): " + message);
  }

  void check_op(std::size_t index) {
    const Op& op = graph_.ops[index];
    const auto slots = static_cast<std::int64_t>(graph_.op_inputs.size());
    if (op.first_input < 0 || op.input_count < 1 ||
        op.first_input + std::int64_t{op.input_count} > slots) {
      fail_op(index, "its inputs are no slice of the graph's inputs");
    }
    for (const std::int32_t tensor : graph_.inputs(op)) {
      if (!is_tensor(tensor)) fail_op(index, "an input is no tensor of the graph");
      if (!written_[tensor]) fail_op(index, "an input is read before it is written");
    }
    if (!is_tensor(op.output)) fail_op(index, "the output is no tensor of the graph");
    if (written_[op.output]) fail_op(index, "the output was written before");
    written_[op.output] = true;
    if (const auto fault = find_op_fault(graph_, index)) fail_op(index, fault->message);
  }

  const Graph& graph_;
  const std::string& source_;
  std::vector<bool> written_;
};

}  // namespace

void validate(const Graph& graph, const std::string& source) { Validator(graph, source).run(); }

}  // namespace tinynas
