#include "invariant.h"

#include <algorithm>

#include "tinynas/memory_plan.h"

namespace tinynas::fuzzing {
namespace {

constexpr std::size_t kMostOps = 24;
constexpr std::int32_t kMostRows = 64;
constexpr std::int64_t kMostElements = 1 << 14;
constexpr std::int64_t kMostMacs = 1 << 24;

/// Length of the code point that `text` begins with, and its value; 0 where it is no UTF-8.
std::size_t decode(std::string_view text, char32_t& value) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const std::size_t length = byte(0) < 0x80   ? 1
                             : byte(0) < 0xC2 ? 0
                             : byte(0) < 0xE0 ? 2
                             : byte(0) < 0xF0 ? 3
                             : byte(0) < 0xF5 ? 4
                                              : 0;
  if (length == 0 || length > text.size()) return 0;
  value = length == 1 ? byte(0) : byte(0) & (0xFFU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0U) != 0x80) return 0;
    value = (value << 6U) | (byte(i) & 0x3FU);
  }
  return length;
}

bool is_control(char32_t c) {
  return c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x2028 || c == 0x2029;
}

std::int64_t window_work(const Graph& graph, const Op& op) {
  return graph.out_shape(op).elements() * op.kernel_h * op.kernel_w;
}

bool is_small(const Graph& graph) {
  return graph.ops.size() <= kMostOps && graph_macs(graph) <= kMostMacs &&
         std::all_of(graph.tensors.begin(), graph.tensors.end(),
                     [](const Tensor& tensor) {
                       return tensor.shape.h <= kMostRows &&
                              tensor.shape.elements() <= kMostElements;
                     }) &&
         std::all_of(graph.ops.begin(), graph.ops.end(), [&](const Op& op) {
           return op.input_count <= 16 && window_work(graph, op) <= kMostMacs;
         });
}

}  // namespace

void check_message(std::string_view message, std::string_view path) {
  for (std::size_t at = 0; at < message.size();) {
    char32_t value = 0;
    const std::size_t length = decode(message.substr(at), value);
    if (length == 0 || is_control(value)) {
      throw Finding("byte " + std::to_string(at) + " cannot be printed: " + std::string(message));
    }
    at += length;
  }
  if (message.find(path) == std::string_view::npos) {
    throw Finding("the file is not named: " + std::string(message));
  }
}

void plan_if_small(const Graph& graph, const Graph& interpreter_graph) {
  static const RuntimeModel kTinyNas = find_runtime("tinynas"),
                            kTinyEngine = find_runtime("tinyengine"), kTflm = find_runtime("tflm");
  if (!is_small(graph) || !is_small(interpreter_graph)) return;
  const Graph ordered = order_operators(graph);
  validate(ordered, "ordered");
  plan_memory(ordered, kTinyNas);
  plan_memory(ordered, kTinyEngine);
  plan_memory(interpreter_graph, kTflm);
}

}  // namespace tinynas::fuzzing
