#pragma once
// `tinynas train --finetune RUN`: the run, its supernet and its images put together. Needs torch.

#include <string>

#include "tinynas/finetune.h"

namespace tinynas {

/// What is asked, as typed. Empty strings mean what the run names.
struct FinetuneRequest {
  std::string run_dir, supernet, data;
  FinetuneOptions options;
};

/// Returns the table for people, "" where another process of the group does. Throws BadInput,
/// Interrupted.
std::string run_finetune_job(const FinetuneRequest& request, const ProgressFn& progress,
                             const StopFn& stop);

}  // namespace tinynas
