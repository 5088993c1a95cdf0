#pragma once

namespace tinynas {

/// The whole command line, for the native executable and the Python console script. Results on
/// stdout, progress and errors on stderr. Returns the process exit code (see ExitCode) and never
/// throws.
int cli_main(int argc, char** argv);

}  // namespace tinynas
