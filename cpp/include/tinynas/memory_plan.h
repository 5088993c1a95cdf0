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

/// The rules of one runtime and its fixed costs, from configs/runtimes/NAME.toml. The rules
/// themselves (live ranges, aliasing, scratch, placement) are code, chosen by the file's `rules`.
struct RuntimeModel {
  std::string name;
  std::int64_t tensor_alignment_bytes = 4;  ///< of offsets and sizes; a power of two
  std::int64_t code_bytes = 0;              ///< .text of the kernels that a network links
  bool code_is_estimate = true;             ///< false once kernels are measured
  std::int64_t runtime_bytes = 0;           ///< statics beside the arena
  std::int64_t stack_bytes = 0;             ///< 0: not predicted
};
/// `name_or_path`: a name of configs/runtimes, or a path that ends in .toml. Throws BadInput, with
/// the nearest name for an unknown one, and with file, line and key for a bad file.
RuntimeModel find_runtime(const std::string& name_or_path);

/// A storage record at its place in the arena: one buffer, which a chain of in-place ops shares.
struct Placement {
  std::int32_t first_tensor = -1;  ///< tensor that created the record
  std::int32_t first_op = 0;       ///< live in [first_op, end_op), op indices
  std::int32_t end_op = 0;
  /// After this stride-2 depthwise op (-1: none) the record's tail is free for records that start
  /// later; it then counts as shrunk_bytes.
  std::int32_t shrink_op = -1;
  std::int64_t offset_bytes = 0;
  std::int64_t bytes = 0;
  std::int64_t shrunk_bytes = 0;

  std::int64_t bytes_at(std::int32_t op) const {
    return shrink_op >= 0 && op > shrink_op ? shrunk_bytes : bytes;
  }
};

/// What op i needs while it runs. Its tensors are MemoryPlan::op_tensors [first_tensor,
/// first_tensor
/// + tensor_count).
struct OpPlan {
  std::int64_t live_bytes = 0;     ///< records live during the op, as the runtime counts them
  std::int64_t scratch_bytes = 0;  ///< column and kernel buffers of this op
  std::int64_t macs = 0;
  std::int64_t weight_bytes = 0;
  std::int32_t first_tensor = 0, tensor_count = 0;
};
/// One live record during one op. `tensor` is what it holds when the op is done: an in-place op's
/// output, whose input lay at the same offset. `bytes` is what the record counts then, so the sum
/// over an op is its live_bytes.
struct PlannedTensor {
  std::int32_t tensor = -1;
  std::int64_t offset_bytes = 0;
  std::int64_t bytes = 0;
};

struct FlashBreakdown {
  std::int64_t weight_bytes = 0, bias_bytes = 0, quantisation_bytes = 0, code_bytes = 0;
  bool code_is_estimate = true;
  std::int64_t rodata_bytes() const { return weight_bytes + bias_bytes + quantisation_bytes; }
  std::int64_t total_bytes() const { return rodata_bytes() + code_bytes; }
};

struct MemoryPlan {
  std::string runtime;
  std::vector<Placement> placements;         ///< in the order in which execution creates them
  std::vector<std::int32_t> tensor_records;  ///< for each tensor the index of its placement
  std::vector<OpPlan> per_op;
  std::vector<PlannedTensor> op_tensors;
  std::int64_t activation_bytes = 0;                              ///< arena of the storage records
  std::int64_t column_buffer_bytes = 0, kernel_buffer_bytes = 0;  ///< sbuf and kbuf
  std::int64_t scratch_bytes = 0;                                 ///< column + kernel buffers
  std::int64_t runtime_bytes = 0, stack_bytes = 0;
  std::int64_t peak_sram_bytes = 0;  ///< = arena_bytes: activations + scratch
  /// Largest live_bytes of any op, plus scratch_bytes, which this runtime reserves for the whole
  /// run: no placement of these records, under these rules, needs less.
  std::int64_t lower_bound_bytes = 0;
  std::int32_t peak_op = -1;  ///< the first op with the largest live_bytes
  FlashBreakdown flash;
  std::int64_t macs = 0;

  std::int64_t offset_of(std::int32_t tensor) const {
    return placements[tensor_records[tensor]].offset_bytes;
  }
  Footprint footprint() const { return {peak_sram_bytes, flash.total_bytes(), macs}; }
};

/// Plans `graph`, which must be valid (see validate), under `runtime`. Deterministic, thread-safe.
/// Published scheduler: Lin et al., "MCUNet" (NeurIPS 2020) and its 2022 release; where that
/// release would put two live tensors into one place, the plan differs (see
/// tinyengine/storage_records.h).
MemoryPlan plan_memory(const Graph& graph, const RuntimeModel& runtime);
/// The same into `plan`, whose allocations are kept: for a search that plans thousands a second.
void plan_memory(const Graph& graph, const RuntimeModel& runtime, MemoryPlan& plan);

}  // namespace tinynas
