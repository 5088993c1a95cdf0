#pragma once

#include "tinynas/process_group.h"

namespace tinynas {

/// The whole command line, for the native executable and the Python console script. Results on
/// stdout, progress and errors on stderr. Returns the process exit code (see ExitCode) and never
/// throws. `group`: for `train`; its leader alone shows progress and results.
int cli_main(int argc, char** argv, const ProcessGroup& group = {});

}  // namespace tinynas
