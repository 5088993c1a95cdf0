#pragma once
// What is written in Python: programs inside this one (python/handover) that a Python runs.

#include <string>
#include <string_view>
#include <vector>

#include "tinynas/progress.h"

namespace tinynas {

/// The content of a file of python/handover; made by CMake (tinynas_embedded_files).
std::string handover_source(std::string_view name);

/// The interpreter to use; called by the Python extension, with its own. Without it, that of the
/// source tree's .venv, where scripts/setup made one, else python3 of $PATH.
void set_python_interpreter(const std::string& path);

/// Runs the program `name` with `arguments` in `folder`, an existing one. Throws Error with the
/// program's own exit code and line where it ends with bad input; BadInput with `what` where there
/// is no Python; Error with kInternal for anything else; Interrupted when `stop` says so.
void run_python_program(const std::string& name, const std::vector<std::string>& arguments,
                        const std::string& folder, const std::string& what, const StopFn& stop);

/// This process becomes the program `name`, so that signals, terminal and exit code are its own.
/// The Python package of a source tree is found, and $TINYNAS_EXECUTABLE names this program unless
/// it is set. Throws BadInput with `what` where there is no Python.
[[noreturn]] void become_python_program(const std::string& name,
                                        const std::vector<std::string>& arguments,
                                        const std::string& what);

}  // namespace tinynas
