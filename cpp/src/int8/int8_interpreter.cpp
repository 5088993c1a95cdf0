#include "tinynas/int8_interpreter.h"

#include <tbb/parallel_for.h>

#include <algorithm>

#include "int8/kernels.h"
#include "int8/op_arithmetic.h"
#include "tinynas/error.h"

namespace tinynas {

Kernel make_kernel(const Graph& graph, const Op& op) {
  switch (op.kind) {
    case OpKind::kConv2d:
    case OpKind::kFullyConnected:
      return make_convolution(graph, op);
    case OpKind::kDepthwiseConv2d:
      return make_depthwise(graph, op);
    case OpKind::kAveragePool2d:
    case OpKind::kMaxPool2d:
    case OpKind::kMean:
    case OpKind::kMeanAxis:
      return make_pooling(graph, op);
    case OpKind::kAdd:
    case OpKind::kMul:
    case OpKind::kRelu:
    case OpKind::kLogistic:
    case OpKind::kSoftmax:
      return make_elementwise(graph, op);
    case OpKind::kQuantize:
    case OpKind::kDequantize:
      return make_conversion(graph, op);
    default:
      return make_data_movement(graph, op);
  }
}

void validate_quantised(const Graph& graph, const std::string& source) {
  for (std::size_t i = 0; i < graph.ops.size(); ++i) {
    if (const auto fault = find_quantisation_fault(graph, i)) {
      throw BadInput(source + ": operator " + std::to_string(i) + " (" +
                     op_kind_name(graph.ops[i].kind) + "): " + *fault);
    }
  }
}

/// The graph's shapes and its kernels, made once.
class Int8Interpreter::Program {
 public:
  explicit Program(const Graph& graph) : graph_(graph) {
    for (const Op& op : graph_.ops) kernels_.push_back(make_kernel(graph_, op));
    outputs_ = {graph_.output};
    outputs_.insert(outputs_.end(), graph_.more_outputs.begin(), graph_.more_outputs.end());
    for (const std::int32_t t : outputs_) output_bytes_ += graph_.tensors[t].bytes();
  }

  struct Memory {
    std::vector<std::vector<std::int8_t>> tensors;
    std::vector<const std::int8_t*> inputs;
    KernelWorkspace workspace;
  };

  void run(const std::int8_t* input, Memory& memory) const {
    memory.tensors.resize(graph_.tensors.size());
    for (std::size_t t = 0; t < memory.tensors.size(); ++t) {
      memory.tensors[t].resize(static_cast<std::size_t>(graph_.tensors[t].bytes()));
    }
    std::copy_n(input, input_bytes(), memory.tensors[graph_.input].begin());
    for (std::size_t i = 0; i < kernels_.size(); ++i) {
      const Op& op = graph_.ops[i];
      memory.inputs.clear();
      for (const std::int32_t t : graph_.inputs(op)) {
        memory.inputs.push_back(memory.tensors[t].data());
      }
      kernels_[i](memory.inputs, memory.tensors[op.output].data(), memory.workspace);
    }
  }

  void copy_outputs(const Memory& memory, std::int8_t* to) const {
    for (const std::int32_t t : outputs_) {
      to = std::copy(memory.tensors[t].begin(), memory.tensors[t].end(), to);
    }
  }

  std::int64_t input_bytes() const { return graph_.tensors[graph_.input].bytes(); }
  std::int64_t output_bytes() const { return output_bytes_; }

 private:
  Graph graph_;
  std::vector<Kernel> kernels_;
  std::vector<std::int32_t> outputs_;
  std::int64_t output_bytes_ = 0;
};

Int8Interpreter::Int8Interpreter(const Graph& graph, const std::string& source) {
  validate_quantised(graph, source);
  program_ = std::make_unique<const Program>(graph);
}
Int8Interpreter::~Int8Interpreter() = default;
Int8Interpreter::Int8Interpreter(Int8Interpreter&&) noexcept = default;
Int8Interpreter& Int8Interpreter::operator=(Int8Interpreter&&) noexcept = default;

std::int64_t Int8Interpreter::input_bytes() const { return program_->input_bytes(); }
std::int64_t Int8Interpreter::output_bytes() const { return program_->output_bytes(); }

void Int8Interpreter::run(std::span<const std::int8_t> inputs,
                          std::span<std::int8_t> outputs) const {
  const auto in = static_cast<std::size_t>(input_bytes());
  const auto out = static_cast<std::size_t>(output_bytes());
  tbb::parallel_for(std::size_t{0}, inputs.size() / in, [&](std::size_t image) {
    thread_local Program::Memory memory;
    program_->run(inputs.data() + image * in, memory);
    program_->copy_outputs(memory, outputs.data() + image * out);
  });
}

std::vector<std::int8_t> Int8Interpreter::run_one(std::span<const std::int8_t> input) const {
  Program::Memory memory;
  program_->run(input.data(), memory);
  std::vector<std::int8_t> output(static_cast<std::size_t>(output_bytes()));
  program_->copy_outputs(memory, output.data());
  return output;
}

}  // namespace tinynas
