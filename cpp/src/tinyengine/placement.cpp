#include "tinyengine/placement.h"

#include <algorithm>
#include <numeric>

namespace tinynas {
namespace {

std::int64_t lowest_gap(const Placement& record, const std::vector<const Placement*>& placed) {
  std::int64_t offset = 0;
  for (const Placement* other : placed) {
    if (other->first_op >= record.end_op || record.first_op >= other->end_op) continue;
    if (other->offset_bytes - offset >= record.bytes) break;
    offset = std::max(offset, other->offset_bytes + other->bytes_at(record.first_op));
  }
  return offset;
}

}  // namespace

std::int64_t place_records(std::vector<Placement>& records, PlacementWorkspace& workspace) {
  auto& order = workspace.order;
  order.resize(records.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](std::int32_t a, std::int32_t b) {
    return records[a].bytes != records[b].bytes ? records[a].bytes > records[b].bytes : a < b;
  });
  return place_in_order(records, 0, workspace);
}

std::int64_t place_in_order(std::vector<Placement>& records, std::size_t fixed,
                            PlacementWorkspace& workspace) {
  auto& placed = workspace.placed;
  placed.clear();
  std::int64_t arena = 0;
  for (std::size_t i = 0; i < workspace.order.size(); ++i) {
    Placement& record = records[workspace.order[i]];
    if (i >= fixed) record.offset_bytes = lowest_gap(record, placed);
    arena = std::max(arena, record.offset_bytes + record.bytes);
    const auto after = std::upper_bound(
        placed.begin(), placed.end(), record.offset_bytes,
        [](std::int64_t offset, const Placement* other) { return offset < other->offset_bytes; });
    placed.insert(after, &record);
  }
  return arena;
}

}  // namespace tinynas
