#pragma once
// `tinynas train --subnet` and `--network`: one network, its images and its folder put together.
// Needs torch.

#include <string>

#include "cli/training_options.h"
#include "tinynas/standalone.h"

namespace tinynas {

/// What is asked, as typed.
struct StandaloneRequest : TrainingRequest {
  std::string subnet, space;  ///< a network of a space, or
  std::string network;        ///< one given layer by layer
  int image_size = 0;         ///< 0: of a subnet, the space's largest resolution; else as stored
  StandaloneOptions options;  ///< what is not in `recipe` or `typed`
};

/// Writes subnet.json too where a space is named. Returns the table for people,
/// "" where another process of the group does. Throws BadInput, Interrupted.
std::string run_standalone_job(const StandaloneRequest& request, const ProgressFn& progress,
                               const StopFn& stop);

}  // namespace tinynas
