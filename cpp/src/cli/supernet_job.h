#pragma once
// `tinynas train --space S`: the space, its recipe, its images and what fits put together. Needs
// torch.

#include <string>

#include "cli/mcu_options.h"
#include "cli/training_options.h"
#include "tinynas/progress.h"

namespace tinynas {

/// What is asked, as typed.
struct SupernetRequest : TrainingRequest {
  std::string space = "fashion-mnist", out;
  bool dry_run = false;
  McuOptions mcu;  ///< random subnets of the training are those that fit
};

/// Returns what is to be said on stdout: where the supernet lies, or what would be trained. Throws
/// BadInput, Interrupted.
std::string run_supernet_job(const SupernetRequest& request, const ProgressFn& progress,
                             const StopFn& stop);

}  // namespace tinynas
