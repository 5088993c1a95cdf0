#pragma once
// What is wrong with one op, told so that a caller can add the file and its own word for the field.

#include <optional>
#include <string>

#include "tinynas/graph.h"

namespace tinynas {

struct OpFault {
  const char*
      field;  ///< as a layer table spells it: "inputs", "k", "stride", "pad", "axis", "in", "out"
  std::string message;
};

/// Limits that keep every sum over a graph within 64 bits.
inline constexpr std::int64_t kMaxTensorBytes = std::int64_t{64} << 20;
inline constexpr std::int64_t kMaxWeightBytes = std::int64_t{256} << 20;
inline constexpr std::int64_t kMaxOpMacs = std::int64_t{1} << 48;
inline constexpr std::size_t kMaxOps = 1024;

/// The fault of a windowed op whose output has another size than its input and window give.
OpFault output_does_not_follow(const Op& op, const Shape& in, const Shape& out);

/// Fault of op `op_index` whose tensor indices are valid: arity, kernel, stride, padding, shapes,
/// sizes. Nothing when it is sound.
std::optional<OpFault> find_op_fault(const Graph& graph, std::size_t op_index);

}  // namespace tinynas
