#include "codegen/plan_emitter.h"

#include <algorithm>

#include "codegen/c_text.h"
#include "tinyengine/kernel_costs.h"
#include "tinyengine/patches.h"

namespace tinynas {
namespace {

const Segment& segment_of(const MemoryPlan& plan, std::int32_t op) {
  return *std::find_if(plan.segments.begin(), plan.segments.end(), [op](const Segment& segment) {
    return op >= segment.first_op && op < segment.end_op;
  });
}

std::int32_t writer_of(const Graph& graph, std::int32_t tensor) {
  for (std::size_t i = 0; i < graph.ops.size(); ++i) {
    if (graph.ops[i].output == tensor) return static_cast<std::int32_t>(i);
  }
  return -1;
}

/// Flow row q of a tensor over its producer's input lies where row q * stride - padding of that one
/// does, which may lie over another in turn.
void follow_overlays(const Graph& graph, const MemoryPlan& plan, std::int32_t tensor,
                     TensorRows& rows) {
  std::int64_t stride = 1, shift = 0;
  while (plan.over_input[tensor] != 0) {
    const std::int32_t writer = writer_of(graph, tensor);
    const Op& op = graph.ops[writer];
    shift = shift * op.stride_h - flow_padding(graph, plan, static_cast<std::size_t>(writer));
    stride *= op.stride_h;
    tensor = graph.inputs(op)[0];
  }
  rows.slot_stride = static_cast<std::int32_t>(stride % rows.slots);
  rows.slot_shift = static_cast<std::int32_t>(((shift % rows.slots) + rows.slots) % rows.slots);
}

std::string tensor_comment(const Graph& graph, std::int32_t tensor, const TensorRows& rows) {
  const Shape& shape = graph.tensors[tensor].shape;
  std::string text = std::to_string(tensor) + " " + tensor_name(graph, tensor) + ", " +
                     std::to_string(shape.h) + "x" + std::to_string(shape.w) + "x" +
                     std::to_string(shape.c);
  if (rows.slots > 0) text += ", ring of " + std::to_string(rows.slots);
  return text;
}

/// [tile][tensor] along one axis.
std::string emit_ranges(const Graph& graph, const Segment& segment, bool columns,
                        const std::string& name) {
  const std::int32_t tiles = columns ? segment.patch_columns : segment.patch_rows;
  std::string text = "static const tn_range " + name + "[] = {\n";
  std::vector<TileRange> ranges;
  for (std::int32_t tile = 0; tile < tiles; ++tile) {
    find_tile_ranges(graph, segment.end_op, columns, tiles, tile, ranges);
    text += "  ";
    for (const TileRange& range : ranges) {
      text += "{" + std::to_string(range.begin) + ", " + std::to_string(range.end) + "}, ";
    }
    text.back() = '\n';
  }
  return text + "};\n";
}

}  // namespace

std::int32_t flow_padding(const Graph& graph, const MemoryPlan& plan, std::size_t op_index) {
  const Op& op = graph.ops[op_index];
  if (!segment_of(plan, static_cast<std::int32_t>(op_index)).bottom_up) return op.pad_top;
  return end_padding(graph.in_shape(op).h, graph.out_shape(op).h, op.kernel_h, op.stride_h,
                     op.pad_top);
}

namespace {

std::int64_t scratch_offset(const MemoryPlan& plan, const Segment& segment) {
  for (const Placement& placement : plan.placements) {
    const bool here = placement.first_op == segment.first_op;
    if (placement.kind == PlacementKind::kScratch && here) return placement.offset_bytes;
  }
  return 0;
}

}  // namespace

OpRows op_rows(const Graph& graph, const MemoryPlan& plan, std::size_t op_index) {
  const Op& op = graph.ops[op_index];
  OpRows rows;
  rows.accumulated = sums_offset(plan, op.output) >= 0;
  rows.wide_input = plan.holds_wide_rows(graph.inputs(op)[0]);
  rows.wide_output = plan.holds_wide_rows(op.output);
  return rows;
}

std::int64_t turned_row_offset(const Graph& graph, const MemoryPlan& plan, std::size_t op_index) {
  const Op& op = graph.ops[op_index];
  const Segment& segment = segment_of(plan, static_cast<std::int32_t>(op_index));
  std::int32_t columns = graph.out_shape(op).w;
  if (segment.has_patches()) {
    TileAxis axis;
    measure_tiles(graph, segment.end_op, true, segment.patch_columns, axis);
    columns = axis.largest[op.output];
  }
  // The plan counts this row last.
  return scratch_offset(plan, segment) + plan.per_op[op_index].scratch_bytes -
         wide_row_scratch(graph, op, columns);
}

std::int64_t sums_offset(const MemoryPlan& plan, std::int32_t output) {
  for (const Placement& placement : plan.placements) {
    if (placement.kind == PlacementKind::kAccumulators && placement.first_tensor == output) {
      return placement.offset_bytes;
    }
  }
  return -1;
}

std::vector<TensorRows> tensor_rows(const Graph& graph, const MemoryPlan& plan) {
  std::vector<TensorRows> all(graph.tensors.size());
  for (std::size_t t = 0; t < all.size(); ++t) {
    TensorRows& rows = all[t];
    const Shape& shape = graph.tensors[t].shape;
    rows.row_bytes = std::int64_t{shape.w} * shape.c;
    if (plan.tensor_records[t] < 0) continue;  // the image, elsewhere
    const Placement& placement = plan.placements[plan.tensor_records[t]];
    rows.offset_bytes = placement.offset_bytes;
    rows.row_bytes = placement.row_bytes;
    if (placement.kind != PlacementKind::kRing) continue;
    rows.slots = placement.rows;
    follow_overlays(graph, plan, static_cast<std::int32_t>(t), rows);
  }
  for (std::size_t i = 0; i < graph.ops.size(); ++i) {
    const Op& op = graph.ops[i];
    TensorRows& in = all[graph.inputs(op)[0]];
    if (op_rows(graph, plan, i).wide_input) in.gap = wide_slot(graph, op, 1).gap;
    if (sums_offset(plan, op.output) >= 0) in.adder = static_cast<std::int32_t>(i);
  }
  return all;
}

std::string emit_tensors(const Graph& graph, const std::vector<TensorRows>& rows) {
  std::string text = "static const tn_tensor tn_tensors[] = {\n";
  for (std::size_t t = 0; t < rows.size(); ++t) {
    const TensorRows& r = rows[t];
    const Shape& shape = graph.tensors[t].shape;
    const std::int64_t fields[] = {r.offset_bytes, r.row_bytes, shape.h,       shape.w,
                                   shape.c,        r.slots,     r.slot_stride, r.slot_shift};
    text += "  {";
    for (const std::int64_t field : fields) text += std::to_string(field) + ", ";
    text += (r.adder < 0 ? "TN_NONE" : std::to_string(r.adder)) + ", " + std::to_string(r.gap) +
            "}, /* " + tensor_comment(graph, static_cast<std::int32_t>(t), r) + " */\n";
  }
  return text + "};\n";
}

std::string emit_segments(const Graph& graph, const MemoryPlan& plan) {
  std::string ranges, text = "static const tn_segment tn_segments[] = {\n";
  for (std::size_t s = 0; s < plan.segments.size(); ++s) {
    const Segment& segment = plan.segments[s];
    const std::int64_t scratch = scratch_offset(plan, segment);
    std::string row_ranges = "0", column_ranges = "0";
    if (segment.has_patches()) {
      row_ranges = "tn_row_ranges" + std::to_string(s);
      column_ranges = "tn_column_ranges" + std::to_string(s);
      ranges += emit_ranges(graph, segment, false, row_ranges);
      ranges += emit_ranges(graph, segment, true, column_ranges);
    }
    text += "  {" + std::to_string(segment.first_op) + ", " + std::to_string(segment.end_op) +
            ", " + (segment.bottom_up ? "1" : "0") + ", " + std::to_string(segment.patch_rows) +
            ", " + std::to_string(segment.patch_columns) + ", " + std::to_string(scratch) + ", " +
            row_ranges + ", " + column_ranges + "}, /* " +
            op_name(graph, static_cast<std::size_t>(segment.first_op)) + " to " +
            op_name(graph, static_cast<std::size_t>(segment.end_op - 1)) + " */\n";
  }
  return ranges + text + "};\n";
}

std::string emit_links(const Graph& graph) {
  // As Op::first_input counts: operators that were reordered keep their places in this list.
  const std::vector<std::uint16_t> lists(graph.op_inputs.begin(), graph.op_inputs.end());
  std::vector<std::uint16_t> writers(graph.tensors.size(), UINT16_MAX);
  for (std::size_t i = 0; i < graph.ops.size(); ++i) {
    writers[graph.ops[i].output] = static_cast<std::uint16_t>(i);
  }
  return "static " + c_array("uint16_t", "tn_input_lists", std::span<const std::uint16_t>(lists)) +
         "static " + c_array("uint16_t", "tn_writers", std::span<const std::uint16_t>(writers));
}

}  // namespace tinynas
