#pragma once
// What each kernel of the runtime needs besides its tensors: the contract between planner and code
// generator. When a kernel needs other scratch, this is the table that changes.

#include <cstdint>

#include "tinynas/graph.h"
#include "tinynas/memory_plan.h"

namespace tinynas {

struct KernelScratch {
  std::int64_t column_bytes = 0;  ///< sbuf: two int16 im2col columns, or a padded depthwise plane
  std::int64_t kernel_bytes = 0;  ///< kbuf: weights of a convolution widened to int16
};

/// | kernel              | sbuf                  | kbuf             |
/// |---------------------|-----------------------|------------------|
/// | conv2d 1x1          | 4 Cin                 | 0                |
/// | conv2d k x k        | 4 k k Cin             | 2 x weight bytes |
/// | depthwise k x k     | 2 (H + 2p) (W + 2p)   | 0                |
/// | add, avgpool        | 0                     | 0                |
/// The depthwise plane is twice what its int8 values need, and kbuf is reserved for every k x k
/// convolution though only the stem's kernel fills it: that is what the published runtime reserves.
KernelScratch kernel_scratch(const Graph& graph, const Op& op);

/// Whether the kernel can write its output over its input: depthwise, one output channel an input
/// channel (each channel is copied to sbuf, then written over itself).
bool kernel_runs_in_place(const Graph& graph, const Op& op);

/// Read-only data of one op: weights, 4 bytes of bias an output channel, and 4 bytes of
/// requantisation multiplier an output channel (8 for depthwise: shifts too).
void add_op_flash(const Graph& graph, const Op& op, std::int64_t weight_bytes,
                  FlashBreakdown& flash);

/// Requantisation data of the whole network, whatever its ops.
inline constexpr std::int64_t kFixedQuantisationBytes = 4;

}  // namespace tinynas
