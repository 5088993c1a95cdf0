#include "graph/tflite_fold.h"

#include <algorithm>

namespace tinynas {
namespace {

bool has_zero_padding(OpKind kind) {
  return kind == OpKind::kConv2d || kind == OpKind::kDepthwiseConv2d;
}

/// Whether windows that begin `pad` before the input still meet it with each position.
bool windows_meet(std::int32_t in, std::int32_t out, int kernel, int stride, int pad) {
  return pad < kernel && end_padding(in, out, kernel, stride, pad) < kernel;
}

class Folder {
 public:
  Folder(const std::vector<bool>& keeps_values, TfliteNetwork& network)
      : from_(network.interpreter_graph), keeps_values_(keeps_values), network_(network) {}

  void run() {
    find_readers();
    stands_for_.assign(from_.tensors.size(), -1);
    for (std::size_t t = 0; t < stands_for_.size(); ++t) {
      stands_for_[t] = static_cast<std::int32_t>(t);
    }
    padding_.assign(from_.tensors.size(), {});
    dropped_.assign(from_.ops.size(), false);
    input_ = from_.input;
    std::vector<std::int32_t> outputs = {from_.output};
    outputs.insert(outputs.end(), from_.more_outputs.begin(), from_.more_outputs.end());
    drop_quantize();
    for (std::int32_t& output : outputs) drop_dequantize(output, outputs);
    if (dequantizes_ > 0) {
      network_.left_out.push_back(outputs.size() == 1 ? "DEQUANTIZE at the output"
                                                      : std::to_string(dequantizes_) +
                                                            " DEQUANTIZE at the outputs");
    }
    for (std::size_t i = 0; i < from_.ops.size(); ++i) {
      const Op& op = from_.ops[i];
      if (!keeps_values_[i]) continue;
      if (op.kind == OpKind::kPad) drop_pad(i);
      if (op.kind == OpKind::kReshape) drop_reshape(i);
    }
    write(outputs);
    tell();
  }

 private:
  void find_readers() {
    readers_.resize(from_.tensors.size());
    for (std::size_t i = 0; i < from_.ops.size(); ++i) {
      for (const std::int32_t t : from_.inputs(from_.ops[i])) {
        readers_[t].push_back(static_cast<std::int32_t>(i));
      }
    }
  }

  std::int32_t in(const Op& op) const { return from_.inputs(op)[0]; }

  /// A network of no operator would be none.
  bool is_only_one_left() const { return std::count(dropped_.begin(), dropped_.end(), false) < 2; }

  void drop_quantize() {
    if (from_.tensors[input_].dtype != DType::kFloat32 || readers_[input_].size() != 1) return;
    const std::int32_t reader = readers_[input_][0];
    if (from_.ops[reader].kind != OpKind::kQuantize || from_.is_output(input_)) return;
    if (is_only_one_left()) return;
    dropped_[reader] = true;
    input_ = from_.ops[reader].output;
    network_.left_out.push_back("QUANTIZE at the input");
  }

  void drop_dequantize(std::int32_t& output, const std::vector<std::int32_t>& outputs) {
    if (from_.tensors[output].dtype != DType::kFloat32 || !readers_[output].empty()) return;
    for (std::size_t i = 0; i < from_.ops.size(); ++i) {
      const Op& op = from_.ops[i];
      if (op.output != output || op.kind != OpKind::kDequantize) continue;
      const bool twice = std::find(outputs.begin(), outputs.end(), in(op)) != outputs.end();
      if (twice || in(op) == input_ || is_only_one_left()) return;
      dropped_[i] = true;
      output = in(op);
      ++dequantizes_;
    }
  }

  /// Zeros around a map are the padding of the convolutions that read it, if these have none.
  void drop_pad(std::size_t index) {
    const Op& pad = from_.ops[index];
    const std::int32_t source = in(pad);
    const Shape& shape = from_.tensors[source].shape;
    const bool nothing = shape == from_.tensors[pad.output].shape;
    if (from_.is_output(pad.output) || readers_[pad.output].empty()) return;
    const bool folds = std::all_of(
        readers_[pad.output].begin(), readers_[pad.output].end(), [&](std::int32_t reader) {
          const Op& op = from_.ops[reader];
          const Shape& out = from_.out_shape(op);
          return has_zero_padding(op.kind) &&
                 windows_meet(shape.h, out.h, op.kernel_h, op.stride_h, op.pad_top + pad.pad_top) &&
                 windows_meet(shape.w, out.w, op.kernel_w, op.stride_w, op.pad_left + pad.pad_left);
        });
    if (!nothing && !folds) return;
    dropped_[index] = true;
    stands_for_[pad.output] = stands_for_[source];
    if (!nothing) padding_[pad.output] = {pad.pad_top, pad.pad_left};
    ++pads_;
  }

  /// The same bytes under another shape: needless where no reader looks at the shape.
  void drop_reshape(std::size_t index) {
    const Op& reshape = from_.ops[index];
    const std::int32_t source = stands_for_[in(reshape)];
    const bool same = from_.tensors[source].shape == from_.tensors[reshape.output].shape;
    const bool last = reshape.output == from_.output && readers_[reshape.output].empty();
    const auto& readers = readers_[reshape.output];
    const bool unseen = !readers.empty() && !from_.is_output(reshape.output) &&
                        std::all_of(readers.begin(), readers.end(), [&](std::int32_t reader) {
                          const OpKind kind = from_.ops[reader].kind;
                          return kind == OpKind::kFullyConnected || kind == OpKind::kReshape;
                        });
    const bool kept = from_.is_output(reshape.output) && !last;
    if (kept || (!same && !unseen && !last)) return;
    if ((last && source == input_) || is_only_one_left()) return;
    dropped_[index] = true;
    stands_for_[reshape.output] = source;
    ++reshapes_;
  }

  void write(const std::vector<std::int32_t>& outputs) {
    Graph& graph = network_.graph;
    graph.clear();
    std::vector<std::int32_t> index(from_.tensors.size(), -1);
    graph.constants = from_.constants;
    graph.input = index[input_] = graph.add_tensor(from_.tensors[input_].shape);
    graph.tensors[graph.input] = from_.tensors[input_];
    std::vector<std::int32_t> inputs;
    for (std::size_t i = 0; i < from_.ops.size(); ++i) {
      if (dropped_[i]) continue;
      Op op = from_.ops[i];
      inputs.clear();
      for (const std::int32_t t : from_.inputs(op)) inputs.push_back(index[stands_for_[t]]);
      op.pad_top += padding_[in(op)].top;
      op.pad_left += padding_[in(op)].left;
      const std::int32_t written = op.output;
      index[written] = graph.add_op(op, inputs, from_.tensors[written].shape);
      graph.tensors[index[written]] = from_.tensors[written];
    }
    graph.output = index[stands_for_[outputs[0]]];
    for (std::size_t i = 1; i < outputs.size(); ++i) {
      graph.more_outputs.push_back(index[stands_for_[outputs[i]]]);
    }
  }

  void tell() {
    if (pads_ > 0) network_.left_out.push_back(std::to_string(pads_) + " PAD (folded)");
    if (reshapes_ > 0) network_.left_out.push_back(std::to_string(reshapes_) + " RESHAPE");
  }

  struct Padding {
    std::int16_t top = 0, left = 0;
  };

  const Graph& from_;
  const std::vector<bool>& keeps_values_;
  TfliteNetwork& network_;
  std::int32_t input_ = -1;  ///< of what is left
  std::vector<std::vector<std::int32_t>> readers_;
  std::vector<std::int32_t> stands_for_;  ///< the tensor whose bytes this one is
  std::vector<Padding> padding_;          ///< what its readers add to their own
  std::vector<bool> dropped_;
  int dequantizes_ = 0, pads_ = 0, reshapes_ = 0;
};

}  // namespace

void fold_operators(const std::vector<bool>& keeps_values, TfliteNetwork& network) {
  Folder(keeps_values, network).run();
}

}  // namespace tinynas
