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

/// An op that runs once, on whole tensors, cannot take the rows of a camera as they come.
bool image_can_stream(const Graph& graph) {
  for (const Op& op : graph.ops) {
    for (const std::int32_t t : graph.inputs(op)) {
      if (t == graph.input && !op_streams(graph, op)) return false;
    }
  }
  return true;
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

InputMode Schedule::build(const Graph& graph, const RuntimeModel& runtime, InputMode input,
                          DepthwiseRows rows, std::int64_t limit_bytes) {
  if (input == InputMode::kRows && !image_can_stream(graph)) input = InputMode::kResident;
  facts.build(graph, runtime, rows);
  table.build(graph, facts, input, limit_bytes);
  suffix_peaks(table, suffix);
  if (input != InputMode::kRows || suffix[0] != kNoSegment) return input;
  return build(graph, runtime, InputMode::kResident, rows, limit_bytes);
}

void Schedule::cut_rest(const Graph& graph, const FrontPoint& point, Cuts& cuts) const {
  const std::int64_t limit = std::max(suffix[point.patch_end_op], point.peak_sram_bytes);
  simplest_cuts(graph, facts, table, point.patch_end_op, limit, cuts);
}

std::int64_t Schedule::least_peak(const Graph& graph, std::int64_t limit_bytes) const {
  thread_local Cuts cuts;
  thread_local std::vector<std::int64_t> peaks;
  const auto widened_within = [&](std::int64_t bytes) {
    simplest_cuts(graph, facts, table, 0, bytes, cuts);
    return widened_elements(graph, facts, {}, cuts);
  };
  const std::int64_t fewest = widened_within(limit_bytes), enough = cuts.bytes;
  peaks.clear();
  for (std::int32_t first = 0; first < table.op_count(); ++first) {
    for (std::int32_t end = first + 1; end <= table.op_count(); ++end) {
      const std::int64_t bytes = table.bytes(first, end);
      if (bytes >= suffix[0] && bytes <= enough) peaks.push_back(bytes);
    }
  }
  std::sort(peaks.begin(), peaks.end());
  const auto least = std::partition_point(peaks.begin(), peaks.end(), [&](std::int64_t bytes) {
    return widened_within(bytes) > fewest;
  });
  return least == peaks.end() ? enough : *least;
}

std::vector<FrontPoint> Schedule::front(const Graph& graph, InputMode input) const {
  auto points = find_front(graph, facts, table, input, suffix);
  if (facts.depthwise_rows == DepthwiseRows::kInt8) return points;
  std::erase_if(points, [](const FrontPoint& point) { return point.patch_end_op == 0; });
  FrontPoint plain;
  plain.macs = graph_macs(graph);
  plain.depthwise_rows = facts.depthwise_rows;
  std::int64_t limit = kBeyondLimit;
  while (limit >= suffix[0]) {
    plain.peak_sram_bytes = least_peak(graph, limit);
    points.push_back(plain);
    limit = plain.peak_sram_bytes - 1;
  }
  return points;
}

std::vector<FrontPoint> Schedules::whole_front(const Graph& graph, const RuntimeModel& runtime,
                                               InputMode input) {
  thread_local Cuts cuts;
  std::vector<FrontPoint> fronts[2];
  for (const DepthwiseRows rows : {DepthwiseRows::kInt8, DepthwiseRows::kInt16}) {
    Schedule& schedule = of(rows);
    const InputMode delivered = schedule.build(graph, runtime, input, rows);
    auto& front = fronts[static_cast<std::size_t>(rows)];
    front = schedule.front(graph, delivered);
    for (FrontPoint& point : front) {
      schedule.cut_rest(graph, point, cuts);
      point.widened_elements = widened_elements(graph, schedule.facts, point, cuts);
    }
  }
  return merge_fronts(fronts[0], fronts[1]);
}

}  // namespace tinynas
