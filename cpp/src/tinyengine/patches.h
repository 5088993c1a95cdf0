#pragma once
// Prefixes of a network that run in patches: tiles of their last tensor, one after another, whose
// inner maps overlap and are computed again there. Rows stream within a tile, so that cutting
// columns is what saves memory; cutting rows pays only where a camera's image need not be whole.

#include <cstdint>
#include <vector>

#include "tinyengine/row_recurrence.h"
#include "tinyengine/segment_table.h"
#include "tinynas/graph.h"
#include "tinynas/memory_plan.h"

namespace tinynas {

/// What one tile needs of a tensor along one axis: [begin, end), rows or columns.
struct TileRange {
  std::int32_t begin = 0, end = 0;
};
/// Of each tensor, for tile `tile` of `tiles` along one axis of the output of op `end` - 1. Empty
/// for tensors that it does not need.
void find_tile_ranges(const Graph& graph, std::int32_t end, bool columns, std::int32_t tiles,
                      std::int32_t tile, std::vector<TileRange>& ranges);

/// Sizes of the regions that the tiles of one axis need.
struct TileAxis {
  std::int32_t tiles = 1;
  std::vector<std::int32_t> largest;  ///< of each tensor, rows or columns
  std::vector<std::int64_t> total;    ///< of each tensor, summed over tiles
};

/// Regions of ops [0, end) when the last one's output is cut into `tiles` along one axis.
void measure_tiles(const Graph& graph, std::int32_t end, bool columns, std::int32_t tiles,
                   TileAxis& axis);

/// Rows in the ring of a tensor that streams within tiles.
std::int32_t patch_ring_rows(const TensorFacts& facts, const TileAxis& rows, std::int32_t tensor);

/// SRAM of ops [0, end) as one segment in patches of these measures, in bytes.
std::int64_t patch_stage_bytes(const Graph& graph, const GraphFacts& facts,
                               const SegmentTable& table, InputMode input, std::int32_t end,
                               const TileAxis& rows, const TileAxis& columns);

/// All ways to run a prefix in patches, or none, that no other beats in bytes or MACs without
/// needing more of the other, by ascending MACs.
std::vector<FrontPoint> find_front(const Graph& graph, const GraphFacts& facts,
                                   const SegmentTable& table, InputMode input,
                                   const std::vector<std::int64_t>& suffix_peaks);
/// The points in patches of that front that need at most `budget_bytes`; where none does, the
/// smallest point in patches, if it needs less than the way without. Most prefixes are told off by
/// a bound: a search asks this of every network that does not fit without patches.
std::vector<FrontPoint> find_patches(const Graph& graph, const GraphFacts& facts,
                                     const SegmentTable& table, InputMode input,
                                     const std::vector<std::int64_t>& suffix_peaks,
                                     std::int64_t budget_bytes);

}  // namespace tinynas
