#pragma once
// Random valid graphs for property tests: chains, residuals, branches, ends that nobody reads,
// kernels 1 to 7, strides 1 to 3, uneven sizes. Small tensors, so that a test can execute them.

#include <array>
#include <cstdint>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "tinynas/graph.h"
#include "tinynas/rng.h"

namespace tinynas::testing {

struct RandomGraphOptions {
  int max_ops = 80;
  int max_side = 13;
  int max_channels = 24;
};

class RandomGraph {
 public:
  RandomGraph(Rng rng, const RandomGraphOptions& options) : rng_(rng), options_(options) {}

  Graph make() {
    graph_.input = graph_.add_tensor({between(1, options_.max_side), between(1, options_.max_side),
                                      between(1, options_.max_channels)});
    graph_.output = graph_.input;
    // Each graph has its own taste, so that pure chains are as frequent as tangles.
    branch_chance_ = 0.25 * below(4) / 3;
    add_chance_ = 0.4 * below(3) / 2;
    const int ops = between(1, options_.max_ops);
    while (static_cast<int>(graph_.ops.size()) < ops) add_random_op();
    // Now and then the output is a tensor that later ops read, or that was made long ago.
    if (rng_.chance(0.1)) graph_.output = graph_.ops[below(ops)].output;
    return std::move(graph_);
  }

 private:
  int below(int n) { return static_cast<int>(rng_.below(static_cast<std::uint32_t>(n))); }
  int between(int low, int high) { return low + below(high - low + 1); }

  std::int32_t pick_input() {
    const int count = static_cast<int>(graph_.tensors.size());
    return rng_.chance(branch_chance_) ? below(count) : count - 1;
  }

  void append(Op op, std::initializer_list<std::int32_t> inputs, Shape out) {
    graph_.output = graph_.add_op(op, std::vector<std::int32_t>(inputs), out);
  }

  void add_random_op() {
    if (rng_.chance(add_chance_) && add_residual()) return;
    const std::int32_t input = pick_input();
    const int kind = below(10);
    if (kind == 0) {
      add_window_op(OpKind::kAveragePool2d, input);
    } else {
      add_window_op(kind < 5 ? OpKind::kDepthwiseConv2d : OpKind::kConv2d, input);
    }
  }

  /// Adds the last tensor and an earlier one of its shape (or itself).
  bool add_residual() {
    const std::int32_t last = static_cast<std::int32_t>(graph_.tensors.size()) - 1;
    std::vector<std::int32_t> equal;
    for (std::int32_t t = 0; t <= last; ++t) {
      if (graph_.tensors[t].shape == graph_.tensors[last].shape) equal.push_back(t);
    }
    const std::int32_t other = equal[below(static_cast<int>(equal.size()))];
    if (other == last && !rng_.chance(0.1)) return false;
    Op op;
    op.kind = OpKind::kAdd;
    op.role = OpRole::kResidual;
    append(op, {last, other}, graph_.tensors[last].shape);
    return true;
  }

  /// SAME (TensorFlow's uneven padding included) or symmetric padding of any size.
  std::int32_t axis_out(std::int32_t in, int kernel, int stride, bool same, std::int16_t& pad) {
    if (same) {
      const std::int32_t out = (in + stride - 1) / stride;
      pad = static_cast<std::int16_t>(std::max((out - 1) * stride + kernel - in, 0) / 2);
      return out;
    }
    pad = static_cast<std::int16_t>(below(kernel));
    while (in + 2 * pad < kernel) ++pad;
    return (in + 2 * pad - kernel) / stride + 1;
  }

  void add_window_op(OpKind kind, std::int32_t input) {
    const Shape in = graph_.tensors[input].shape;
    Op op;
    op.kind = kind;
    op.kernel_h = static_cast<std::int16_t>(between(1, 7));
    op.kernel_w = rng_.chance(0.8) ? op.kernel_h : static_cast<std::int16_t>(between(1, 7));
    op.stride_h = op.stride_w = static_cast<std::int16_t>(rng_.chance(0.7) ? 1 : between(2, 3));
    const bool same = rng_.chance(0.7);
    Shape out = in;
    out.h = axis_out(in.h, op.kernel_h, op.stride_h, same, op.pad_top);
    out.w = axis_out(in.w, op.kernel_w, op.stride_w, same, op.pad_left);
    if (out.h > 2 * options_.max_side || out.w > 2 * options_.max_side) return;
    if (kind == OpKind::kConv2d) out.c = between(1, options_.max_channels);
    if (kind == OpKind::kDepthwiseConv2d && rng_.chance(0.1)) out.c = 2 * in.c;
    if (out.c > 2 * options_.max_channels) return;
    append(op, {input}, out);
  }

  Rng rng_;
  RandomGraphOptions options_;
  Graph graph_;
  double branch_chance_ = 0, add_chance_ = 0;
};

inline Graph random_graph(Rng rng, const RandomGraphOptions& options = {}) {
  return RandomGraph(rng, options).make();
}

/// Which features the graphs of a test had: a property that held on chains only is worth little.
struct GraphCoverage {
  std::int64_t graphs = 0, ops = 0, adds = 0, pools = 0, branches = 0, dead_ends = 0;
  std::int64_t early_outputs = 0, image_reused = 0, uneven_sizes = 0, strided_depthwise = 0;
  std::int64_t several_outputs = 0;
  std::set<int> kernels, strides, op_counts;
  std::map<std::string, std::int64_t> kinds;  ///< by op_kind_name, joins and mul by what they join

  void count(const Graph& graph) {
    ++graphs;
    ops += static_cast<std::int64_t>(graph.ops.size());
    op_counts.insert(static_cast<int>(graph.ops.size()));
    std::vector<int> readers(graph.tensors.size(), 0);
    for (std::size_t i = 0; i < graph.ops.size(); ++i) {
      const Op& op = graph.ops[i];
      for (const std::int32_t tensor : graph.inputs(op)) {
        ++readers[tensor];
        image_reused += tensor == graph.input && i > 0;
      }
      ++kinds[kind_text(graph, op)];
      adds += op.kind == OpKind::kAdd;
      pools += op.kind == OpKind::kAveragePool2d;
      strided_depthwise += op.kind == OpKind::kDepthwiseConv2d && op.stride_h == 2;
      uneven_sizes += graph.out_shape(op).h % 2 == 1 || graph.tensors[op.output].bytes() % 4 != 0;
      kernels.insert(op.kernel_h);
      strides.insert(op.stride_h);
    }
    for (std::size_t t = 0; t < readers.size(); ++t) {
      branches += readers[t] > 1;
      dead_ends += readers[t] == 0 && static_cast<std::int32_t>(t) != graph.output;
    }
    early_outputs += readers[graph.output] > 0;
    several_outputs += !graph.more_outputs.empty();
  }

  static std::string kind_text(const Graph& graph, const Op& op) {
    const std::string name = op_kind_name(op.kind);
    if (op.kind == OpKind::kConcat) {
      constexpr const char* kAxes[] = {"rows", "columns", "channels"};
      return name + " " + kAxes[op.axis];
    }
    const bool by_pixel =
        op.kind == OpKind::kMul && graph.tensors[graph.inputs(op)[1]].shape != graph.out_shape(op);
    return by_pixel ? name + " by pixel" : name;
  }

  std::string text() const {
    std::ostringstream out;
    out << graphs << " graphs, " << ops << " ops (" << *op_counts.begin() << " to "
        << *op_counts.rbegin() << " a graph, " << op_counts.size() << " counts), " << adds
        << " adds, " << pools << " pools, " << strided_depthwise << " stride-2 depthwise, "
        << branches << " tensors read twice, " << dead_ends << " never read, " << early_outputs
        << " outputs also read, " << image_reused << " later reads of the image, " << uneven_sizes
        << " uneven sizes, " << several_outputs << " with several outputs, " << kernels.size()
        << " kernels, " << strides.size() << " strides; ops:";
    for (const auto& [kind, count] : kinds) out << " " << kind << " " << count << ",";
    std::string text = out.str();
    text.pop_back();
    return text;
  }
};

}  // namespace tinynas::testing
