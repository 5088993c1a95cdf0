#include "graph/model_metadata.h"
#include "graph/op_fault.h"
#include "graph/tflite_constants.h"
#include "graph/tflite_file.h"
#include "graph/tflite_fold.h"
#include "graph/tflite_operator.h"
#include "tinynas/error.h"
#include "tinynas/tflite.h"

namespace tinynas {
namespace {

class TfliteReader {
 public:
  TfliteReader(std::string_view content, const std::string& path)
      : path_(path), file_(open_tflite(content, path)) {}

  TfliteNetwork read() {
    collect_tensors();
    std::vector<std::string> unsupported = unsupported_ends();
    keeps_values_.assign(file_.operators.size(), false);
    for (std::size_t i = 0; i < file_.operators.size(); ++i) {
      try {
        add_operator(i);
      } catch (const UnsupportedOperator& why) {
        unsupported.push_back(std::to_string(i) + " " + file_.operators[i].name() +
                              (why.reason.empty() ? "" : " (" + why.reason + ")"));
      }
    }
    if (!unsupported.empty()) throw_unsupported(unsupported);
    set_ends();
    graph().constants = std::make_shared<const std::vector<OpConstants>>(std::move(constants_));
    validate(network_.interpreter_graph, path_);
    fold_operators(keeps_values_, network_);
    validate(network_.graph, path_);
    read_labels();
    return std::move(network_);
  }

 private:
  [[noreturn]] void throw_unsupported(const std::vector<std::string>& list) const {
    std::string text = path_ + ": no kernel for " + std::to_string(list.size()) +
                       (list.size() == 1 ? " operator: " : " operators: ");
    for (std::size_t i = 0; i < list.size(); ++i) text += (i > 0 ? ", " : "") + list[i];
    throw Error(ExitCode::kUnsupportedOperator, text);
  }

  Graph& graph() { return network_.interpreter_graph; }

  /// Tensors that are computed, and the input, in the order of the file.
  void collect_tensors() {
    std::vector<bool> used(file_.tensors.size(), false);
    for (const std::int32_t t : file_.inputs) used[t] = true;
    for (const TfliteOperator& op : file_.operators) {
      for (const std::int32_t t : op.outputs) used[t] = true;
    }
    index_of_.assign(file_.tensors.size(), -1);
    for (std::size_t t = 0; t < used.size(); ++t) {
      if (!used[t]) continue;
      index_of_[t] = graph().add_tensor(hwc(file_.tensors[t]), dtype(file_.tensors[t].type));
      set_quantisation(file_.tensors[t], graph().tensors.back());
      if (!file_.offline_offsets.empty()) {
        graph().tensors.back().offline_offset_bytes = file_.offline_offsets[t];
      }
      network_.file_tensors.push_back(static_cast<std::int32_t>(t));
    }
    network_.file_tensor_count = static_cast<std::int32_t>(file_.tensors.size());
  }

  static void set_quantisation(const TfliteTensor& from, Tensor& to) {
    if (from.scale.size() != 1) return;
    to.scale = from.scale[0];
    if (from.zero_point.size() == 1 && from.zero_point[0] >= -128 && from.zero_point[0] <= 255) {
      to.zero_point = static_cast<std::int32_t>(from.zero_point[0]);
    }
  }

  static DType dtype(tflite::TensorType type) {
    switch (type) {
      case tflite::TensorType_INT8:
        return DType::kInt8;
      case tflite::TensorType_UINT8:
        return DType::kUInt8;
      case tflite::TensorType_INT32:
        return DType::kInt32;
      default:
        return DType::kFloat32;
    }
  }

  std::vector<std::string> unsupported_ends() const {
    std::vector<std::string> list;
    if (file_.inputs.size() != 1) {
      list.push_back("(the network has " + std::to_string(file_.inputs.size()) + " inputs, not 1)");
    }
    return list;
  }

  void set_ends() {
    graph().input = index_of_[file_.inputs[0]];
    for (const std::int32_t t : file_.outputs) {
      if (index_of_[t] < 0) {
        throw BadInput(path_ + ": the network's output, tensor " + std::to_string(t) +
                       ", is written by no operator");
      }
      const std::int32_t tensor = index_of_[t];
      if (graph().output < 0) {
        graph().output = tensor;
      } else if (!graph().is_output(tensor)) {
        graph().more_outputs.push_back(tensor);
      }
    }
  }

  void read_labels() {
    if (const auto* description = file_.model->description()) {
      network_.labels.description = description->str();
    }
    if (file_.preprocessing.empty()) return;
    const Graph& final = network_.graph;
    read_preprocessing_json(file_.preprocessing, path_, final.tensors[final.input],
                            final.tensors[final.output].shape.elements(), network_.labels);
  }

  void add_operator(std::size_t position) {
    const TfliteOperator& from = file_.operators[position];
    auto [op, operands] = read_operator(file_, position, path_);
    op.first_input = static_cast<std::int32_t>(graph().op_inputs.size());
    op.input_count = static_cast<std::int32_t>(operands.size());
    op.output = index_of_[from.outputs[0]];
    op.constants = static_cast<std::int32_t>(constants_.size());
    for (const std::int32_t t : operands) {
      if (index_of_[t] < 0) {
        fail_operator(file_, position,
                      "its input, tensor " + std::to_string(t) + ", is written by no operator",
                      path_);
      }
      graph().op_inputs.push_back(index_of_[t]);
    }
    const auto index = graph().ops.size();  // below `position` once an operator has no kernel
    graph().ops.push_back(op);
    if (const auto fault = find_op_fault(graph(), index)) {
      fail_operator(file_, position, fault->message, path_);
    }
    const TfliteTensor& in = file_.tensors[operands[0]];
    const TfliteTensor& out = file_.tensors[from.outputs[0]];
    constants_.push_back(read_constants(file_, from, op));
    keeps_values_[index] = in.scale == out.scale && in.zero_point == out.zero_point;
  }

  const std::string& path_;
  TfliteFile file_;
  TfliteNetwork network_;
  std::vector<std::int32_t> index_of_;  ///< of a file's tensor in the graph; -1: not computed
  std::vector<bool> keeps_values_;
  std::vector<OpConstants> constants_;
};

}  // namespace

bool is_tflite(const std::string& path, std::string_view content) {
  return path.ends_with(".tflite") ||
         (content.size() >= 8 && content.compare(4, 4, tflite::ModelIdentifier()) == 0);
}

TfliteNetwork parse_tflite(std::string_view content, const std::string& path) {
  return TfliteReader(content, path).read();
}

}  // namespace tinynas
