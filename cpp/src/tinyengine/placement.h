#pragma once
// Offsets for storage records.

#include <cstdint>
#include <vector>

#include "tinynas/memory_plan.h"

namespace tinynas {

/// Memory that place_records works in; kept between calls, it stops allocating.
struct PlacementWorkspace {
  std::vector<std::int32_t> order;
  std::vector<const Placement*> placed;  ///< by offset
};

/// Gives each record its offset: largest first (ties in creation order), each at the lowest gap
/// between the placed records that are live at the same time. A placed record that has shrunk
/// before the new one starts counts as its shrunk_bytes; a larger record that is placed before the
/// one that shrinks does not gain from it. Returns the bytes of the arena.
std::int64_t place_records(std::vector<Placement>& records, PlacementWorkspace& workspace);

/// The same in the order of `workspace.order`, whose first `fixed` records keep their offsets.
std::int64_t place_in_order(std::vector<Placement>& records, std::size_t fixed,
                            PlacementWorkspace& workspace);

}  // namespace tinynas
