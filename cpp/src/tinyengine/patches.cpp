#include "tinyengine/patches.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "tinyengine/kernel_costs.h"
#include "tinyengine/storage_records.h"

namespace tinynas {
namespace {

std::int32_t extent(const Shape& shape, bool columns) { return columns ? shape.w : shape.h; }

/// Tiles [first, end) of `tiles` that one axis is cut into.
struct TileSpan {
  std::int32_t tiles, first, end;
};

/// What an op needs of an input along one axis for its output's [begin, end):
/// [begin * stride - pad, end * stride + reach), clipped to the input's size.
struct Window {
  std::int32_t stride = 1, pad = 0, reach = 0;
};

/// Nothing where it needs all of the input.
std::optional<Window> window_of(const Graph& graph, const Op& op, std::int32_t size, bool columns) {
  switch (op.kind) {
    case OpKind::kConv2d:
    case OpKind::kDepthwiseConv2d:
    case OpKind::kAveragePool2d:
    case OpKind::kMaxPool2d:
    case OpKind::kMean: {
      const std::int32_t pad = columns ? op.pad_left : op.pad_top;
      const std::int32_t kernel = columns ? op.kernel_w : op.kernel_h;
      const std::int32_t stride = columns ? op.stride_w : op.stride_h;
      return Window{stride, pad, kernel - stride - pad};
    }
    default:
      if (size != extent(graph.out_shape(op), columns)) return std::nullopt;
      return Window{};
  }
}

/// Ranges of every tensor, tensor by tensor: range of tile span.first + i of tensor t at
/// t * (span.end - span.first) + i. All tiles of an op at once: what they share is looked up once.
void find_ranges(const Graph& graph, std::int32_t end, bool columns, const TileSpan& span,
                 std::vector<TileRange>& ranges) {
  const auto count = static_cast<std::size_t>(span.end - span.first);
  ranges.assign(graph.tensors.size() * count, {});
  const std::int32_t output = graph.ops[end - 1].output;
  const std::int64_t size = extent(graph.tensors[output].shape, columns);
  for (std::int32_t tile = span.first; tile < span.end; ++tile) {
    ranges[output * count + (tile - span.first)] = {
        static_cast<std::int32_t>(tile * size / span.tiles),
        static_cast<std::int32_t>((tile + 1) * size / span.tiles)};
  }
  const auto is_empty = [](const TileRange& range) { return range.begin >= range.end; };
  for (std::int32_t i = end - 1; i >= 0; --i) {
    const Op& op = graph.ops[i];
    const TileRange* out = ranges.data() + op.output * count;
    if (std::all_of(out, out + count, is_empty)) continue;
    for (const std::int32_t input : graph.inputs(op)) {
      const std::int32_t in_size = extent(graph.tensors[input].shape, columns);
      const std::optional<Window> window = window_of(graph, op, in_size, columns);
      TileRange* in = ranges.data() + input * count;
      for (std::size_t tile = 0; tile < count; ++tile) {
        if (is_empty(out[tile])) continue;
        TileRange needed = {0, in_size};
        if (window) {
          needed = {std::max(out[tile].begin * window->stride - window->pad, 0),
                    std::min(out[tile].end * window->stride + window->reach, in_size)};
        }
        if (is_empty(needed)) continue;
        const bool first = is_empty(in[tile]);
        in[tile] = {first ? needed.begin : std::min(in[tile].begin, needed.begin),
                    first ? needed.end : std::max(in[tile].end, needed.end)};
      }
    }
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
  find_ranges(graph, end, columns, {tiles, tile, tile + 1}, ranges);
}

void measure_tiles(const Graph& graph, std::int32_t end, bool columns, std::int32_t tiles,
                   TileAxis& axis) {
  thread_local std::vector<TileRange> ranges;
  find_ranges(graph, end, columns, {tiles, 0, tiles}, ranges);
  axis.tiles = tiles;
  axis.largest.assign(graph.tensors.size(), 0);
  axis.total.assign(graph.tensors.size(), 0);
  const TileRange* range = ranges.data();
  for (std::size_t t = 0; t < graph.tensors.size(); ++t) {
    std::int32_t largest = 0, total = 0;
    for (std::int32_t tile = 0; tile < tiles; ++tile, ++range) {
      largest = std::max(largest, range->end - range->begin);
      total += range->end - range->begin;
    }
    axis.largest[t] = largest;
    axis.total[t] = total;
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

namespace {

/// Prefixes of one network in patches.
class PatchPoints {
 public:
  PatchPoints(const Graph& graph, const GraphFacts& facts, const SegmentTable& table,
              InputMode input, const std::vector<std::int64_t>& suffix_peaks)
      : graph_(graph), facts_(facts), table_(table), input_(input), suffix_peaks_(suffix_peaks) {
    plain_.peak_sram_bytes = suffix_peaks[0];
    plain_.macs = graph_macs(graph);
    plain_.depthwise_rows = facts.depthwise_rows;
    for (const Op& op : graph.ops) pixel_macs_.push_back(macs_of_pixel(graph, op));
    for (std::int32_t end = 2; end <= table.op_count(); ++end) {
      const std::int64_t least = least_peak(end);
      if (least < plain_.peak_sram_bytes) ends_.push_back({least, end});
    }
  }

  const FrontPoint& plain() const { return plain_; }

  /// Those that need less than without patches and at most `limit_bytes`.
  std::vector<FrontPoint> within(std::int64_t limit_bytes) const {
    std::vector<FrontPoint> points;
    for (const auto& [least, end] : ends_) {
      if (least <= limit_bytes) add_points(end, limit_bytes, points);
    }
    return points;
  }

  /// All that need the least, where that is less than without patches.
  std::vector<FrontPoint> smallest() const {
    std::vector<Prefix> order = ends_;
    std::sort(order.begin(), order.end());
    std::int64_t fewest = plain_.peak_sram_bytes - 1;
    std::vector<FrontPoint> points;
    for (const auto& [least, end] : order) {
      if (least > fewest) break;
      add_points(end, fewest, points);
      for (const FrontPoint& point : points) fewest = std::min(fewest, point.peak_sram_bytes);
    }
    std::erase_if(points, [&](const FrontPoint& p) { return p.peak_sram_bytes > fewest; });
    return points;
  }

 private:
  using Prefix = std::pair<std::int64_t, std::int32_t>;  ///< least peak in bytes, end

  /// No tiles of ops [0, end) need less, as each has a pixel of the output at least; kNoSegment
  /// where there are none.
  std::int64_t least_peak(std::int32_t end) {
    const std::int64_t rest = suffix_peaks_[end];
    if (rest >= plain_.peak_sram_bytes || table_.bytes(0, end) == kNoSegment) return kNoSegment;
    const Shape& out = graph_.out_shape(graph_.ops[end - 1]);
    thread_local TileAxis rows, columns;
    measure_tiles(graph_, end, true, out.w, columns);
    measure_tiles(graph_, end, false, input_ == InputMode::kRows ? out.h : 1, rows);
    rows.tiles = 1;  // rings of whole columns are the smallest
    return std::max(rest, patch_stage_bytes(graph_, facts_, table_, input_, end, rows, columns));
  }

  void add_points(std::int32_t end, std::int64_t limit_bytes,
                  std::vector<FrontPoint>& points) const {
    thread_local std::vector<TileAxis> row_axes;
    thread_local TileAxis column_axis;
    const Shape& out = graph_.out_shape(graph_.ops[end - 1]);
    const auto row_grids = input_ == InputMode::kRows ? grid_sizes(out.h) : std::vector<int>{1};
    row_axes.resize(row_grids.size());
    for (std::size_t r = 0; r < row_grids.size(); ++r) {
      measure_tiles(graph_, end, false, row_grids[r], row_axes[r]);
    }
    for (const std::int32_t columns : grid_sizes(out.w)) {
      if (columns == 1) continue;
      measure_tiles(graph_, end, true, columns, column_axis);
      for (const TileAxis& rows : row_axes) {
        const std::int64_t stage =
            patch_stage_bytes(graph_, facts_, table_, input_, end, rows, column_axis);
        FrontPoint point = plain_;
        point.peak_sram_bytes = std::max(stage, suffix_peaks_[end]);
        if (point.peak_sram_bytes >= plain_.peak_sram_bytes ||
            point.peak_sram_bytes > limit_bytes) {
          continue;
        }
        point.patch_end_op = end;
        point.patch_rows = rows.tiles;
        point.patch_columns = columns;
        for (std::int32_t i = 0; i < end; ++i) {
          const std::int32_t output = graph_.ops[i].output;
          const Shape& shape = graph_.tensors[output].shape;
          const std::int64_t pixels = rows.total[output] * column_axis.total[output];
          point.macs += pixel_macs_[i] * (pixels - std::int64_t{shape.h} * shape.w);
        }
        points.push_back(point);
      }
    }
  }

  const Graph& graph_;
  const GraphFacts& facts_;
  const SegmentTable& table_;
  InputMode input_;
  const std::vector<std::int64_t>& suffix_peaks_;
  FrontPoint plain_;
  std::vector<std::int64_t> pixel_macs_;  ///< of each op, for one pixel of its output
  std::vector<Prefix> ends_;              ///< those that may save something
};

/// Points that no other beats, by ascending MACs.
std::vector<FrontPoint> front_of(std::vector<FrontPoint> points) {
  std::stable_sort(points.begin(), points.end(), [](const FrontPoint& a, const FrontPoint& b) {
    return a.macs != b.macs ? a.macs < b.macs : a.peak_sram_bytes < b.peak_sram_bytes;
  });
  std::vector<FrontPoint> front;
  for (const FrontPoint& point : points) {
    if (front.empty() || point.peak_sram_bytes < front.back().peak_sram_bytes) {
      front.push_back(point);
    }
  }
  return front;
}

}  // namespace

std::vector<FrontPoint> find_front(const Graph& graph, const GraphFacts& facts,
                                   const SegmentTable& table, InputMode input,
                                   const std::vector<std::int64_t>& suffix_peaks) {
  const PatchPoints patches(graph, facts, table, input, suffix_peaks);
  std::vector<FrontPoint> front = front_of(patches.within(kNoSegment));
  // Patches that compute nothing again, as of 1x1 convolutions, beat the way without.
  if (front.empty() || front.front().macs > patches.plain().macs) {
    front.insert(front.begin(), patches.plain());
  }
  return front;
}

std::vector<FrontPoint> find_patches(const Graph& graph, const GraphFacts& facts,
                                     const SegmentTable& table, InputMode input,
                                     const std::vector<std::int64_t>& suffix_peaks,
                                     std::int64_t budget_bytes) {
  const PatchPoints patches(graph, facts, table, input, suffix_peaks);
  std::vector<FrontPoint> front = front_of(patches.within(budget_bytes));
  return front.empty() ? front_of(patches.smallest()) : front;
}

}  // namespace tinynas
