#pragma once
// Executes a plan on bytes: each op writes its tensor's number over its output's bytes, and every
// byte of every input must still carry the input's number. Slow, and nothing to get wrong.

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "tinynas/graph.h"

namespace tinynas::testing {

/// `offsets`: the first byte of each tensor, none negative. Returns "" when every read saw what was
/// written and the network's output and all tensors that nobody reads are intact at the end.
inline std::string execute_plan(const Graph& graph, const std::vector<std::int64_t>& offsets) {
  std::int64_t arena_bytes = 0;
  for (std::size_t t = 0; t < offsets.size(); ++t) {
    arena_bytes = std::max(arena_bytes, offsets[t] + graph.tensors[t].bytes());
  }
  std::vector<std::int16_t> arena(static_cast<std::size_t>(arena_bytes), -1);
  const auto write = [&](std::int32_t tensor) {
    std::fill_n(arena.begin() + offsets[tensor], graph.tensors[tensor].bytes(),
                static_cast<std::int16_t>(tensor));
  };
  const auto intact = [&](std::int32_t tensor) {
    const auto begin = arena.begin() + offsets[tensor];
    return std::all_of(begin, begin + graph.tensors[tensor].bytes(),
                       [&](std::int16_t owner) { return owner == tensor; });
  };
  std::vector<bool> read(offsets.size(), false);
  write(graph.input);
  for (std::size_t i = 0; i < graph.ops.size(); ++i) {
    const Op& op = graph.ops[i];
    const std::int32_t first = graph.inputs(op)[0];
    // A depthwise kernel copies each channel before it writes it back, so it may write over its
    // input at the same offset; any other kernel reads while it writes.
    const bool in_place = op.kind == OpKind::kDepthwiseConv2d &&
                          graph.in_shape(op).c == graph.out_shape(op).c &&
                          offsets[first] == offsets[op.output];
    if (!in_place) write(op.output);
    for (const std::int32_t tensor : graph.inputs(op)) {
      read[tensor] = true;
      if (!intact(tensor)) {
        return "op " + std::to_string(i) + " reads damaged tensor " + std::to_string(tensor);
      }
    }
    if (in_place) write(op.output);
  }
  for (std::size_t t = 0; t < read.size(); ++t) {
    const auto tensor = static_cast<std::int32_t>(t);
    const bool kept = (!read[t] && tensor != graph.input) || tensor == graph.output;
    if (kept && !intact(tensor)) return "tensor " + std::to_string(t) + " is lost at the end";
  }
  return "";
}

}  // namespace tinynas::testing
