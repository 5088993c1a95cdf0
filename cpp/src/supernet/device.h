#pragma once

#include <torch/torch.h>

#include <string>

namespace tinynas {

/// Parses "cpu", "cuda", "cuda:1", "mps". Throws BadInput when torch does not know or does not see
/// it.
torch::Device parse_device(const std::string& name);

/// One intra-op thread a task: candidates and shards run side by side instead. Called before any
/// torch work.
void use_one_intra_op_thread();

}  // namespace tinynas
