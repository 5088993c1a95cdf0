#include "tinyengine/plan_checker.h"

#include <algorithm>
#include <vector>

namespace tinynas {
namespace {

struct Extent {
  std::int64_t begin = 0, end = 0;
  bool meets(const Extent& other) const { return begin < other.end && other.begin < end; }
};

class PlanChecker {
 public:
  PlanChecker(const Graph& graph, const RuntimeModel& runtime, const MemoryPlan& plan)
      : graph_(graph), runtime_(runtime), plan_(plan) {}

  std::string run() {
    if (!check_shape() || !check_records() || !check_sums()) return fault_;
    find_needs();
    for (std::size_t i = 0; i < graph_.ops.size(); ++i) {
      if (!check_op(static_cast<int>(i))) return fault_;
    }
    return fault_;
  }

 private:
  bool fail(const std::string& message) {
    fault_ = message;
    return false;
  }
  std::string op_text(int op) const {
    return "op " + std::to_string(op) + " (" + op_name(graph_, op) + ")";
  }
  std::string tensor_text(int tensor) const {
    const Extent at = extent(tensor);
    return tensor_name(graph_, tensor) + " at [" + std::to_string(at.begin) + ", " +
           std::to_string(at.end) + ")";
  }

  const Placement& record(int tensor) const {
    return plan_.placements[plan_.tensor_records[tensor]];
  }
  Extent extent(int tensor) const {
    const std::int64_t begin = record(tensor).offset_bytes;
    return {begin, begin + graph_.tensors[tensor].bytes()};
  }

  bool check_shape() {
    if (plan_.tensor_records.size() != graph_.tensors.size()) {
      return fail("the plan does not list one record a tensor");
    }
    for (const std::int32_t r : plan_.tensor_records) {
      if (r < 0 || static_cast<std::size_t>(r) >= plan_.placements.size()) {
        return fail("a tensor has no record");
      }
    }
    if (plan_.per_op.size() != graph_.ops.size()) return fail("the plan does not list every op");
    std::size_t next = 0;
    for (const OpPlan& entry : plan_.per_op) {
      if (entry.first_tensor != static_cast<std::int64_t>(next) || entry.tensor_count < 0) {
        return fail("the tensors of an op are not where the plan says");
      }
      next += entry.tensor_count;
    }
    return next == plan_.op_tensors.size() || fail("the plan lists tensors that belong to no op");
  }

  bool check_records() {
    std::int64_t arena = 0;
    for (const Placement& place : plan_.placements) {
      if (place.offset_bytes < 0 || place.offset_bytes % runtime_.tensor_alignment_bytes != 0) {
        return fail("the record of " + tensor_name(graph_, place.first_tensor) +
                    " has the offset " + std::to_string(place.offset_bytes));
      }
      arena = std::max(arena, place.offset_bytes + place.bytes);
    }
    if (arena != plan_.activation_bytes) {
      return fail("the records take " + std::to_string(arena) + " bytes, the plan says " +
                  std::to_string(plan_.activation_bytes));
    }
    for (std::size_t t = 0; t < graph_.tensors.size(); ++t) {
      if (graph_.tensors[t].bytes() > record(static_cast<int>(t)).bytes) {
        return fail(tensor_text(static_cast<int>(t)) + " does not fit into its record");
      }
    }
    return true;
  }

  bool check_sums() {
    if (runtime_.rules == RuntimeRules::kTinyEngine &&
        plan_.scratch_bytes != plan_.column_buffer_bytes + plan_.kernel_buffer_bytes) {
      return fail("scratch is not column buffer + kernel buffer");
    }
    if (plan_.peak_sram_bytes != plan_.activation_bytes + plan_.scratch_bytes) {
      return fail("peak SRAM is not activations + scratch");
    }
    if (plan_.lower_bound_bytes > plan_.peak_sram_bytes) {
      return fail("the lower bound is above the peak");
    }
    std::int64_t macs = 0, weights = 0, most_live = 0;
    for (const OpPlan& entry : plan_.per_op) {
      if (entry.scratch_bytes > plan_.scratch_bytes) return fail("an op has too little scratch");
      macs += entry.macs;
      weights += entry.weight_bytes;
      most_live = std::max(most_live, entry.live_bytes);
    }
    if (macs != plan_.macs) return fail("MACs are not the sum over ops");
    if (weights != plan_.flash.weight_bytes) return fail("weights are not the sum over ops");
    if (most_live + plan_.scratch_bytes != plan_.lower_bound_bytes) {
      return fail("the lower bound is not the largest op plus scratch");
    }
    return true;
  }

  /// For each tensor the ops at which it must be intact: from its writer (the image: from op 0) to
  /// its last reader; past the last op where it is the network's output or, but for the
  /// interpreter, nobody reads it.
  void find_needs() {
    const int op_count = static_cast<int>(graph_.ops.size());
    last_need_.assign(graph_.tensors.size(), -1);
    for (int i = 0; i < op_count; ++i) {
      const Op& op = graph_.ops[i];
      for (const std::int32_t t : graph_.inputs(op)) last_need_[t] = std::max(last_need_[t], i);
    }
    for (std::size_t t = 0; t < last_need_.size(); ++t) {
      const int tensor = static_cast<int>(t);
      const bool kept =
          last_need_[t] < 0 && tensor != graph_.input && runtime_.rules != RuntimeRules::kTflm;
      // op_count: needed when the last op is done, whoever read it before.
      if (kept || graph_.is_output(tensor)) last_need_[t] = op_count;
    }
    last_need_[graph_.input] = std::max(last_need_[graph_.input], 0);
  }

  bool overwrites_own_input(int op_index, int a, int b) const {
    const Op& op = graph_.ops[op_index];
    const int input = graph_.op_inputs[op.first_input];
    const bool pair = (a == input && b == op.output) || (b == input && a == op.output);
    return runtime_.rules == RuntimeRules::kTinyEngine && pair &&
           op.kind == OpKind::kDepthwiseConv2d && graph_.in_shape(op).c == graph_.out_shape(op).c &&
           last_need_[input] == op_index && record(a).offset_bytes == record(b).offset_bytes;
  }

  bool check_op(int op_index) {
    needed_.erase(std::remove_if(needed_.begin(), needed_.end(),
                                 [&](int t) { return last_need_[t] < op_index; }),
                  needed_.end());
    if (op_index == 0) needed_.push_back(graph_.input);
    needed_.push_back(graph_.ops[op_index].output);
    int sharing = 0;
    for (std::size_t i = 0; i < needed_.size(); ++i) {
      for (std::size_t j = i + 1; j < needed_.size(); ++j) {
        const int a = needed_[i], b = needed_[j];
        if (!extent(a).meets(extent(b))) continue;
        if (!overwrites_own_input(op_index, a, b)) {
          return fail("during " + op_text(op_index) + ", " + tensor_text(a) + " and " +
                      tensor_text(b) + " overlap");
        }
        ++sharing;
      }
    }
    int scratch = 0;
    for (const Placement& place : plan_.placements) {
      if (place.kind != PlacementKind::kScratch || place.first_op > op_index ||
          place.end_op <= op_index) {
        continue;
      }
      if (!check_scratch(op_index, place)) return false;
      ++scratch;
    }
    return check_listing(op_index, static_cast<int>(needed_.size()) - sharing + scratch);
  }

  /// A kernel's own buffer meets no tensor that is needed, and no other buffer of the op.
  bool check_scratch(int op_index, const Placement& scratch) {
    const auto extent_of = [](const Placement& place) {
      return Extent{place.offset_bytes, place.offset_bytes + place.bytes};
    };
    const bool meets_tensor = std::any_of(needed_.begin(), needed_.end(), [&](int tensor) {
      return extent(tensor).meets(extent_of(scratch));
    });
    const bool meets_scratch =
        std::any_of(plan_.placements.begin(), plan_.placements.end(), [&](const Placement& other) {
          return &other != &scratch && other.kind == PlacementKind::kScratch &&
                 other.first_op <= op_index && op_index < other.end_op &&
                 extent_of(other).meets(extent_of(scratch));
        });
    if (!meets_tensor && !meets_scratch) return true;
    return fail("during " + op_text(op_index) + ", scratch at " +
                std::to_string(scratch.offset_bytes) + " overlaps what is needed");
  }

  /// What the plan tells about the op: each needed tensor at its place (an input that was
  /// overwritten is represented by the output), nothing else, and the sum.
  bool check_listing(int op_index, int expected_count) {
    const OpPlan& entry = plan_.per_op[op_index];
    if (entry.tensor_count != expected_count) {
      return fail(op_text(op_index) + " lists " + std::to_string(entry.tensor_count) +
                  " tensors, needed are " + std::to_string(expected_count));
    }
    std::int64_t sum = 0;
    for (int i = 0; i < entry.tensor_count; ++i) {
      const PlannedTensor& listed = plan_.op_tensors[entry.first_tensor + i];
      sum += listed.bytes;
      if (listed.tensor < 0) continue;  // scratch, see check_scratch
      if (std::find(needed_.begin(), needed_.end(), listed.tensor) == needed_.end()) {
        return fail(op_text(op_index) + " lists a tensor that it does not need");
      }
      if (listed.offset_bytes != record(listed.tensor).offset_bytes ||
          listed.bytes < graph_.tensors[listed.tensor].bytes()) {
        return fail(op_text(op_index) + " lists " + tensor_text(listed.tensor) +
                    " with another offset or too few bytes");
      }
    }
    if (sum != entry.live_bytes) return fail(op_text(op_index) + ": live bytes are not the sum");
    return true;
  }

  const Graph& graph_;
  const RuntimeModel& runtime_;
  const MemoryPlan& plan_;
  std::string fault_;
  std::vector<int> last_need_;
  std::vector<int> needed_;  ///< tensors that must be intact during the current op
};

}  // namespace

std::string check_plan(const Graph& graph, const RuntimeModel& runtime, const MemoryPlan& plan) {
  return PlanChecker(graph, runtime, plan).run();
}

}  // namespace tinynas
