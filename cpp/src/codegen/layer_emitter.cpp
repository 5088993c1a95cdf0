#include "codegen/layer_emitter.h"

#include <algorithm>

#include "codegen/c_text.h"
#include "codegen/kernel_weights.h"
#include "int8/op_arithmetic.h"
#include "tinyengine/c_kernels.h"

namespace tinynas {
namespace {

std::string number(std::int64_t value) { return std::to_string(value); }

/// Collects the fields of an initialiser.
class Fields {
 public:
  Fields& operator()(const char* name, const std::string& value) {
    text_ += (text_.empty() ? "." : ", .") + std::string(name) + " = " + value;
    return *this;
  }
  Fields& operator()(const char* name, std::int64_t value) { return (*this)(name, number(value)); }
  Fields& operator()(const char* name, const Requantizer& factor) {
    return (*this)(name, "{" + number(factor.multiplier) + ", " + number(factor.shift) + "}");
  }
  std::string text() const { return "{" + text_ + "}"; }

 private:
  std::string text_;
};

class LayerEmitter {
 public:
  LayerEmitter(const Graph& graph, std::size_t index, const OpRows& rows)
      : graph_(graph),
        rows_(rows),
        op_(graph.ops[index]),
        constants_(graph.constants_of(op_)),
        in_(graph.tensors[graph.inputs(op_)[0]]),
        out_(graph.tensors[op_.output]),
        suffix_(number(static_cast<std::int64_t>(index))) {}

  LayerText emit() {
    text_.initializer = fields().text();
    return std::move(text_);
  }

 private:
  template <typename T>
  std::string array(const char* stem, const char* type, const std::vector<T>& values) {
    const std::string name = std::string("tn_") + stem + suffix_;
    text_.arrays += c_array(type, name, std::span<const T>(values));
    text_.declarations += "extern " + c_array_name(type, name, values.size()) + ";\n";
    return name;
  }

  /// An array whose values are written in C.
  std::string array_of_text(const char* stem, const char* type, std::size_t values,
                            const std::vector<std::string>& items) {
    const std::string name = std::string("tn_") + stem + suffix_;
    text_.arrays += c_array_of_text(type, name, values, items);
    text_.declarations += "extern " + c_array_name(type, name, values) + ";\n";
    return name;
  }

  /// Quads of a column as TN_Q(), then what is left of it (weight_order.h).
  std::string quads() {
    const std::vector<std::int8_t> weights = kernel_weights(graph_, op_);
    const std::size_t in_quads = quad_values(graph_, op_);
    const std::size_t depth = weights.size() / static_cast<std::size_t>(op_bias_count(graph_, op_));
    std::vector<std::string> items;
    for (std::size_t i = 0; i < weights.size();) {
      const bool quad = i % depth < in_quads;
      std::string item = number(weights[i++]);
      for (int k = 1; quad && k < 4; ++k) item += ", " + number(weights[i++]);
      items.push_back(quad ? "TN_Q(" + item + ")" : item);
    }
    return array_of_text("weights", "int8_t", weights.size(), items);
  }

  /// Rows of depthwise windows two by two as TN_P3() and the like, then the last row.
  std::string row_pairs() {
    const std::vector<std::int8_t> weights = kernel_weights(graph_, op_);
    const auto size = static_cast<std::size_t>(op_.kernel_h);
    std::vector<std::string> items;
    for (std::size_t i = 0; i < weights.size();) {
      const bool pair = i % (size * size) + size < size * size;
      std::string item = number(weights[i++]);
      for (std::size_t k = 1; pair && k < 2 * size; ++k) item += ", " + number(weights[i++]);
      items.push_back(pair ? "TN_P" + number(static_cast<std::int64_t>(size)) + "(" + item + ")"
                           : item);
    }
    return array_of_text("weights", "int8_t", weights.size(), items);
  }

  std::string quad_biases(const std::vector<KernelFactor>& factors) {
    const std::vector<std::int32_t> plain = kernel_bias(graph_, op_, false);
    const std::vector<std::int32_t> of_quads = quad_bias(graph_, op_);
    std::vector<std::string> items;
    for (std::size_t c = 0; c < plain.size(); ++c) {
      const std::string bias = c_int32(plain[c]);
      items.push_back(factors[c].common ? "TN_B(" + bias + ", " + c_int32(of_quads[c]) + ")"
                                        : bias);
    }
    return array_of_text("bias", "int32_t", plain.size(), items);
  }

  Fields convolution() {
    const bool dense = op_.kind == OpKind::kFullyConnected;
    const auto channels = static_cast<std::size_t>(op_bias_count(graph_, op_));
    std::vector<std::int32_t> multipliers;
    std::vector<std::int8_t> shifts;
    std::vector<KernelFactor> factors;
    if (dense) {
      std::vector<Requantizer> exact = output_requantizers(graph_, op_);
      exact.resize(channels, exact[0]);
      for (const Requantizer& factor : exact) {
        multipliers.push_back(factor.multiplier);
        shifts.push_back(static_cast<std::int8_t>(factor.shift));
      }
    } else {
      factors = kernel_factors(graph_, op_);
      for (const KernelFactor& factor : factors) {
        multipliers.push_back(factor.multiplier);
        shifts.push_back(factor.shift);
      }
    }
    Fields fields;
    if (op_.kind == OpKind::kConv2d) {
      fields("weights", quads())("bias", quad_biases(factors));
    } else {
      // Kernels on wide rows take pairs of neighbours.
      fields("weights", has_square_kernel(graph_, op_) && !rows_.wide_input
                            ? row_pairs()
                            : array("weights", "int8_t", kernel_weights(graph_, op_)));
      fields("bias", array("bias", "int32_t", kernel_bias(graph_, op_, rows_.wide_input)));
    }
    fields("multipliers", array("multipliers", "int32_t", multipliers));
    fields("shifts", array("shifts", "int8_t", shifts));
    fields("in_width", dense ? 1 : in_.shape.w);
    fields("in_channels", dense ? in_.shape.elements() : in_.shape.c);
    fields("out_channels", static_cast<std::int64_t>(channels));
    fields("kernel_h", op_.kernel_h)("kernel_w", op_.kernel_w)("stride_w", op_.stride_w);
    fields("pad_left", op_.pad_left);
    fields("in_zero", operand_quantisation(graph_, op_, 0).zero_point);
    fields("out_zero", out_.zero_point);
    return fields("low", constants_.output_min)("high", constants_.output_max);
  }

  Fields depthwise() {
    Fields fields;
    fields("conv", convolution().text());
    return fields("channel_multiplier", out_.shape.c / in_.shape.c);
  }

  Fields pooling() {
    Fields fields;
    fields("in_width", in_.shape.w)("channels", in_.shape.c)("kernel_w", op_.kernel_w);
    fields("stride_w", op_.stride_w)("pad_left", op_.pad_left);
    fields("low", constants_.output_min)("high", constants_.output_max);
    if (op_.kind != OpKind::kMean) return fields;
    fields("in_zero", in_.zero_point)("out_zero", out_.zero_point);
    return fields("factor", mean_requantizer(graph_, op_, mean_count(graph_, op_)));
  }

  Fields pair() {
    Fields fields;
    if (op_.input_count == 1) {
      fields("constant", array("constant", "int8_t", constants_.weights));
      fields("constant_values", op_.constant_bytes);
    } else {
      const Tensor& other = graph_.tensors[graph_.inputs(op_)[1]];
      fields("broadcasts", other.shape == out_.shape ? 0 : 1);
    }
    fields("width", out_.shape.w)("channels", out_.shape.c);
    fields("zero_a", operand_quantisation(graph_, op_, 0).zero_point);
    fields("zero_b", operand_quantisation(graph_, op_, 1).zero_point);
    fields("out_zero", out_.zero_point);
    fields("low", constants_.output_min)("high", constants_.output_max);
    if (op_.kind == OpKind::kMul) return fields("out", output_requantizers(graph_, op_)[0]);
    const AddArithmetic by = add_arithmetic(graph_, op_);
    return fields("a", by.inputs[0])("b", by.inputs[1])("out", by.output);
  }

  Fields lookup() {
    std::vector<std::int8_t> table;
    if (op_.kind == OpKind::kLogistic) {
      const auto values = logistic_table(in_);
      table.assign(values.begin(), values.end());
    } else {
      const Requantizer by = output_requantizers(graph_, op_)[0];
      const bool from_uint8 = in_.dtype == DType::kUInt8, to_uint8 = out_.dtype == DType::kUInt8;
      const std::int32_t low = to_uint8 ? 0 : constants_.output_min;
      const std::int32_t high = to_uint8 ? 255 : constants_.output_max;
      for (std::int32_t q = -128; q < 128; ++q) {
        // The kernel reads bytes as int8, whatever they are.
        const std::int32_t stored = from_uint8 && q < 0 ? q + 256 : q;
        const std::int32_t value = requantize(stored - in_.zero_point, by) + out_.zero_point;
        table.push_back(clamp_to_int8(value, low, high));
      }
    }
    Fields fields;
    return fields("table", array("table", "int8_t", table))("channels", out_.shape.c);
  }

  Fields softmax() {
    const SoftmaxTable table = softmax_table(in_, constants_.beta);
    const std::vector<std::int32_t> exponentials(table.exponentials.begin(),
                                                 table.exponentials.begin() + table.first_left_out);
    Fields fields;
    fields("exponentials", array("exponentials", "int32_t", exponentials));
    return fields("count", table.first_left_out)("channels", out_.shape.c);
  }

  Fields concat() {
    std::vector<std::uint16_t> channels;
    for (const std::int32_t t : graph_.inputs(op_)) {
      channels.push_back(static_cast<std::uint16_t>(graph_.tensors[t].shape.c));
    }
    Fields fields;
    return fields("channels", array("channels", "uint16_t", channels))("inputs", op_.input_count);
  }

  Fields join() {
    const std::int64_t outer = op_.axis == 0 ? 1 : out_.shape.h;
    std::vector<std::uint32_t> runs;
    for (const std::int32_t t : graph_.inputs(op_)) {
      runs.push_back(static_cast<std::uint32_t>(graph_.tensors[t].shape.elements() / outer));
    }
    Fields fields;
    fields("runs", array("runs", "uint32_t", runs));
    return fields("outer", outer)("inputs", op_.input_count);
  }

  Fields mean_axis() {
    const Shape& s = in_.shape;
    const std::int64_t outer = op_.axis == 0 ? 1 : op_.axis == 1 ? s.h : std::int64_t{s.h} * s.w;
    const std::int64_t count = mean_count(graph_, op_);
    Fields fields;
    fields("outer", outer)("count", count)("inner", s.elements() / outer / count);
    fields("in_zero", in_.zero_point)("out_zero", out_.zero_point);
    return fields("factor", mean_requantizer(graph_, op_, count));
  }

  Fields pad() {
    Fields fields;
    fields("row_bytes", std::int64_t{in_.shape.w} * in_.shape.c);
    fields("out_row_bytes", std::int64_t{out_.shape.w} * out_.shape.c);
    fields("left_bytes", std::int64_t{op_.pad_left} * in_.shape.c);
    fields("rows", in_.shape.h)("out_rows", out_.shape.h)("top", op_.pad_top);
    return fields("value", out_.zero_point);
  }

  Fields transpose() {
    const std::int64_t extents[] = {in_.shape.h, in_.shape.w, in_.shape.c};
    const std::int64_t steps[] = {extents[1] * extents[2], extents[2], 1};
    std::string lengths, strides;
    for (const std::int8_t axis : constants_.permutation) {
      lengths += (lengths.empty() ? "" : ", ") + number(extents[axis]);
      strides += (strides.empty() ? "" : ", ") + number(steps[axis]);
    }
    Fields fields;
    return fields("extents", "{" + lengths + "}")("steps", "{" + strides + "}");
  }

  Fields resize() {
    std::vector<std::uint16_t> rows, columns;
    for (std::int32_t y = 0; y < out_.shape.h; ++y) {
      rows.push_back(
          static_cast<std::uint16_t>(nearest_input(y, in_.shape.h, out_.shape.h, constants_)));
    }
    for (std::int32_t x = 0; x < out_.shape.w; ++x) {
      columns.push_back(
          static_cast<std::uint16_t>(nearest_input(x, in_.shape.w, out_.shape.w, constants_)));
    }
    Fields fields;
    fields("rows", array("rows", "uint16_t", rows));
    fields("columns", array("columns", "uint16_t", columns));
    fields("out_rows", out_.shape.h)("out_columns", out_.shape.w)("channels", out_.shape.c);
    return fields("row_bytes", std::int64_t{in_.shape.w} * in_.shape.c);
  }

  Fields fields() {
    switch (op_.kind) {
      case OpKind::kConv2d:
      case OpKind::kFullyConnected:
        return convolution();
      case OpKind::kDepthwiseConv2d:
        return depthwise();
      case OpKind::kAveragePool2d:
      case OpKind::kMaxPool2d:
      case OpKind::kMean:
        return pooling();
      case OpKind::kAdd:
      case OpKind::kMul:
        return pair();
      case OpKind::kRelu:
      case OpKind::kLogistic:
      case OpKind::kQuantize:
        return lookup();
      case OpKind::kSoftmax:
        return softmax();
      case OpKind::kConcat:
        return op_.axis == 2 ? concat() : join();
      case OpKind::kMeanAxis:
        return mean_axis();
      case OpKind::kPad:
        return pad();
      case OpKind::kTranspose:
        return transpose();
      case OpKind::kResizeNearest:
        return resize();
      default:
        return Fields()("bytes", out_.bytes());
    }
  }

  const Graph& graph_;
  const OpRows rows_;
  const Op& op_;
  const OpConstants& constants_;
  const Tensor &in_, &out_;
  const std::string suffix_;
  LayerText text_;
};

}  // namespace

LayerText emit_layer(const Graph& graph, std::size_t index, const OpRows& rows) {
  return LayerEmitter(graph, index, rows).emit();
}

}  // namespace tinynas
