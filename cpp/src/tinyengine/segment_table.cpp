#include "tinyengine/segment_table.h"

#include <algorithm>

#include "tinyengine/storage_records.h"

namespace tinynas {

void SegmentTable::build_live(const Graph& graph, const GraphFacts& facts, InputMode input) {
  first_live_.assign(op_count_ + 2, 0);
  live_.clear();
  for (std::int32_t i = 0; i <= op_count_; ++i) {
    first_live_[i] = static_cast<std::int32_t>(live_.size());
    // What was live before the op ahead and still is, and what that op wrote.
    if (i == 0) {
      if (input == InputMode::kResident) live_.push_back(graph.input);
      continue;
    }
    for (std::int32_t k = first_live_[i - 1]; k < first_live_[i]; ++k) {
      if (facts.tensors[live_[k]].last_op >= i) live_.push_back(live_[k]);
    }
    if (facts.tensors[graph.ops[i - 1].output].last_op >= i) {
      live_.push_back(graph.ops[i - 1].output);
    }
  }
  first_live_[op_count_ + 1] = static_cast<std::int32_t>(live_.size());
}

std::int64_t SegmentTable::passing_bytes(const GraphFacts& facts, std::int32_t first,
                                         std::int32_t end) const {
  std::int64_t bytes = 0;
  for (std::int32_t k = first_live_[first]; k < first_live_[first + 1]; ++k) {
    const TensorFacts& tensor = facts.tensors[live_[k]];
    if (tensor.last_op >= end) bytes += tensor.bytes;
  }
  return bytes;
}

/// How far op `op` is ahead of the last op of a segment that ends at `end`; false where its output
/// cannot stream in it.
bool SegmentTable::set_lead(const Graph& graph, const GraphFacts& facts, std::int32_t op,
                            std::int32_t end) {
  const TensorFacts& out = facts.tensors[graph.ops[op].output];
  if (!facts.ops[op].streams || out.ring_rows == 0 || out.last_op >= end) return false;
  Lead& lead = leads_[op];
  for (std::int32_t u = 0; u < out.use_count; ++u) {
    const Use& use = facts.uses[out.first_use + u];
    const RowWindow& w = facts.window(graph, use);
    const std::int64_t stride = leads_[use.op].stride * w.stride;
    // A row that every row of the output needs (stride 0) is there from the first one on.
    if (u > 0 && stride != lead.stride) return false;
    lead.stride = stride;
    for (const Direction d : {kTopDown, kBottomUp}) {
      const std::int64_t rows = leads_[use.op].lead[d] * w.stride - w.pad[d] + w.kernel - 1;
      lead.lead[d] = u == 0 ? rows : std::max(lead.lead[d], rows);
    }
  }
  return true;
}

void SegmentTable::collect_overlaps(const Graph& graph, const GraphFacts& facts, InputMode input,
                                    std::int32_t first, std::int32_t end,
                                    std::vector<OverlapGap>& overlaps) {
  overlaps.clear();
  const Op& last = graph.ops[end - 1];
  for (const std::int32_t t : external_) {
    const TensorFacts& tensor = facts.tensors[t];
    if (tensor.last_op >= end || (t == graph.input && input != InputMode::kResident)) continue;
    OverlapGap gap;
    gap.input = t;
    if (!facts.ops[end - 1].streams) {
      gap.above[kTopDown] = gap.above[kBottomUp] = kNoSegment;
      overlaps.push_back(gap);
      continue;
    }
    for (const Direction d : {kTopDown, kBottomUp}) {
      std::int64_t distance = std::numeric_limits<std::int64_t>::min();
      for (std::int32_t u = 0; u < tensor.use_count; ++u) {
        const Use& use = facts.uses[tensor.first_use + u];
        if (use.op < first) continue;
        distance = std::max(distance, overlap_distance(graph, facts, last, use.op == end - 1, use,
                                                       leads_[use.op], d));
      }
      gap.above[d] = distance;
    }
    // From ends to starts.
    gap.above[kBottomUp] += graph.tensors[t].bytes() - graph.tensors[last.output].bytes();
    // A camera delivers rows from the top.
    const bool camera = input == InputMode::kRows && std::find(external_.begin(), external_.end(),
                                                               graph.input) != external_.end();
    if (camera) gap.above[kBottomUp] = kNoSegment;
    overlaps.push_back(gap);
  }
}

/// The output at the bottom, inputs stacked above it in the order in which they may begin, which
/// takes least (one machine, release dates: Jackson 1955). One input may also lie the other way.
std::int64_t SegmentTable::overlay_bytes(const GraphFacts& facts, std::int32_t output) {
  const std::int64_t out = facts.tensors[output].bytes;
  const auto start_above = [&](const OverlapGap& gap, Direction d, std::int64_t apart) {
    if (gap.above[d] == kNoSegment) return apart;
    return std::min(apart,
                    align_up(std::max<std::int64_t>(0, gap.above[d]), facts.alignment_bytes));
  };
  if (overlaps_.size() == 1) {
    const std::int64_t in = facts.tensors[overlaps_[0].input].bytes;
    return std::min(std::max(out, start_above(overlaps_[0], kTopDown, out) + in),
                    std::max(in, start_above(overlaps_[0], kBottomUp, in) + out));
  }
  const auto gap_above = [&](const OverlapGap& gap) { return start_above(gap, kTopDown, out); };
  std::sort(overlaps_.begin(), overlaps_.end(),
            [&](const OverlapGap& a, const OverlapGap& b) { return gap_above(a) < gap_above(b); });
  std::int64_t end = 0;
  for (const OverlapGap& gap : overlaps_) {
    end = std::max(end, gap_above(gap)) + facts.tensors[gap.input].bytes;
  }
  return std::max(out, end);
}

/// What overlay_bytes is at least: the output, and inputs that end in the segment.
std::int64_t SegmentTable::widest_bytes(const GraphFacts& facts, std::int32_t output,
                                        std::int32_t end) const {
  std::int64_t widest = facts.tensors[output].bytes;
  for (const std::int32_t t : external_) {
    const TensorFacts& tensor = facts.tensors[t];
    if (tensor.writer >= 0 && tensor.last_op < end) widest = std::max(widest, tensor.bytes);
  }
  return widest;
}

namespace {

/// In a segment that ends at `end`.
std::int64_t op_scratch(const GraphFacts& facts, std::int32_t op, std::int32_t end,
                        bool reads_wide) {
  const OpFacts& of = facts.ops[op];
  return (reads_wide ? 0 : of.scratch_bytes) + (op + 1 < end ? of.wide_row_bytes : 0);
}

}  // namespace

/// Scratch of depthwise ops whose wide input would join the current range only further down.
std::int64_t SegmentTable::widening_scratch(const GraphFacts& facts, std::int32_t end) const {
  std::int64_t scratch = 0;
  for (const std::int32_t t : external_) {
    if (!facts.tensors[t].wide) continue;
    const std::int32_t reader = facts.uses[facts.tensors[t].first_use].op;
    scratch = std::max(scratch, op_scratch(facts, reader, end, false));
  }
  return scratch;
}

void SegmentTable::build_column(const Graph& graph, const GraphFacts& facts, InputMode input,
                                std::int32_t end) {
  const std::int32_t output = graph.ops[end - 1].output;
  const auto add_inputs = [&](std::int32_t op) {
    for (const std::int32_t t : graph.inputs(graph.ops[op])) {
      if (std::find(external_.begin(), external_.end(), t) == external_.end()) {
        external_.push_back(t);
      }
    }
  };
  external_.clear();
  leads_[end - 1] = {1, {0, 0}};
  std::int64_t rings = 0, scratch = 0;
  const bool wide_rows = facts.depthwise_rows == DepthwiseRows::kInt16;
  for (std::int32_t first = end - 1; first >= 0; --first) {
    if (first < end - 1) {
      if (!facts.ops[end - 1].streams || !set_lead(graph, facts, first, end)) break;
      const std::int32_t inner = graph.ops[first].output;
      rings += facts.tensors[inner].ring_bytes + facts.tensors[inner].sums_bytes;
      // What lies over `inner` needs no ring any more, now that it streams too.
      const std::int32_t over = graph.ops[facts.uses[facts.tensors[inner].first_use].op].output;
      const bool takes_place = over != output && facts.tensors[over].over_input &&
                               graph.inputs(graph.ops[facts.tensors[over].writer])[0] == inner;
      if (takes_place) rings -= facts.tensors[over].ring_bytes;
      std::erase(external_, inner);
      if (facts.tensors[inner].wide) {
        const std::int32_t reader = facts.uses[facts.tensors[inner].first_use].op;
        scratch = std::max(scratch, op_scratch(facts, reader, end, true));
      }
    }
    add_inputs(first);
    if (!wide_rows || !facts.reads_wide(graph, first, 0)) {
      scratch = std::max(scratch, op_scratch(facts, first, end, false));
    }
    const std::int64_t widening = wide_rows ? widening_scratch(facts, end) : 0;
    std::int64_t image_ring = 0;
    if (input == InputMode::kRows &&
        std::find(external_.begin(), external_.end(), graph.input) != external_.end()) {
      const TensorFacts& image = facts.tensors[graph.input];
      const bool inside = facts.uses[image.first_use].op >= first && image.last_op < end;
      if (!inside) continue;  // the camera delivers rows once: all readers in one segment
      image_ring = image.ring_bytes + image.sums_bytes;
    }
    std::int64_t& bytes = bytes_[static_cast<std::size_t>(first) * (op_count_ + 1) + end];
    const std::int64_t others =
        rings + std::max(scratch, widening) + image_ring + passing_bytes(facts, first, end);
    if (others + widest_bytes(facts, output, end) > limit_bytes_) {
      bytes = kBeyondLimit;
      continue;
    }
    collect_overlaps(graph, facts, input, first, end, overlaps_);
    bytes = others + overlay_bytes(facts, output);
  }
}

void SegmentTable::build(const Graph& graph, const GraphFacts& facts, InputMode input,
                         std::int64_t limit_bytes) {
  limit_bytes_ = limit_bytes;
  op_count_ = static_cast<std::int32_t>(graph.ops.size());
  bytes_.assign(static_cast<std::size_t>(op_count_ + 1) * (op_count_ + 1), kNoSegment);
  leads_.assign(op_count_, {});
  build_live(graph, facts, input);
  for (std::int32_t end = 1; end <= op_count_; ++end) build_column(graph, facts, input, end);
}

void SegmentTable::find_overlaps(const Graph& graph, const GraphFacts& facts, InputMode input,
                                 std::int32_t first, std::int32_t end,
                                 std::vector<OverlapGap>& overlaps) {
  external_.clear();
  leads_[end - 1] = {1, {0, 0}};
  for (std::int32_t i = end - 2; i >= first; --i) set_lead(graph, facts, i, end);
  for (std::int32_t i = first; i < end; ++i) {
    for (const std::int32_t t : graph.inputs(graph.ops[i])) {
      if (facts.tensors[t].writer >= first) continue;
      if (std::find(external_.begin(), external_.end(), t) == external_.end()) {
        external_.push_back(t);
      }
    }
  }
  collect_overlaps(graph, facts, input, first, end, overlaps);
}

void suffix_peaks(const SegmentTable& table, std::vector<std::int64_t>& peaks) {
  const std::int32_t n = table.op_count();
  peaks.assign(n + 1, kNoSegment);
  peaks[n] = 0;
  for (std::int32_t first = n - 1; first >= 0; --first) {
    for (std::int32_t end = first + 1; end <= n; ++end) {
      peaks[first] = std::min(peaks[first], std::max(table.bytes(first, end), peaks[end]));
    }
  }
}

namespace {

/// simplest_cuts for one kind of depthwise rows: with int8 rows all cuts widen alike, and a search
/// plans with these.
template <bool kWideRows, typename Cost>
void cut_cheapest(const Graph& graph, const GraphFacts& facts, const SegmentTable& table,
                  std::int32_t first, std::int64_t limit_bytes, Cuts& cuts) {
  constexpr Cost kFar = std::numeric_limits<Cost>::max() / 2;
  // Named anew, as each use of a thread_local variable in a shared library is a call.
  thread_local std::vector<Cost> kept_cost;
  thread_local std::vector<std::int32_t> kept_next;
  std::vector<Cost>& cost = kept_cost;
  std::vector<std::int32_t>& next = kept_next;
  const std::int32_t n = table.op_count();
  cost.assign(n + 1, kFar);
  next.assign(n + 1, -1);
  cost[n] = 0;
  for (std::int32_t i = n - 1; i >= first; --i) {
    std::int64_t widened = 0;
    for (std::int32_t end = i + 1; end <= n; ++end) {
      if (kWideRows && !facts.reads_wide(graph, end - 1, i)) {
        widened += facts.ops[end - 1].widened_elements;
      }
      if (table.bytes(i, end) > limit_bytes) continue;
      const std::int32_t inner = end - i > 1 ? end - i : 0;
      const Cost here = kWideRows ? static_cast<Cost>(widened * (n + 1) + inner) : inner;
      if (cost[end] + here >= cost[i]) continue;
      cost[i] = cost[end] + here;
      next[i] = end;
    }
  }
  cuts.cuts.clear();
  cuts.bytes = 0;
  for (std::int32_t i = first; i < n && i >= 0; i = next[i]) {
    cuts.cuts.push_back(i);
    if (next[i] > i) cuts.bytes = std::max(cuts.bytes, table.bytes(i, next[i]));
  }
  cuts.cuts.push_back(n);
}

}  // namespace

void simplest_cuts(const Graph& graph, const GraphFacts& facts, const SegmentTable& table,
                   std::int32_t first, std::int64_t limit_bytes, Cuts& cuts) {
  if (facts.depthwise_rows == DepthwiseRows::kInt8) {
    cut_cheapest<false, std::int32_t>(graph, facts, table, first, limit_bytes, cuts);
  } else {
    cut_cheapest<true, std::int64_t>(graph, facts, table, first, limit_bytes, cuts);
  }
}

void roomiest_cuts(const SegmentTable& table, const std::vector<std::int64_t>& peaks,
                   std::int32_t first, Cuts& cuts) {
  const std::int32_t n = table.op_count();
  cuts.cuts.clear();
  cuts.bytes = 0;
  for (std::int32_t i = first; i < n;) {
    cuts.cuts.push_back(i);
    std::int32_t best = i + 1;
    for (std::int32_t end = i + 1; end <= n; ++end) {
      if (std::max(table.bytes(i, end), peaks[end]) != peaks[i]) continue;
      const bool better = std::max(table.bytes(i, best), peaks[best]) != peaks[i] ||
                          table.bytes(i, end) < table.bytes(i, best);
      if (better) best = end;
    }
    cuts.bytes = std::max(cuts.bytes, table.bytes(i, best));
    i = best;
  }
  cuts.cuts.push_back(n);
}

}  // namespace tinynas
