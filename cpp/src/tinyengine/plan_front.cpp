#include "tinyengine/plan_front.h"

#include <algorithm>

#include "tinyengine/kernel_costs.h"
#include "tinyengine/patches.h"

namespace tinynas {
namespace {

/// At least as good in all, better in one; of equal ways int8 rows, the simpler kernel, are kept.
bool beats(const FrontPoint& a, const FrontPoint& b) {
  if (a.peak_sram_bytes > b.peak_sram_bytes || a.macs > b.macs ||
      a.widened_elements > b.widened_elements) {
    return false;
  }
  const bool equal = a.peak_sram_bytes == b.peak_sram_bytes && a.macs == b.macs &&
                     a.widened_elements == b.widened_elements;
  return !equal || a.depthwise_rows < b.depthwise_rows;
}

/// Planning prefers fewer MACs to fewer widened elements: `b` is out of reach where `a` fits.
bool hides(const FrontPoint& a, const FrontPoint& b) {
  return a.depthwise_rows == DepthwiseRows::kInt8 && b.depthwise_rows == DepthwiseRows::kInt16 &&
         a.peak_sram_bytes <= b.peak_sram_bytes && a.macs < b.macs;
}

}  // namespace

std::int64_t widened_elements(const Graph& graph, const GraphFacts& facts, const FrontPoint& point,
                              const Cuts& cuts) {
  const bool plain = point.patch_end_op == 0 && facts.depthwise_rows == DepthwiseRows::kInt8;
  if (plain) return facts.widened_elements;
  std::int64_t count = 0;
  if (point.patch_end_op > 0) {
    thread_local TileAxis rows, columns;
    measure_tiles(graph, point.patch_end_op, false, point.patch_rows, rows);
    measure_tiles(graph, point.patch_end_op, true, point.patch_columns, columns);
    for (std::int32_t i = 0; i < point.patch_end_op; ++i) {
      const Op& op = graph.ops[i];
      if (facts.reads_wide(graph, i, 0)) continue;
      count +=
          rows.total[op.output] * widened_per_row(graph, op, columns.total[graph.inputs(op)[0]]);
    }
  }
  for (std::size_t s = 0; s + 1 < cuts.cuts.size(); ++s) {
    for (std::int32_t i = cuts.cuts[s]; i < cuts.cuts[s + 1]; ++i) {
      if (!facts.reads_wide(graph, i, cuts.cuts[s])) count += facts.ops[i].widened_elements;
    }
  }
  return count;
}

std::vector<FrontPoint> merge_fronts(const std::vector<FrontPoint>& int8_rows,
                                     const std::vector<FrontPoint>& int16_rows) {
  std::vector<FrontPoint> all = int8_rows;
  all.insert(all.end(), int16_rows.begin(), int16_rows.end());
  std::stable_sort(all.begin(), all.end(), [](const FrontPoint& a, const FrontPoint& b) {
    return a.macs != b.macs ? a.macs < b.macs : a.peak_sram_bytes < b.peak_sram_bytes;
  });
  std::vector<FrontPoint> front;
  for (const FrontPoint& point : all) {
    const bool beaten = std::any_of(all.begin(), all.end(), [&](const FrontPoint& other) {
      return beats(other, point) || hides(other, point);
    });
    if (!beaten) front.push_back(point);
  }
  return front;
}

}  // namespace tinynas
