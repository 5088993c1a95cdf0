// The verifier has teeth: plans with one number changed are rejected. A change that asks for less
// than the plan needs, or that moves bytes onto others', must be caught; a change that a plain rule
// shows to be harmless is set aside before the verifier sees it.

#include <algorithm>
#include <iostream>
#include <map>
#include <string>

#include "catch.h"
#include "random_graph.h"
#include "random_mbconv.h"
#include "tinyengine/plan_executor.h"
#include "tinynas/memory_plan.h"
#include "tinynas/rng.h"

using namespace tinynas;
using namespace tinynas::testing;

namespace {

/// An output that slides over its input: harmless while the distance lasts, so that survivors say
/// nothing. Counted and printed, not judged.
constexpr const char* kSliding = "offset of an output over its input";
/// Rings serve both directions; only an output that lies over its input minds.
constexpr const char* kDirection = "direction";

struct Tally {
  std::int64_t caught = 0, harmless = 0, survived = 0;
};

class Mutants {
 public:
  Mutants(const Graph& graph, const RuntimeModel& runtime, const MemoryPlan& plan,
          std::map<std::string, Tally>& tallies)
      : graph_(graph), runtime_(runtime), plan_(plan), tallies_(tallies) {}

  void run_all() {
    for (std::size_t p = 0; p < plan_.placements.size(); ++p) mutate_placement(p);
    for (std::size_t s = 0; s < plan_.segments.size(); ++s) mutate_segment(s);
    for (std::size_t t = 0; t < plan_.over_input.size(); ++t) {
      if (plan_.over_input[t] == 0) continue;
      MemoryPlan mutant = plan_;
      mutant.over_input[t] = 0;
      // At the same rows either way, in one slot or in equal ones, nothing changes.
      judge("over input dropped", mutant, same_rows_over_input(t));
    }
    for (std::size_t i = 0; i < graph_.ops.size(); ++i) mutate_halo(i);
  }

 private:
  void judge(const std::string& name, MemoryPlan& mutant, bool harmless) {
    judge(name, graph_, mutant, harmless);
  }
  void judge(const std::string& name, const Graph& graph, MemoryPlan& mutant, bool harmless) {
    Tally& tally = tallies_[name];
    if (harmless) {
      ++tally.harmless;
      return;
    }
    repair(mutant);
    ++(execute_plan(graph, runtime_, mutant).empty() ? tally.survived : tally.caught);
  }

  /// Sums follow the change, so that only what execution reads can give it away.
  static void repair(MemoryPlan& plan) {
    std::int64_t end = 0;
    for (const Placement& place : plan.placements) {
      end = std::max(end, place.offset_bytes + place.bytes);
    }
    plan.peak_sram_bytes = end;
    plan.activation_bytes = end - plan.scratch_bytes;
    plan.lower_bound_bytes = std::min(plan.lower_bound_bytes, end);
    for (Segment& segment : plan.segments) {
      segment.bound_bytes = std::min(segment.bound_bytes, plan.lower_bound_bytes);
    }
  }

  /// Whether bytes [begin, end) are no other placement's while `place` lives.
  bool unused(const Placement& place, std::int64_t begin, std::int64_t end) const {
    return std::none_of(plan_.placements.begin(), plan_.placements.end(),
                        [&](const Placement& other) {
                          return &other != &place && other.first_op < place.end_op &&
                                 place.first_op < other.end_op && other.offset_bytes < end &&
                                 begin < other.offset_bytes + other.bytes;
                        });
  }
  bool apart(const Placement& place, std::int64_t offset) const {
    return unused(place, offset, offset + place.bytes);
  }

  /// Whether `from` is read last in the segment that makes `to`: its rows die as the other's come.
  bool hands_over(const Placement& from, const Placement& to) const {
    return std::any_of(plan_.segments.begin(), plan_.segments.end(), [&](const Segment& segment) {
      return segment.end_op == from.end_op && segment.first_op == to.first_op;
    });
  }

  /// Whether all that would lie in the way overlaps already or may: an output over its input, whose
  /// distance may be larger than it must be.
  bool meets_only_partners(const Placement& place, std::int64_t offset) const {
    bool partners = false;
    for (const Placement& other : plan_.placements) {
      const bool together =
          &other != &place && other.first_op < place.end_op && place.first_op < other.end_op;
      const bool met =
          other.offset_bytes < offset + place.bytes && offset < other.offset_bytes + other.bytes;
      if (!together || !met) continue;
      const bool overlapped = other.offset_bytes < place.offset_bytes + place.bytes &&
                              place.offset_bytes < other.offset_bytes + other.bytes;
      if (!overlapped && !hands_over(place, other) && !hands_over(other, place)) return false;
      partners = true;
    }
    return partners;
  }

  bool op_uses(std::size_t record, std::int32_t op_index) const {
    const Op& op = graph_.ops[op_index];
    const Placement& place = plan_.placements[record];
    if (place.kind == PlacementKind::kScratch) {
      return plan_.per_op[op_index].scratch_bytes > 0;
    }
    if (place.kind == PlacementKind::kAccumulators) return op.output == place.first_tensor;
    const auto here = [&](std::int32_t t) {
      return plan_.tensor_records[t] == static_cast<std::int32_t>(record);
    };
    const auto inputs = graph_.inputs(op);
    return here(op.output) || std::any_of(inputs.begin(), inputs.end(), here);
  }

  bool same_rows_over_input(std::size_t t) const {
    const Placement& place = plan_.placements[plan_.tensor_records[t]];
    return place.kind == PlacementKind::kRing && place.rows == 1;
  }

  void mutate_placement(std::size_t p) {
    const Placement& place = plan_.placements[p];
    const std::int64_t unit = runtime_.tensor_alignment_bytes;
    for (const std::int64_t step : {-unit, unit}) {
      MemoryPlan mutant = plan_;
      mutant.placements[p].offset_bytes += step;
      const bool slides = meets_only_partners(place, place.offset_bytes + step);
      judge(slides     ? kSliding
            : step < 0 ? "offset - alignment"
                       : "offset + alignment",
            mutant, apart(place, place.offset_bytes + step));
    }
    for (const std::int64_t step : {-1, 1}) {
      if (unit == 1) break;
      MemoryPlan mutant = plan_;
      mutant.placements[p].offset_bytes += step;
      judge("offset off by one", mutant, false);
    }
    {
      MemoryPlan mutant = plan_;
      mutant.placements[p].bytes -= unit;
      judge("bytes - alignment", mutant, false);
    }
    if (place.kind == PlacementKind::kRing) mutate_ring(p);
    MemoryPlan late = plan_;
    ++late.placements[p].first_op;
    judge("life starts later", late, !op_uses(p, place.first_op));
    MemoryPlan early = plan_;
    --early.placements[p].end_op;
    judge("life ends earlier", early, !op_uses(p, place.end_op - 1));
  }

  void mutate_ring(std::size_t p) {
    const Placement& place = plan_.placements[p];
    const std::int64_t unit = runtime_.tensor_alignment_bytes;
    for (const int step : {-1, 1}) {
      MemoryPlan mutant = plan_;
      Placement& ring = mutant.placements[p];
      ring.rows += step;
      ring.bytes = ring.rows * ring.row_bytes;
      judge(step < 0 ? "ring - 1 row" : "ring + 1 row", mutant,
            step > 0 && (unused(place, place.offset_bytes, place.offset_bytes + ring.bytes) ||
                         place.rows == graph_.tensors[place.first_tensor].shape.h));
    }
    MemoryPlan narrow = plan_;
    MemoryPlan other = plan_;
    other.placements[p].wide = !place.wide;
    judge("width of elements", other, false);
    narrow.placements[p].row_bytes -= unit;
    narrow.placements[p].bytes = place.rows * narrow.placements[p].row_bytes;
    judge("ring rows - alignment", narrow, false);
  }

  void mutate_segment(std::size_t s) {
    const Segment& segment = plan_.segments[s];
    if (segment.end_op - segment.first_op > 1) {
      MemoryPlan mutant = plan_;
      mutant.segments[s].bottom_up = !segment.bottom_up;
      judge(kDirection, mutant, false);
    }
    for (const int step : {-1, 1}) {
      if (s + 1 == plan_.segments.size()) break;
      MemoryPlan mutant = plan_;
      mutant.segments[s].end_op += step;
      mutant.segments[s + 1].first_op += step;
      judge("border", mutant, false);
    }
    for (const int step : {-1, 1}) {
      if (!segment.has_patches()) break;
      MemoryPlan mutant = plan_;
      mutant.segments[s].patch_rows += step;
      judge("grid rows", mutant, false);
      mutant = plan_;
      mutant.segments[s].patch_columns += step;
      judge("grid columns", mutant, false);
    }
  }

  /// The plan for a kernel that reaches one row less far to either side.
  void mutate_halo(std::size_t i) {
    const Op& op = graph_.ops[i];
    if (op.kind != OpKind::kDepthwiseConv2d && op.kind != OpKind::kConv2d) return;
    const auto inside = [&](const Segment& s) {
      const auto at = static_cast<std::int32_t>(i);
      return s.first_op < at && at < s.end_op && !s.has_patches();
    };
    if (std::none_of(plan_.segments.begin(), plan_.segments.end(), inside)) return;
    Graph wider = graph_;
    wider.ops[i].kernel_h = static_cast<std::int16_t>(op.kernel_h + 2);
    wider.ops[i].pad_top = static_cast<std::int16_t>(op.pad_top + 1);
    MemoryPlan mutant = plan_;
    const std::int64_t more = op_macs(wider, wider.ops[i]) - op_macs(graph_, op);
    mutant.per_op[i].macs += more;
    mutant.macs += more;
    // The whole input is there already, or no further row exists.
    const std::int32_t in = graph_.in_shape(op).h;
    judge("halo", wider, mutant, in <= op.kernel_h);
  }

  const Graph& graph_;
  const RuntimeModel& runtime_;
  const MemoryPlan& plan_;
  std::map<std::string, Tally>& tallies_;
};

void print(const std::map<std::string, Tally>& tallies) {
  for (const auto& [name, tally] : tallies) {
    std::cout << name << ": " << tally.caught << " caught, " << tally.survived << " survived, "
              << tally.harmless << " harmless\n";
  }
}

}  // namespace

TEST_CASE("a streaming plan with one number changed is rejected") {
  RuntimeModel runtime = find_runtime("tinynas");
  std::map<std::string, Tally> tallies;
  for (std::uint64_t seed = 0; seed < 240; ++seed) {
    const Graph graph = seed % 2 == 0 ? random_small_mbconv(Rng(seed)) : random_graph(Rng(seed));
    runtime.tensor_alignment_bytes = seed % 8 < 2 ? 1 : 4;
    PlanOptions options;
    options.input = static_cast<InputMode>(seed % 3);
    if (seed % 5 < 2) options.sram_budget_bytes = 0;
    if (seed % 7 < 3) options.depthwise_rows = DepthwiseRows::kInt16;
    const MemoryPlan plan = plan_memory(graph, runtime, options);
    REQUIRE(execute_plan(graph, runtime, plan) == "");
    Mutants(graph, runtime, plan, tallies).run_all();
  }
  print(tallies);
  Tally all;
  for (const auto& [name, tally] : tallies) {
    CHECK(tally.caught > 0);
    if (name == kSliding || name == kDirection) continue;
    all.caught += tally.caught;
    all.survived += tally.survived;
  }
  CHECK(all.caught >= 99 * all.survived);
}
