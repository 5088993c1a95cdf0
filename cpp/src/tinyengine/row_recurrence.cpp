#include "tinyengine/row_recurrence.h"

#include <algorithm>

#include "tinyengine/kernel_costs.h"
#include "tinyengine/storage_records.h"

namespace tinynas {
namespace {

bool is_windowed(OpKind kind) {
  return kind == OpKind::kConv2d || kind == OpKind::kDepthwiseConv2d ||
         kind == OpKind::kAveragePool2d || kind == OpKind::kMaxPool2d || kind == OpKind::kMean;
}

bool is_channelwise(const Graph& graph, const Op& op) {
  return op.kind == OpKind::kDepthwiseConv2d && graph.in_shape(op).c == graph.out_shape(op).c;
}

std::int64_t pixel_bytes(const Tensor& tensor) {
  return tensor.shape.c * dtype_bytes(tensor.dtype);
}

/// Whether the rows of `op`'s input can be forgotten one by one: its windows do not overlap, and a
/// row of sums is less than the rows of a window.
bool wants_accumulators(const Graph& graph, const Op& op) {
  const bool averages = op.kind == OpKind::kAveragePool2d || op.kind == OpKind::kMean;
  if (!averages || op.kernel_h < 2) return false;
  if (op.stride_h < op.kernel_h && graph.out_shape(op).h > 1) return false;
  const Shape& in = graph.in_shape(op);
  const std::int64_t row = std::int64_t{in.w} * in.c;
  const std::int64_t window = std::min<std::int64_t>(op.kernel_h, in.h);
  return row * (window - 1) > accumulator_bytes(graph, op, graph.out_shape(op).w);
}

}  // namespace

RowWindow row_window(const Graph& graph, const Op& op, std::int32_t input) {
  RowWindow window;
  if (is_windowed(op.kind)) {
    window.stride = op.stride_h;
    window.kernel = op.kernel_h;
    window.pad[kTopDown] = op.pad_top;
    window.pad[kBottomUp] = end_padding(graph.in_shape(op).h, graph.out_shape(op).h, op.kernel_h,
                                        op.stride_h, op.pad_top);
  } else if (op.kind == OpKind::kMul) {
    const bool broadcast = graph.tensors[graph.inputs(op)[input]].shape.h != graph.out_shape(op).h;
    if (broadcast) window.stride = 0;
  }
  return window;
}

std::int64_t ring_bytes(const Graph& graph, const GraphFacts& facts, std::int32_t tensor,
                        std::int32_t rows, std::int32_t columns) {
  const Tensor& held = graph.tensors[tensor];
  const TensorFacts& of = facts.tensors[tensor];
  const std::int64_t slot =
      of.wide ? wide_slot(graph, graph.ops[facts.uses[of.first_use].op], columns).bytes
              : columns * pixel_bytes(held);
  return rows * align_up(slot, facts.alignment_bytes);
}

std::int64_t segment_scratch(const Graph& graph, const GraphFacts& facts, std::int32_t op,
                             std::int32_t first, std::int32_t columns, std::int32_t wide_columns) {
  const std::int64_t own =
      facts.reads_wide(graph, op, first) ? 0 : row_kernel_scratch(graph, graph.ops[op], columns);
  return align_up(own, facts.alignment_bytes) +
         align_up(wide_row_scratch(graph, graph.ops[op], wide_columns), facts.alignment_bytes);
}

std::int64_t accumulator_bytes(const Graph& graph, const Op& op, std::int32_t columns) {
  return 4 * std::int64_t{columns} * graph.out_shape(op).c;
}

void GraphFacts::build_uses(const Graph& graph) {
  const auto op_count = static_cast<std::int32_t>(graph.ops.size());
  tensors.assign(graph.tensors.size(), {});
  ops.assign(graph.ops.size(), {});
  windows.resize(graph.op_inputs.size());
  uses.resize(graph.op_inputs.size());
  for (std::size_t t = 0; t < tensors.size(); ++t) {
    const Tensor& tensor = graph.tensors[t];
    tensors[t].bytes = align_up(tensor.bytes(), alignment_bytes);
    tensors[t].row_bytes = tensor.shape.w * pixel_bytes(tensor);
  }
  for (std::int32_t i = 0; i < op_count; ++i) {
    tensors[graph.ops[i].output].writer = i;
    for (const std::int32_t t : graph.inputs(graph.ops[i])) {
      tensors[t].last_op = i;
      ++tensors[t].use_count;
    }
  }
  std::int32_t first = 0;
  next_use_.resize(tensors.size());
  for (std::size_t t = 0; t < tensors.size(); ++t) {
    next_use_[t] = tensors[t].first_use = first;
    first += tensors[t].use_count;
  }
  for (std::int32_t i = 0; i < op_count; ++i) {
    const Op& op = graph.ops[i];
    for (std::int32_t k = 0; k < op.input_count; ++k) {
      uses[next_use_[graph.op_inputs[op.first_input + k]]++] = {i, k};
      windows[op.first_input + k] = row_window(graph, op, k);
    }
  }
  for (std::size_t t = 0; t < tensors.size(); ++t) {
    const bool image = static_cast<std::int32_t>(t) == graph.input;
    const bool kept = tensors[t].use_count == 0 && !image;
    if (kept || graph.is_output(static_cast<std::int32_t>(t))) tensors[t].last_op = op_count;
    if (image) tensors[t].last_op = std::max(tensors[t].last_op, 0);
  }
}

/// The first op after which nothing that came from the tensor is pending but its output; -1: none.
/// Marks in derived_ what comes from the tensor.
std::int32_t GraphFacts::find_join(const Graph& graph, std::int32_t tensor) {
  const auto op_count = static_cast<std::int32_t>(graph.ops.size());
  derived_.assign(tensors.size(), 0);
  derived_[tensor] = 1;
  std::int32_t pending = tensors[tensor].last_op;
  for (std::int32_t i = uses[tensors[tensor].first_use].op; i < op_count; ++i) {
    const auto inputs = graph.inputs(graph.ops[i]);
    if (!std::any_of(inputs.begin(), inputs.end(), [&](auto t) { return derived_[t] != 0; })) {
      continue;
    }
    derived_[graph.ops[i].output] = 1;
    if (pending <= i) return i;
    pending = std::max(pending, tensors[graph.ops[i].output].last_op);
    if (pending >= op_count) return -1;
  }
  return -1;
}

/// Rows to keep of a tensor that several ops read, from how far each of them is ahead of the op at
/// which all its paths meet again. None where they do not meet, or not at one pace.
void GraphFacts::set_forked_rows(const Graph& graph, std::int32_t tensor) {
  TensorFacts& facts = tensors[tensor];
  const std::int32_t join = find_join(graph, tensor);
  if (join < 0) return;
  // How far each derived op is ahead of the join, and which row it makes for the join's first.
  lead_stride_.assign(graph.ops.size(), 0);
  begin_.assign(graph.ops.size(), 0);
  for (auto& lead : lead_) lead.assign(graph.ops.size(), 0);
  lead_stride_[join] = 1;
  const auto use_lead = [&](const Use& use, Direction direction) {
    const RowWindow& w = window(graph, use);
    return lead_[direction][use.op] * w.stride - w.pad[direction] + w.kernel - 1;
  };
  const auto use_begin = [&](const Use& use) {
    const RowWindow& w = window(graph, use);
    return begin_[use.op] * w.stride - w.pad[kTopDown];
  };
  for (std::int32_t i = join - 1; i >= uses[facts.first_use].op; --i) {
    const TensorFacts& out = tensors[graph.ops[i].output];
    if (derived_[graph.ops[i].output] == 0) continue;
    if (!ops[i].streams) return;
    for (std::int32_t u = 0; u < out.use_count; ++u) {
      const Use& use = uses[out.first_use + u];
      const std::int64_t stride = lead_stride_[use.op] * window(graph, use).stride;
      if (stride == 0 || (u > 0 && stride != lead_stride_[i])) return;
      lead_stride_[i] = stride;
      begin_[i] = u == 0 ? use_begin(use) : std::min(begin_[i], use_begin(use));
      for (const Direction d : {kTopDown, kBottomUp}) {
        lead_[d][i] = u == 0 ? use_lead(use, d) : std::max(lead_[d][i], use_lead(use, d));
      }
    }
  }
  std::int64_t rows = 1, tile_rows = 1, stride = 0;
  for (const Direction d : {kTopDown, kBottomUp}) {
    std::int64_t most = -1;
    int leaders = 0;
    for (std::int32_t u = 0; u < facts.use_count; ++u) {
      const Use& use = uses[facts.first_use + u];
      const std::int64_t pace = lead_stride_[use.op] * window(graph, use).stride;
      if (pace == 0 || (stride != 0 && pace != stride)) return;
      stride = pace;
      const std::int64_t lead = use_lead(use, d);
      leaders = lead > most ? 1 : leaders + (lead == most);
      most = std::max(most, lead);
    }
    for (std::int32_t u = 0; u < facts.use_count; ++u) {
      const Use& use = uses[facts.first_use + u];
      const RowWindow& w = window(graph, use);
      rows = std::max<std::int64_t>(rows, w.kernel);
      if (leaders == 1 && use_lead(use, d) == most) continue;
      // Before the join's row q: the leader has made the tensor's rows up to stride q + most, this
      // reader goes on where it stopped at q - 1; before row 0 it has read nothing.
      const std::int64_t next = (lead_[d][use.op] + 1) * w.stride - w.pad[d] - stride;
      rows = std::max({rows, most - next + 1, most + 1});
      if (d == kTopDown) tile_rows = std::max(tile_rows, most - use_begin(use) + 1);
    }
  }
  const std::int64_t height = graph.tensors[tensor].shape.h;
  facts.ring_rows = static_cast<std::int32_t>(std::min(rows, height));
  facts.tile_ring_rows = static_cast<std::int32_t>(std::min(std::max(rows, tile_rows), height));
}

void GraphFacts::build_rings(const Graph& graph) {
  for (std::size_t t = 0; t < tensors.size(); ++t) {
    TensorFacts& facts = tensors[t];
    const bool image = static_cast<std::int32_t>(t) == graph.input;
    if (facts.use_count == 0 || facts.last_op >= static_cast<std::int32_t>(graph.ops.size())) {
      continue;
    }
    if (!image && !ops[facts.writer].streams) continue;
    const Use* first = &uses[facts.first_use];
    if (!std::all_of(first, first + facts.use_count,
                     [&](const Use& use) { return ops[use.op].streams; })) {
      continue;
    }
    const std::int32_t height = graph.tensors[t].shape.h;
    const bool one_reader = first[facts.use_count - 1].op == first->op;
    if (!one_reader) {
      set_forked_rows(graph, static_cast<std::int32_t>(t));
    } else {
      const Op& reader = graph.ops[first->op];
      ops[first->op].accumulates = wants_accumulators(graph, reader);
      facts.ring_rows =
          ops[first->op].accumulates ? 1 : std::min(window(graph, *first).kernel, height);
    }
    if (facts.ring_rows == 0) continue;
    facts.wide = depthwise_rows == DepthwiseRows::kInt16 && !image && facts.use_count == 1 &&
                 graph.tensors[t].dtype == DType::kInt8 &&
                 kernel_reads_wide_rows(graph, graph.ops[first->op]);
    if (facts.wide) {
      OpFacts& writer = ops[facts.writer];
      writer.wide_row_bytes =
          align_up(wide_row_scratch(graph, graph.ops[facts.writer], graph.tensors[t].shape.w),
                   alignment_bytes);
    }
    facts.ring_bytes = ring_bytes(graph, *this, static_cast<std::int32_t>(t), facts.ring_rows,
                                  graph.tensors[t].shape.w);
    if (one_reader && ops[first->op].accumulates) {
      const Op& reader = graph.ops[first->op];
      facts.sums_bytes = accumulator_bytes(graph, reader, graph.out_shape(reader).w);
    }
    if (image || facts.ring_rows != 1 || !one_reader || facts.wide) continue;
    // Over the producer's input: a dead slot of it, or its only row.
    const Op& writer = graph.ops[facts.writer];
    const std::int32_t below = graph.op_inputs[writer.first_input];
    const TensorFacts& under = tensors[below];
    if (below == graph.input || under.use_count != 1 || under.ring_rows == 0 || under.wide ||
        ops[facts.writer].accumulates || writer.input_count > 2) {
      continue;
    }
    const bool smaller = pixel_bytes(graph.tensors[t]) <= pixel_bytes(graph.tensors[below]) &&
                         graph.tensors[t].shape.w <= graph.tensors[below].shape.w;
    if (!smaller) continue;
    const bool dead_slot = is_channelwise(graph, writer) && under.ring_rows == writer.kernel_h;
    facts.over_input = dead_slot || (op_is_pixelwise(graph, writer) && under.ring_rows == 1 &&
                                     writer.kind != OpKind::kConcat);
  }
}

/// A camera's image always has a ring: of all its rows where nothing less will do.
void GraphFacts::build_image_ring(const Graph& graph) {
  TensorFacts& image = tensors[graph.input];
  if (image.ring_rows > 0) return;
  image.ring_rows = graph.tensors[graph.input].shape.h;
  image.ring_bytes =
      ring_bytes(graph, *this, graph.input, image.ring_rows, graph.tensors[graph.input].shape.w);
}

void GraphFacts::build(const Graph& graph, const RuntimeModel& runtime, DepthwiseRows rows) {
  alignment_bytes = runtime.tensor_alignment_bytes;
  depthwise_rows = rows;
  widened_elements = 0;
  build_uses(graph);
  for (std::size_t i = 0; i < ops.size(); ++i) {
    const Op& op = graph.ops[i];
    ops[i].streams = op_streams(graph, op);
    ops[i].scratch_bytes =
        align_up(row_kernel_scratch(graph, op, graph.in_shape(op).w), alignment_bytes);
    ops[i].widened_elements =
        graph.out_shape(op).h * widened_per_row(graph, op, graph.in_shape(op).w);
    widened_elements += ops[i].widened_elements;
  }
  build_rings(graph);
  build_image_ring(graph);
}

std::int64_t overlap_distance(const Graph& graph, const GraphFacts& facts, const Op& last,
                              bool use_is_last, const Use& use, const Lead& lead,
                              Direction direction) {
  const Op& reader = graph.ops[use.op];
  const std::int32_t in = graph.inputs(reader)[use.input];
  const std::int64_t in_row = facts.tensors[in].row_bytes;
  const std::int64_t out_row = facts.tensors[last.output].row_bytes;
  const std::int64_t out_rows = graph.out_shape(last).h;
  const std::int64_t reader_rows = graph.out_shape(reader).h;
  if (use_is_last && direction == kTopDown && op_is_pixelwise(graph, last)) {
    // Pixel p is written once pixel p is read: linear in p, so the extremes decide.
    const std::int64_t step =
        pixel_bytes(graph.tensors[last.output]) - pixel_bytes(graph.tensors[in]);
    return std::max(step, step * graph.out_shape(last).h * graph.out_shape(last).w);
  }
  const RowWindow& w = facts.window(graph, use);
  // First row of the input that is still needed while row s of the output is written:
  // pace * s + base, for s up to the last row that leaves the reader something to do.
  std::int64_t pace = w.stride, base = -w.pad[direction], last_s = out_rows - 1;
  if (!use_is_last) {
    pace = lead.stride * w.stride;
    base = (lead.lead[direction] + 1) * w.stride - w.pad[direction];
    const std::int64_t rest = reader_rows - 2 - lead.lead[direction];
    if (rest < 0) return -facts.tensors[in].bytes - facts.tensors[last.output].bytes;
    last_s = std::min(last_s, lead.stride > 0 ? rest / lead.stride : last_s);
  }
  const auto need = [&](std::int64_t s) {
    return (s + 1) * out_row - std::max<std::int64_t>(0, pace * s + base) * in_row;
  };
  std::int64_t distance = std::max(need(0), need(last_s));
  if (base < 0 && pace > 0) {  // where the input's rows begin to die
    const std::int64_t kink = std::min(last_s, -base / pace);
    distance = std::max({distance, need(kink), need(std::min(last_s, kink + 1))});
  }
  return distance;
}

}  // namespace tinynas
