#pragma once
// The memory score: which byte of SRAM holds what, when, and how much flash a network takes, under
// the rules of one runtime. A plan is exact and costs microseconds, so a search plans every
// candidate before it measures any.

#include <cstdint>
#include <string>
#include <vector>

#include "tinynas/graph.h"
#include "tinynas/mcu.h"

namespace tinynas {

/// The rules of one runtime, from configs/runtimes/NAME.toml: alignment, aliasing, scratch, fixed
/// costs.
struct RuntimeModel {
  std::string name;
  std::int64_t tensor_alignment_bytes = 4;
  std::int64_t code_bytes = 0;  ///< estimate of .text; see code_is_estimate
  bool code_is_estimate = true;
  std::int64_t runtime_bytes = 0;  ///< statics beside the arena
  std::int64_t stack_bytes = 0;    ///< 0: not predicted
};
/// Throws BadInput (with the nearest name) for a runtime without a file.
RuntimeModel find_runtime(const std::string& name);

/// A storage record (one buffer; in-place ops share it) or scratch, at its place in the arena.
struct Placement {
  std::int32_t first_tensor = -1;  ///< tensor that created the record
  std::int64_t offset_bytes = 0;
  std::int64_t bytes = 0;
  std::int32_t first_op = 0, last_op = 0;  ///< live in [first_op, last_op), op indices
};

/// What op i needs while it runs. `tensors` of it are PlannedTensors [first_tensor, first_tensor +
/// tensor_count).
struct OpPlan {
  std::int64_t live_bytes = 0;     ///< records live during the op, as the runtime counts them
  std::int64_t scratch_bytes = 0;  ///< column and kernel buffers of this op
  std::int64_t macs = 0;
  std::int64_t weight_bytes = 0;
  std::int32_t first_tensor = 0, tensor_count = 0;
};
struct PlannedTensor {
  std::int32_t tensor = -1;
  std::int64_t offset_bytes = 0;
  std::int64_t bytes = 0;
};

struct FlashBreakdown {
  std::int64_t weight_bytes = 0, bias_bytes = 0, quantisation_bytes = 0, code_bytes = 0;
  std::int64_t rodata_bytes() const { return weight_bytes + bias_bytes + quantisation_bytes; }
  std::int64_t total_bytes() const { return rodata_bytes() + code_bytes; }
};

struct MemoryPlan {
  std::string runtime;
  std::vector<Placement> placements;
  std::vector<OpPlan> per_op;
  std::vector<PlannedTensor> op_tensors;
  std::int64_t activation_bytes = 0;                              ///< arena of the storage records
  std::int64_t column_buffer_bytes = 0, kernel_buffer_bytes = 0;  ///< sbuf and kbuf
  std::int64_t scratch_bytes = 0;                                 ///< column + kernel buffers
  std::int64_t runtime_bytes = 0, stack_bytes = 0;
  std::int64_t peak_sram_bytes = 0;  ///< = arena_bytes: activations + scratch
  std::int64_t lower_bound_bytes =
      0;  ///< largest sum of live records + scratch: no layout does better
  std::int32_t peak_op = -1;
  FlashBreakdown flash;
  std::int64_t macs = 0;
  Footprint footprint() const { return {peak_sram_bytes, flash.total_bytes(), macs}; }
};

/// Plans `graph` under `runtime`. Deterministic, thread-safe, throws nothing on a valid graph.
/// Published scheduler: Lin et al., "MCUNet" (NeurIPS 2020) and its 2022 release.
MemoryPlan plan_memory(const Graph& graph, const RuntimeModel& runtime);

}  // namespace tinynas
