#pragma once
// Progress for people, interruption for batch systems.

#include <functional>
#include <string>

namespace tinynas {

/// Called with one line of progress; may be empty. Never called from two threads at once.
using ProgressFn = std::function<void(const std::string& line)>;

/// Asked at safe points; true ends the work after a checkpoint with Interrupted. May be empty.
using StopFn = std::function<bool()>;

}  // namespace tinynas
