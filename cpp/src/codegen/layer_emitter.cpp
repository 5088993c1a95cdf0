#include "codegen/layer_emitter.h"

#include <algorithm>

#include "codegen/c_text.h"
#include "codegen/kernel_weights.h"
#include "int8/op_arithmetic.h"

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
  LayerEmitter(const Graph& graph, std::size_t index)
      : graph_(graph),
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
    text_.declarations += std::string("extern const ") + type + " " + name + "[" +
                          number(static_cast<std::int64_t>(values.size())) + "];\n";
    return name;
  }

  Fields convolution() {
    const bool dense = op_.kind == OpKind::kFullyConnected;
    const auto channels = static_cast<std::size_t>(op_bias_count(graph_, op_));
    std::vector<std::int32_t> multipliers;
    std::vector<std::int8_t> shifts;
    std::vector<Requantizer> factors = output_requantizers(graph_, op_);
    factors.resize(channels, factors[0]);
    for (std::size_t c = 0; c < channels; ++c) {
      multipliers.push_back(factors[c].multiplier);
      const bool wide = !dense && sums_are_wide(graph_, op_, c);
      shifts.push_back(static_cast<std::int8_t>(factors[c].shift - (wide ? kWideShift : 0)));
    }
    Fields fields;
    fields("weights", array("weights", "int8_t", kernel_weights(graph_, op_)));
    fields("bias", array("bias", "int32_t", kernel_bias(graph_, op_)));
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
      for (std::int32_t q = -128; q < 128; ++q) {
        const std::int32_t value = requantize(q - in_.zero_point, by) + out_.zero_point;
        table.push_back(clamp_to_int8(value, constants_.output_min, constants_.output_max));
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
  const Op& op_;
  const OpConstants& constants_;
  const Tensor &in_, &out_;
  const std::string suffix_;
  LayerText text_;
};

}  // namespace

LayerText emit_layer(const Graph& graph, std::size_t index) {
  return LayerEmitter(graph, index).emit();
}

}  // namespace tinynas
