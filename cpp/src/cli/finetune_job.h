#pragma once
// `tinynas train --finetune RUN`: the run, its supernet and its images put together. Needs torch.

#include <string>
#include <vector>

#include "cli/training_options.h"
#include "tinynas/finetune.h"

namespace tinynas {

/// What is asked, as typed. Empty strings mean what the run names.
struct FinetuneRequest : TrainingRequest {
  std::string run_dir, supernet;
  FinetuneOptions options;  ///< what is not in `recipe` or `typed`
};

/// One line a set of weights: accuracies and how it was quantised.
std::string stages_table(const std::vector<FinetuneStage>& stages);

/// Returns the table for people, "" where another process of the group does. Throws BadInput,
/// Interrupted.
std::string run_finetune_job(const FinetuneRequest& request, const ProgressFn& progress,
                             const StopFn& stop);

}  // namespace tinynas
