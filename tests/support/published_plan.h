#pragma once
// The published scheduler word for word, slow and with its defects except that identical live
// ranges do not share an address: what our planner is compared with.

#include <algorithm>
#include <cstdint>
#include <vector>

#include "tinynas/graph.h"

namespace tinynas::testing {

struct PublishedPlan {
  std::int64_t activations = 0, sbuf = 0, kbuf = 0, rodata = 4;
  std::vector<std::int64_t> offsets;  ///< a tensor
  std::int64_t sram() const { return activations + sbuf + kbuf; }
};

struct PublishedRecord {
  std::int64_t size = 0, offset = -1;
  int start = 0, end = -1, stride2_op = -1;
};

inline std::int64_t round_up_4(std::int64_t bytes) { return (bytes + 3) / 4 * 4; }

/// Reads of the records decide their ranges: [first op that touches it, last consumer + 1).
inline std::vector<PublishedRecord> published_records(const Graph& graph,
                                                      std::vector<int>& record_of) {
  const int op_count = static_cast<int>(graph.ops.size());
  record_of.assign(graph.tensors.size(), 0);
  std::vector<PublishedRecord> records(1);
  records[0].size = round_up_4(graph.tensors[graph.input].bytes());
  for (int i = 0; i < op_count; ++i) {
    const Op& op = graph.ops[i];
    for (const std::int32_t tensor : graph.inputs(op)) records[record_of[tensor]].end = i + 1;
    const std::int64_t bytes = round_up_4(graph.tensors[op.output].bytes());
    if (op.kind == OpKind::kDepthwiseConv2d) {
      PublishedRecord& record = records[record_of[graph.inputs(op)[0]]];
      record.size = std::max(record.size, bytes);
      record.end = -1;
      if (op.stride_h == 2 && record.stride2_op < 0) record.stride2_op = i;
      record_of[op.output] = record_of[graph.inputs(op)[0]];
    } else {
      record_of[op.output] = static_cast<int>(records.size());
      records.push_back({bytes, -1, i, -1, -1});
    }
  }
  for (PublishedRecord& record : records) {
    if (record.end < 0) record.end = op_count;
  }
  return records;
}

inline std::int64_t place_published(std::vector<PublishedRecord>& records) {
  std::vector<int> order(records.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<int>(i);
  std::stable_sort(order.begin(), order.end(),
                   [&](int a, int b) { return records[a].size > records[b].size; });
  std::int64_t arena = 0;
  for (const int index : order) {
    PublishedRecord& record = records[index];
    // Every offset that could be the lowest: 0 and the end of each record in the way.
    std::vector<std::pair<std::int64_t, std::int64_t>> taken;
    std::vector<std::int64_t> candidates = {0};
    for (const PublishedRecord& other : records) {
      if (other.offset < 0 || other.start >= record.end || record.start >= other.end) continue;
      const bool quarter = other.stride2_op >= 0 && record.start > other.stride2_op;
      const std::int64_t size = quarter ? (other.size + 3) / 4 : other.size;
      taken.push_back({other.offset, other.offset + size});
      candidates.push_back(other.offset + size);
    }
    std::sort(candidates.begin(), candidates.end());
    for (const std::int64_t offset : candidates) {
      const bool free = std::none_of(taken.begin(), taken.end(), [&](const auto& range) {
        return offset < range.second && range.first < offset + record.size;
      });
      if (!free) continue;
      record.offset = offset;
      break;
    }
    arena = std::max(arena, record.offset + record.size);
  }
  return arena;
}

inline PublishedPlan published_plan(const Graph& graph) {
  PublishedPlan plan;
  for (const Op& op : graph.ops) {
    const std::int64_t window = std::int64_t{op.kernel_h} * op.kernel_w;
    const Shape in = graph.in_shape(op), out = graph.out_shape(op);
    if (op.kind == OpKind::kConv2d) {
      plan.sbuf = std::max(plan.sbuf, 4 * window * in.c);
      if (window > 1) plan.kbuf = std::max(plan.kbuf, 2 * window * in.c * out.c);
      plan.rodata += window * in.c * out.c + 8 * out.c;
    } else if (op.kind == OpKind::kDepthwiseConv2d) {
      // Defined for symmetric padding: the tables' `pad`.
      plan.sbuf = std::max<std::int64_t>(
          plan.sbuf, std::int64_t{2} * (in.h + 2 * op.pad_top) * (in.w + 2 * op.pad_left));
      plan.rodata += window * out.c + 12 * out.c;
    }
  }
  std::vector<int> record_of;
  std::vector<PublishedRecord> records = published_records(graph, record_of);
  plan.activations = place_published(records);
  for (const int r : record_of) plan.offsets.push_back(records[r].offset);
  return plan;
}

}  // namespace tinynas::testing
