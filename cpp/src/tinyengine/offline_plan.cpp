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

}  // namespace

OfflinePlan plan_offline(const TfliteNetwork& network) {
  const RuntimeModel runtime = find_runtime("tflm");
  const Graph& graph = network.interpreter_graph;
  std::vector<Placement> buffers = tflm_buffers(graph, runtime);
  OfflinePlan plan;
  plan.interpreter_head_bytes = place_tflm_buffers(buffers, 0);

  std::vector<ArenaRecord> records;
  for (const Placement& buffer : buffers) {
    records.push_back({buffer.bytes, buffer.first_op, buffer.end_op, 0});
  }
  ArenaOptions options;
  options.alignment_bytes = runtime.tensor_alignment_bytes;
  options.lower_bound_bytes = liveness_bound(records);
  options.node_limit = kNodeLimit;
  plan.proven = solve_arena(records, {}, options).proven;

  // The interpreter places what its kernels ask for around the tensors.
  const std::size_t tensors = graph.tensors.size();
  std::vector<Placement> offline = buffers;
  for (std::size_t i = 0; i < tensors; ++i) offline[i].offset_bytes = records[i].offset_bytes;
  plan.head_bytes = place_tflm_buffers(offline, tensors);
  if (plan.head_bytes > plan.interpreter_head_bytes) {
    plan.head_bytes = plan.interpreter_head_bytes;
    offline = buffers;
  }
  plan.offset_bytes.assign(static_cast<std::size_t>(network.file_tensor_count), -1);
  for (std::size_t i = 0; i < tensors; ++i) {
    plan.offset_bytes[static_cast<std::size_t>(network.file_tensors[i])] =
        static_cast<std::int32_t>(offline[i].offset_bytes);
  }
  return plan;
}

}  // namespace tinynas
