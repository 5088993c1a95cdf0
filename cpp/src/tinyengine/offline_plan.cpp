#include "tinyengine/offline_plan.h"

#include <algorithm>

#include "tinyengine/arena_solver.h"
#include "tinyengine/tflm_arena.h"
#include "tinynas/memory_plan.h"

namespace tinynas {
namespace {

/// Once a file, not once a candidate: the search may take a second.
constexpr std::int64_t kNodeLimit = 2'000'000;

std::int64_t liveness_bound(const std::vector<ArenaRecord>& records) {
  std::int64_t bound = 0;
  for (const ArenaRecord& at : records) {
    std::int64_t live = 0;
    for (const ArenaRecord& record : records) {
      if (record.first <= at.first && at.first < record.end) live += record.bytes;
    }
    bound = std::max(bound, live);
  }
  return bound;
}

bool is_sound(const std::vector<Placement>& buffers) {
  for (const Placement& a : buffers) {
    for (const Placement& b : buffers) {
      const bool together = a.first_op < b.end_op && b.first_op < a.end_op;
      const bool meet =
          a.offset_bytes < b.offset_bytes + b.bytes && b.offset_bytes < a.offset_bytes + a.bytes;
      if (&a != &b && together && meet) return false;
    }
  }
  return true;
}

}  // namespace

OfflinePlan plan_offline(const TfliteNetwork& network) {
  const RuntimeModel runtime = find_runtime("tflm");
  const Graph& graph = network.interpreter_graph;
  const std::vector<Placement> given = tflm_buffers(graph, runtime);
  std::vector<Placement> open = given;
  for (Placement& buffer : open) buffer.offset_bytes = -1;
  std::vector<Placement> buffers = open;
  OfflinePlan plan;
  plan.interpreter_head_bytes = place_tflm_buffers(buffers);

  std::vector<ArenaRecord> records;
  for (const Placement& buffer : buffers) {
    records.push_back({buffer.bytes, buffer.first_op, buffer.end_op, 0});
  }
  ArenaOptions options;
  options.alignment_bytes = runtime.tensor_alignment_bytes;
  options.lower_bound_bytes = liveness_bound(records);
  options.node_limit = kNodeLimit;
  solve_arena(records, {}, options);

  // The interpreter places what its kernels ask for around the tensors.
  const std::size_t tensors = graph.tensors.size();
  std::vector<Placement> offline = open;
  for (std::size_t i = 0; i < tensors; ++i) offline[i].offset_bytes = records[i].offset_bytes;
  plan.head_bytes = place_tflm_buffers(offline);
  // What the file came with, or the interpreter alone, may be better.
  for (std::vector<Placement> other : {given, open}) {
    const std::int64_t bytes = place_tflm_buffers(other);
    if (bytes >= plan.head_bytes || !is_sound(other)) continue;
    plan.head_bytes = bytes;
    offline = std::move(other);
  }
  plan.offset_bytes.assign(static_cast<std::size_t>(network.file_tensor_count), -1);
  for (std::size_t i = 0; i < tensors; ++i) {
    plan.offset_bytes[static_cast<std::size_t>(network.file_tensors[i])] =
        static_cast<std::int32_t>(offline[i].offset_bytes);
  }
  return plan;
}

}  // namespace tinynas
