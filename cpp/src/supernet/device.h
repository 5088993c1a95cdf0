#pragma once

#include <torch/torch.h>

#include <string>

#include "tinynas/process_group.h"

namespace tinynas {

/// Parses "cpu", "cuda", "cuda:1", "mps", and has cuDNN compute the same each time. Throws BadInput
/// when torch does not know or does not see it.
torch::Device parse_device(const std::string& name);
/// The same; in a group "cuda" is the GPU of the process's local rank.
torch::Device parse_device(const std::string& name, const ProcessGroup& group);

/// In which convolutions of the device are fast: channels_last on a CPU, rows of a channel
/// elsewhere (where LibTorch's own depthwise kernels take them).
at::MemoryFormat map_format(torch::Device device);

/// One intra-op thread a task: candidates and shards run side by side instead. Called before any
/// torch work.
void use_one_intra_op_thread();

/// The same for the calling thread. OpenMP keeps its number of threads for each thread apart and
/// oneDNN asks OpenMP, so a pool's worker must be told too: at the start of every task.
void use_one_intra_op_thread_here();

}  // namespace tinynas
