#include "tinyengine/patches.h"

#include <algorithm>

#include "tinyengine/kernel_costs.h"
#include "tinyengine/storage_records.h"

namespace tinynas {
namespace {

void cover(TileRange& range, const TileRange& other) {
  if (other.begin >= other.end) return;
  const bool empty = range.begin >= range.end;
  range.begin = empty ? other.begin : std::min(range.begin, other.begin);
  range.end = empty ? other.end : std::max(range.end, other.end);
}

std::int32_t extent(const Shape& shape, bool columns) { return columns ? shape.w : shape.h; }

TileRange needed_of_input(const Graph& graph, const Op& op, std::int32_t input, bool columns,
                          const TileRange& out) {
  const std::int32_t size = extent(graph.tensors[graph.inputs(op)[input]].shape, columns);
  switch (op.kind) {
    case OpKind::kConv2d:
    case OpKind::kDepthwiseConv2d:
    case OpKind::kAveragePool2d:
    case OpKind::kMaxPool2d:
    case OpKind::kMean: {
      const std::int32_t pad = columns ? op.pad_left : op.pad_top;
      const std::int32_t kernel = columns ? op.kernel_w : op.kernel_h;
      const std::int32_t stride = columns ? op.stride_w : op.stride_h;
      return {std::max(out.begin * stride - pad, 0),
              std::min((out.end - 1) * stride - pad + kernel, size)};
    }
    default:
      if (size != extent(graph.out_shape(op), columns)) return {0, size};
      return out;
  }
}

std::int64_t macs_of_pixel(const Graph& graph, const Op& op) {
  return op_macs(graph, op) / (std::int64_t{graph.out_shape(op).h} * graph.out_shape(op).w);
}

/// 1 to 16 tiles, then in larger steps, up to one a row or column.
std::vector<std::int32_t> grid_sizes(std::int32_t extent) {
  std::vector<std::int32_t> sizes;
  for (std::int32_t tiles = 1; tiles <= extent; tiles += tiles < 16 ? 1 : tiles / 4) {
    sizes.push_back(tiles);
  }
  return sizes;
}

}  // namespace

void find_tile_ranges(const Graph& graph, std::int32_t end, bool columns, std::int32_t tiles,
                      std::int32_t tile, std::vector<TileRange>& ranges) {
  const std::int32_t output = graph.ops[end - 1].output;
  const std::int64_t size = extent(graph.tensors[output].shape, columns);
  ranges.assign(graph.tensors.size(), {});
  ranges[output] = {static_cast<std::int32_t>(tile * size / tiles),
                    static_cast<std::int32_t>((tile + 1) * size / tiles)};
  for (std::int32_t i = end - 1; i >= 0; --i) {
    const Op& op = graph.ops[i];
    const TileRange out = ranges[op.output];
    for (std::int32_t k = 0; out.begin < out.end && k < op.input_count; ++k) {
      cover(ranges[graph.inputs(op)[k]], needed_of_input(graph, op, k, columns, out));
    }
  }
}

void measure_tiles(const Graph& graph, std::int32_t end, bool columns, std::int32_t tiles,
                   TileAxis& axis) {
  thread_local std::vector<TileRange> ranges;
  axis.tiles = tiles;
  axis.largest.assign(graph.tensors.size(), 0);
  axis.total.assign(graph.tensors.size(), 0);
  for (std::int32_t tile = 0; tile < tiles; ++tile) {
    find_tile_ranges(graph, end, columns, tiles, tile, ranges);
    for (std::size_t t = 0; t < ranges.size(); ++t) {
      const std::int32_t length = ranges[t].end - ranges[t].begin;
      axis.largest[t] = std::max(axis.largest[t], length);
      axis.total[t] += length;
    }
  }
}

std::int32_t patch_ring_rows(const TensorFacts& facts, const TileAxis& rows, std::int32_t tensor) {
  if (rows.tiles == 1) return facts.ring_rows;
  return std::max(facts.ring_rows, std::min(facts.tile_ring_rows, rows.largest[tensor]));
}

std::int64_t patch_stage_bytes(const Graph& graph, const GraphFacts& facts,
                               const SegmentTable& table, InputMode input, std::int32_t end,
                               const TileAxis& rows, const TileAxis& columns) {
  const Op& last = graph.ops[end - 1];
  std::int64_t bytes = facts.tensors[last.output].bytes + table.passing_bytes(facts, 0, end);
  const TensorFacts& image = facts.tensors[graph.input];
  if (input == InputMode::kResident && image.last_op < end) bytes += image.bytes;
  if (input == InputMode::kRows) {
    bytes += rows.largest[graph.input] * align_up(image.row_bytes, facts.alignment_bytes);
  }
  std::int64_t scratch = 0;
  for (std::int32_t i = 0; i < end; ++i) {
    const Op& op = graph.ops[i];
    const std::int32_t in = graph.inputs(op)[0];
    const bool writes_wide = i + 1 < end && facts.tensors[op.output].wide;
    scratch = std::max(scratch, segment_scratch(graph, facts, i, 0, columns.largest[in],
                                                writes_wide ? columns.largest[op.output] : 0));
    const bool inner_input = facts.tensors[in].writer >= 0 || input == InputMode::kRows;
    if (facts.ops[i].accumulates && inner_input) {
      bytes += accumulator_bytes(graph, op, columns.largest[op.output]);
    }
    if (i + 1 == end || facts.tensors[op.output].over_input) continue;
    const std::int32_t ring = patch_ring_rows(facts.tensors[op.output], rows, op.output);
    bytes += ring_bytes(graph, facts, op.output, ring, columns.largest[op.output]);
  }
  return bytes + scratch;
}

std::vector<FrontPoint> find_front(const Graph& graph, const GraphFacts& facts,
                                   const SegmentTable& table, InputMode input,
                                   const std::vector<std::int64_t>& suffix_peaks) {
  std::vector<FrontPoint> points;
  FrontPoint plain;
  plain.peak_sram_bytes = suffix_peaks[0];
  plain.macs = graph_macs(graph);
  plain.depthwise_rows = facts.depthwise_rows;
  points.push_back(plain);
  std::vector<TileAxis> row_axes;
  TileAxis column_axis;
  for (std::int32_t end = 2; end <= table.op_count(); ++end) {
    if (suffix_peaks[end] >= plain.peak_sram_bytes) continue;  // what follows needs as much
    if (table.bytes(0, end) == kNoSegment) continue;
    const Shape& out = graph.out_shape(graph.ops[end - 1]);
    const auto row_grids = input == InputMode::kRows ? grid_sizes(out.h) : std::vector<int>{1};
    row_axes.resize(row_grids.size());
    for (std::size_t r = 0; r < row_grids.size(); ++r) {
      measure_tiles(graph, end, false, row_grids[r], row_axes[r]);
    }
    for (const std::int32_t columns : grid_sizes(out.w)) {
      if (columns == 1) continue;
      measure_tiles(graph, end, true, columns, column_axis);
      for (std::size_t r = 0; r < row_grids.size(); ++r) {
        FrontPoint point{0, plain.macs, end, row_grids[r], columns};
        point.depthwise_rows = facts.depthwise_rows;
        for (std::int32_t i = 0; i < end; ++i) {
          const Op& op = graph.ops[i];
          const Shape& shape = graph.out_shape(op);
          const std::int64_t pixels = row_axes[r].total[op.output] * column_axis.total[op.output];
          point.macs += macs_of_pixel(graph, op) * (pixels - std::int64_t{shape.h} * shape.w);
        }
        const std::int64_t stage =
            patch_stage_bytes(graph, facts, table, input, end, row_axes[r], column_axis);
        point.peak_sram_bytes = std::max(stage, suffix_peaks[end]);
        if (point.peak_sram_bytes < plain.peak_sram_bytes) points.push_back(point);
      }
    }
  }
  std::stable_sort(points.begin() + 1, points.end(), [](const FrontPoint& a, const FrontPoint& b) {
    return a.macs != b.macs ? a.macs < b.macs : a.peak_sram_bytes < b.peak_sram_bytes;
  });
  std::vector<FrontPoint> front;
  for (const FrontPoint& point : points) {
    if (!front.empty() && point.peak_sram_bytes >= front.back().peak_sram_bytes) continue;
    // Patches that compute nothing again, as of 1x1 convolutions, beat the way without.
    if (!front.empty() && point.macs == front.back().macs) front.pop_back();
    front.push_back(point);
  }
  return front;
}

}  // namespace tinynas
