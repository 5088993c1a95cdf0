#pragma once
// What the row recurrence of a graph says once for all segments: which rows of its inputs an op's
// row needs, how many rows of a tensor must be kept while it streams, which rows may lie over their
// producer's input, and how far an output must stay away from an input that it overwrites.
//
// "Flow" numbers rows in the order of computation, top-down or bottom-up (memory_plan.h, Segment).

#include <cstdint>
#include <vector>

#include "tinynas/graph.h"
#include "tinynas/memory_plan.h"

namespace tinynas {

enum Direction : int { kTopDown = 0, kBottomUp = 1 };

/// Rows of one input for flow row q: from q * stride - pad, `kernel` of them.
struct RowWindow {
  std::int32_t stride = 1, kernel = 1;
  std::int32_t pad[2] = {0, 0};  ///< by direction; may be negative: rows that nobody reads
};
RowWindow row_window(const Graph& graph, const Op& op, std::int32_t input);

/// One reading of a tensor: input `input` of op `op`.
struct Use {
  std::int32_t op = 0, input = 0;
};

struct TensorFacts {
  std::int32_t writer = -1;   ///< op; -1: the image
  std::int32_t last_op = -1;  ///< last op that needs it intact; op count: needed at the end
  std::int32_t first_use = 0, use_count = 0;  ///< of GraphFacts::uses
  std::int64_t bytes = 0;                     ///< whole, aligned
  std::int64_t row_bytes = 0;                 ///< one row, not aligned
  /// While it streams: rows in its ring, 0 where it cannot stream.
  std::int32_t ring_rows = 0;
  /// The same where rows are cut into tiles and several ops read it: at a tile's first row one of
  /// them starts further up than another, above the image's first row nobody does.
  std::int32_t tile_ring_rows = 0;
  /// While it streams: may lie over its producer's input, if that streams in the same segment.
  bool over_input = false;
  bool wide = false;            ///< while it streams: its ring holds int16 rows (Placement::wide)
  std::int64_t ring_bytes = 0;  ///< of its own
  std::int64_t sums_bytes = 0;  ///< of the accumulators that its reader needs when it streams
};

struct OpFacts {
  bool streams = false;
  bool accumulates = false;  ///< when its input streams: a pooling op that forgets its input rows
  std::int64_t scratch_bytes = 0;     ///< unless it reads wide rows
  std::int64_t wide_row_bytes = 0;    ///< more scratch where its output streams, if that is wide
  std::int64_t widened_elements = 0;  ///< over all rows, unless it reads wide rows
};

/// Facts of one graph, in memory that is kept from graph to graph.
struct GraphFacts {
  std::vector<TensorFacts> tensors;
  std::vector<OpFacts> ops;
  std::vector<RowWindow> windows;  ///< parallel to Graph::op_inputs
  std::vector<Use> uses;
  std::int64_t alignment_bytes = 4;
  DepthwiseRows depthwise_rows = DepthwiseRows::kInt8;
  std::int64_t widened_elements = 0;  ///< of all ops, where none reads wide rows

  const RowWindow& window(const Graph& graph, const Use& use) const {
    return windows[graph.ops[use.op].first_input + use.input];
  }
  /// Whether op `op` reads a wide ring in a segment that begins at op `first`.
  bool reads_wide(const Graph& graph, std::int32_t op, std::int32_t first) const {
    const TensorFacts& in = tensors[graph.op_inputs[graph.ops[op].first_input]];
    return in.wide && in.writer >= first;
  }
  void build(const Graph& graph, const RuntimeModel& runtime,
             DepthwiseRows rows = DepthwiseRows::kInt8);

 private:
  void build_uses(const Graph& graph);
  void build_rings(const Graph& graph);
  void build_image_ring(const Graph& graph);
  std::int32_t find_join(const Graph& graph, std::int32_t tensor);
  void set_forked_rows(const Graph& graph, std::int32_t tensor);
  std::vector<std::int32_t> next_use_;
  std::vector<std::int64_t> lead_stride_, lead_[2], begin_;
  std::vector<std::uint8_t> derived_;
};

/// Rows of an op's output that are computed when row s of a segment's last op is: min(height - 1,
/// stride * s + lead).
struct Lead {
  std::int64_t stride = 0;  ///< 0: does not lead to the last op
  std::int64_t lead[2] = {0, 0};
};

/// Bytes that `input`'s start must be above `last`'s output's start, so that the output, written
/// row by row, meets only rows that `use.op` (with `lead`) has consumed. Bottom-up: of the ends,
/// the output above. May be negative. Row-granular; a pixelwise last op top-down by pixel.
std::int64_t overlap_distance(const Graph& graph, const GraphFacts& facts, const Op& last,
                              bool use_is_last, const Use& use, const Lead& lead,
                              Direction direction);

/// Bytes of a ring of `rows` rows of `tensor` whose slots hold `columns` columns.
std::int64_t ring_bytes(const Graph& graph, const GraphFacts& facts, std::int32_t tensor,
                        std::int32_t rows, std::int32_t columns);
/// Scratch of op `op` in a segment that begins at op `first`: its input has `columns` columns
/// there, and its output `wide_columns` of a wide ring (0: no wide ring).
std::int64_t segment_scratch(const Graph& graph, const GraphFacts& facts, std::int32_t op,
                             std::int32_t first, std::int32_t columns, std::int32_t wide_columns);
/// Bytes of accumulators of a pooling op for `columns` columns of its output.
std::int64_t accumulator_bytes(const Graph& graph, const Op& op, std::int32_t columns);

}  // namespace tinynas
