#pragma once
// Which C kernel runs an op: what the planner counts and the code generator emits.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "tinynas/graph.h"

namespace tinynas {

/// A kernel of cpp/src/codegen/kernels, as tinynas_kernels.h there has it.
struct CKernel {
  std::string function;                     ///< "tn_conv2d"
  std::string layer_type;                   ///< of its descriptor, "tn_conv_layer"
  std::string file;                         ///< "conv2d.c"
  bool whole = false;                       ///< runs once, on whole tensors
  std::vector<std::string> shared_files{};  ///< others that this one needs
  std::string add_row{};  ///< function that adds up rows of the input as they come, or nothing
};

/// All of them; at most 64.
std::span<const CKernel> c_kernels();

/// How a plan holds the rows of an op.
struct OpRows {
  bool accumulated = false;  ///< its input's are added up as they come (kAccumulators)
  bool wide_input = false;   ///< int16 (Placement::wide)
  bool wide_output = false;  ///< likewise
};

/// Index into c_kernels(), -1 where there is none.
int find_c_kernel(const Graph& graph, const Op& op, const OpRows& rows);

/// Where the op's kernel cannot write a wide row: the kernel that runs it on an int8 row, and then
/// turns that. Else -1.
int find_turning_kernel(const Op& op, const OpRows& rows);

/// What the fast way through the kernels takes of a channel (tn_is_common in tinynas_dsp.h):
/// factors below one half with a right shift up to the first, and sums, in magnitude, below the
/// others.
inline constexpr int kLargestRightShift = 22;  // the nudge of a larger one could overflow
inline constexpr std::int64_t kQuadSumLimit = std::int64_t{1} << 23;  // conv2d
inline constexpr std::int64_t kDepthwiseSumLimit = std::int64_t{1} << 30;

/// What the sums of an output channel of a convolution with weights can be.
struct ChannelSums {
  std::int64_t most = 0;  ///< no sum, nor a part of one, is larger in magnitude
  bool symmetric = true;  ///< no weight is -128
  bool constant = true;   ///< no weight but 0: one sum, whatever the image
};
ChannelSums channel_sums(const Graph& graph, const Op& op, std::size_t channel);

/// Whether a depthwise kernel of one square window runs the op: its weights lie in pairs.
bool has_square_kernel(const Graph& graph, const Op& op);

}  // namespace tinynas
