#pragma once
// The tables by which tinynas_driver.c executes a plan.

#include <cstdint>
#include <string>
#include <vector>

#include "tinyengine/c_kernels.h"
#include "tinynas/graph.h"
#include "tinynas/memory_plan.h"

namespace tinynas {

/// Where the rows of a tensor lie, as tn_tensor has it.
struct TensorRows {
  std::int64_t offset_bytes = 0, row_bytes = 0;
  std::int32_t slots = 0;  ///< 0: whole
  std::int32_t slot_stride = 1, slot_shift = 0;
  std::int32_t adder = -1;  ///< op that adds up its rows as they come
  std::int32_t gap = 0;     ///< of wide rows
};

/// Of each tensor of the graph.
std::vector<TensorRows> tensor_rows(const Graph& graph, const MemoryPlan& plan);

/// "static const tn_tensor tn_tensors[] = {...}" with a comment for each tensor.
std::string emit_tensors(const Graph& graph, const std::vector<TensorRows>& rows);
/// "static const tn_segment tn_segments[] = {...}", after the ranges of its patches.
std::string emit_segments(const Graph& graph, const MemoryPlan& plan);
/// "static const uint16_t tn_input_lists[], tn_writers[] = {...}".
std::string emit_links(const Graph& graph);

/// The flow of op `op_index`: rows of padding where it begins.
std::int32_t flow_padding(const Graph& graph, const MemoryPlan& plan, std::size_t op_index);
/// How the plan holds the rows of op `op_index`.
OpRows op_rows(const Graph& graph, const MemoryPlan& plan, std::size_t op_index);
/// Where op `op_index` writes the int8 row that is then turned into a wide one: after its scratch.
std::int64_t turned_row_offset(const Graph& graph, const MemoryPlan& plan, std::size_t op_index);
/// Of the accumulators of an op's output, or -1.
std::int64_t sums_offset(const MemoryPlan& plan, std::int32_t output);

}  // namespace tinynas
