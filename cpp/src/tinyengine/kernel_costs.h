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

/// The published runtime (RuntimeRules::kTinyEngine):
/// | kernel              | sbuf                  | kbuf             |
/// |---------------------|-----------------------|------------------|
/// | conv2d 1x1          | 4 Cin                 | 0                |
/// | conv2d k x k        | 4 k k Cin             | 2 x weight bytes |
/// | depthwise k x k     | 2 (H + 2p) (W + 2p)   | 0                |
/// | others              | 0                     | 0                |
/// The depthwise plane is twice what its int8 values need, and kbuf is reserved for every k x k
/// convolution though only the stem's kernel fills it: that is what the published runtime reserves.
KernelScratch published_scratch(const Graph& graph, const Op& op);

/// Ours (RuntimeRules::kTinyNas), for one row of the output, in bytes. `columns` is how many
/// columns of the input the kernel sees at most: its width, or that of a patch.
/// | kernel                     | scratch               | why                                     |
/// |----------------------------|-----------------------|-----------------------------------------|
/// | conv2d                     | 4 kh kw Cin           | two int16 im2col columns for SMLAD      |
/// | depthwise, int8 rows       | 2 kh (columns + 2 kw) | kh int16 rows of one channel, padded    |
/// | depthwise, wide rows       | 0                     | its ring holds int16 rows already       |
/// | fully_connected            | 0                     | both operands widened in registers      |
/// | avgpool, mean              | 4 C                   | int32 sums of one output pixel          |
/// | others                     | 0                     |                                         |
/// | writing wide rows          | + wide_row_scratch()  | an int8 row that is then turned         |
///
/// Depthwise has two kernels, because speed and bytes conflict (DepthwiseRows). SMLAD wants int16
/// pairs. The first kernel has an int8 NHWC ring and widens kh rows of a channel for each row of
/// the output, rows two by two. The second reads a ring of int16 rows, channel by channel, that its
/// producer writes, a convolution two pixels with one STR: nothing is widened, but the ring, often
/// the largest buffer there is, takes twice the bytes and the output cannot lie over its dead slot.
/// Without SMLAD it saves 3 to 6 % of a network's instructions; with it little, as neighbours in a
/// row pair worse than rows do. This function is for int8 rows alone.
std::int64_t row_kernel_scratch(const Graph& graph, const Op& op, std::int32_t columns);

/// What an op needs besides, where it writes `columns` columns of a wide ring: convolutions
/// nothing; others write an int8 row, which is then turned channel by channel.
std::int64_t wide_row_scratch(const Graph& graph, const Op& op, std::int32_t columns);

/// Whether the op's kernel can read a wide ring: depthwise, one output channel an input channel.
bool kernel_reads_wide_rows(const Graph& graph, const Op& op);

/// A slot of a wide ring, as Placement::wide lays it out: element (x, channel) at gap + channel *
/// pitch + x.
struct WideSlot {
  std::int32_t gap = 0;    ///< elements, an even number
  std::int64_t pitch = 0;  ///< elements
  std::int64_t bytes = 0;
};
/// Of the input of `reader`, a depthwise op, with `columns` columns.
WideSlot wide_slot(const Graph& graph, const Op& reader, std::int32_t columns);

/// Elements that a depthwise kernel on int8 rows widens for one row of its output; other kernels 0.
std::int64_t widened_per_row(const Graph& graph, const Op& op, std::int64_t columns);

/// Whether the published kernel can write its output over its input: depthwise, one output channel
/// an input channel (each channel is copied to sbuf, then written over itself).
bool kernel_runs_in_place(const Graph& graph, const Op& op);

/// Adds the read-only data of one op: weights, 4 bytes of bias an output channel, and
/// requantisation. kTinyEngine: a 4-byte multiplier a channel, for depthwise 4 bytes of shift too.
/// kTinyNas and kTflm: a 4-byte multiplier and a 1-byte shift a channel, shifts rounded up to 4
/// bytes an op.
void add_op_flash(const Graph& graph, const Op& op, const RuntimeModel& runtime,
                  FlashBreakdown& flash);

/// Requantisation data of the whole network, whatever its ops.
std::int64_t fixed_quantisation_bytes(const RuntimeModel& runtime);

}  // namespace tinynas
