// Layer tables of published networks: one JSON object a layer, shapes spelled out, so that a
// mistake in one field can be told from the others.

#include <array>
#include <optional>

#include "base/files.h"
#include "base/json_io.h"
#include "graph/op_fault.h"
#include "tinynas/error.h"
#include "tinynas/graph.h"

namespace tinynas {
namespace {

constexpr std::int64_t kMaxDimension = 1 << 26;
constexpr std::int64_t kMaxKernel = 1024;

template <typename Enum>
std::optional<Enum> find_name(const std::string& name, const char* (*spell)(Enum), Enum last) {
  for (int i = 0; i <= static_cast<int>(last); ++i) {
    if (name == spell(static_cast<Enum>(i))) return static_cast<Enum>(i);
  }
  return std::nullopt;
}

template <typename Enum>
std::vector<std::string> all_names(const char* (*spell)(Enum), Enum last) {
  std::vector<std::string> names;
  for (int i = 0; i <= static_cast<int>(last); ++i) {
    if (*spell(static_cast<Enum>(i))) names.emplace_back(spell(static_cast<Enum>(i)));
  }
  return names;
}

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

/// One entry of `layers`: typed fields with complaints that name file, layer and field.
class LayerReader {
 public:
  LayerReader(const Json& layer, std::size_t index, const std::string& path)
      : layer_(layer), where_(path + ": layers[" + std::to_string(index) + "]") {
    if (!layer.is_object()) throw BadInput(where_ + ": an object with op, k, in and out is needed");
  }

  std::string where(const char* field) const { return where_ + "." + field + ": "; }

  [[noreturn]] void fail(const char* field, const std::string& message) const {
    throw BadInput(where(field) + message);
  }

  bool has(const char* field) const {
    const auto it = layer_.find(field);
    return it != layer_.end() && !it->is_null();
  }

  std::string text(const char* field) const {
    const Json& value = at(field);
    if (!value.is_string()) fail(field, "must be a string");
    return value.get<std::string>();
  }

  std::int64_t integer(const char* field, std::int64_t low, std::int64_t high) const {
    return integer_of(at(field), field, low, high);
  }

  /// A number, or two of them: rows, columns.
  std::array<std::int64_t, 2> pair(const char* field, std::int64_t low, std::int64_t high) const {
    const Json& value = at(field);
    if (!value.is_array()) {
      const std::int64_t both = integer_of(value, field, low, high);
      return {both, both};
    }
    if (value.size() != 2) fail(field, "must be a number or a list of two numbers");
    return {integer_of(value[0], field, low, high), integer_of(value[1], field, low, high)};
  }

  Shape shape(const char* field) const {
    const Json& value = at(field);
    if (!value.is_array() || value.size() != 3) {
      fail(field, "must be a list of three numbers: height, width, channels");
    }
    std::array<std::int32_t, 3> hwc{};
    for (std::size_t i = 0; i < hwc.size(); ++i) {
      hwc[i] = static_cast<std::int32_t>(integer_of(value[i], field, 1, kMaxDimension));
    }
    return {hwc[0], hwc[1], hwc[2]};
  }

  /// Tensor indices: the image is 0, layer i writes i + 1.
  void inputs(std::size_t index, std::vector<std::int32_t>& tensors) const {
    const Json& value = at("inputs");
    if (!value.is_array()) fail("inputs", "must be a list of layer indices (-1 is the image)");
    tensors.clear();
    for (const Json& item : value) {
      const auto layer = integer_of(item, "inputs", -1, static_cast<std::int64_t>(index) - 1);
      tensors.push_back(static_cast<std::int32_t>(layer) + 1);
    }
    if (tensors.empty()) fail("inputs", "at least one input is needed");
  }

 private:
  const Json& at(const char* field) const {
    const auto it = layer_.find(field);
    if (it == layer_.end()) fail(field, "is missing");
    return *it;
  }

  std::int64_t integer_of(const Json& value, const char* field, std::int64_t low,
                          std::int64_t high) const {
    const bool huge = value.is_number_unsigned() &&
                      value.get<std::uint64_t>() > static_cast<std::uint64_t>(high < 0 ? 0 : high);
    const bool ok = value.is_number_integer() && !huge && value.get<std::int64_t>() >= low &&
                    value.get<std::int64_t>() <= high;
    if (!ok) {
      fail(field, low == high ? "must be " + std::to_string(low)
                              : "must be a whole number from " + std::to_string(low) + " to " +
                                    std::to_string(high));
    }
    return value.get<std::int64_t>();
  }

  const Json& layer_;
  std::string where_;
};

/// Whether `out` follows from `in` on one axis as tables mean it: equal padding on both sides, or
/// TensorFlow's SAME (the output is the input over the stride, and an odd row of padding goes to
/// the end).
bool axis_fits(std::int32_t in, std::int32_t out, int kernel, int stride, int pad) {
  if (in + 2 * pad >= kernel && out == (in + 2 * pad - kernel) / stride + 1) return true;
  const int same_out = (in + stride - 1) / stride;
  const int total = std::max((same_out - 1) * stride + kernel - in, 0);
  return out == same_out && pad == total / 2;
}

OpKind read_kind(const LayerReader& reader) {
  const std::string name = reader.text("op");
  const auto kind = find_name(name, op_kind_name, OpKind::kAveragePool2d);
  if (kind) return *kind;
  const auto names = all_names(op_kind_name, OpKind::kAveragePool2d);
  throw Error(ExitCode::kUnsupportedOperator,
              reader.where("op") + "'" + name + "' is no supported operator" +
                  did_you_mean(name, names) + "; supported: " + joined(names));
}

OpRole read_role(const LayerReader& reader) {
  if (!reader.has("role")) return OpRole::kNone;
  const std::string name = reader.text("role");
  const auto role = find_name(name, op_role_name, OpRole::kClassifier);
  if (role) return *role;
  const auto names = all_names(op_role_name, OpRole::kClassifier);
  reader.fail("role", "'" + name + "' is no known role" + did_you_mean(name, names) +
                          "; known: " + joined(names));
}

Op read_op(const LayerReader& reader) {
  Op op;
  op.kind = read_kind(reader);
  op.role = read_role(reader);
  if (reader.has("block")) {
    op.block = static_cast<std::int16_t>(reader.integer("block", 0, 4096));
  }
  if (op.kind == OpKind::kAdd) return op;  // tables give an add k = 0, which means nothing
  const auto kernel = reader.pair("k", 1, kMaxKernel);
  const auto pad = reader.pair("pad", 0, kMaxKernel);
  op.kernel_h = static_cast<std::int16_t>(kernel[0]);
  op.kernel_w = static_cast<std::int16_t>(kernel[1]);
  op.stride_h = op.stride_w = static_cast<std::int16_t>(reader.integer("stride", 1, kMaxKernel));
  op.pad_top = static_cast<std::int16_t>(pad[0]);
  op.pad_left = static_cast<std::int16_t>(pad[1]);
  return op;
}

void add_layer(const Json& layer, std::size_t index, const std::string& path,
               std::vector<std::int32_t>& inputs, Graph& graph) {
  const LayerReader reader(layer, index, path);
  if (reader.has("i")) {
    const auto expected = static_cast<std::int64_t>(index);
    reader.integer("i", expected, expected);
  }
  const Op op = read_op(reader);
  reader.inputs(index, inputs);
  const Shape in = reader.shape("in");
  // Layer 0 can read nothing but the image, so it says the image's shape.
  if (index == 0) graph.tensors[graph.input].shape = in;
  graph.output = graph.add_op(op, inputs, reader.shape("out"));
  const Shape& found = graph.tensors[inputs[0]].shape;
  if (!(in == found)) {
    reader.fail("in", "is not the shape of its first input, which is [" + std::to_string(found.h) +
                          ", " + std::to_string(found.w) + ", " + std::to_string(found.c) + "]");
  }
  if (const auto fault = find_op_fault(graph, index)) reader.fail(fault->field, fault->message);
  if (op.kind == OpKind::kAdd) return;
  const Shape& out = graph.out_shape(graph.ops[index]);
  if (!axis_fits(in.h, out.h, op.kernel_h, op.stride_h, op.pad_top) ||
      !axis_fits(in.w, out.w, op.kernel_w, op.stride_w, op.pad_left)) {
    const OpFault fault = output_does_not_follow(op, in, out);
    reader.fail(fault.field, fault.message);
  }
}

/// A table does not name its outputs: they are what no layer reads.
void find_outputs(Graph& graph) {
  std::vector<bool> read(graph.tensors.size(), false);
  for (const std::int32_t t : graph.op_inputs) read[t] = true;
  for (const Op& op : graph.ops) {
    if (!read[op.output] && op.output != graph.output) graph.more_outputs.push_back(op.output);
  }
}

}  // namespace

Graph read_layer_table(const std::string& path) {
  const Json document = read_json_file(path);
  const Json& layers = json_at(document, "layers", path);
  if (!layers.is_array() || layers.empty()) {
    throw BadInput(path + ": field 'layers' must be a list of at least one layer");
  }
  if (layers.size() > kMaxOps) {
    throw BadInput(path + ": field 'layers' has more than " + std::to_string(kMaxOps) + " layers");
  }
  Graph graph;
  graph.input = graph.add_tensor({});
  std::vector<std::int32_t> inputs;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    add_layer(layers[i], i, path, inputs, graph);
  }
  find_outputs(graph);
  return graph;
}

}  // namespace tinynas
