#pragma once
// Other programs, run to their end.

#include <chrono>
#include <string>
#include <vector>

#include "tinynas/progress.h"

namespace tinynas {

struct ChildResult {
  int exit_code = 0;       ///< 128 + signal where a signal ended it
  bool timed_out = false;  ///< it was killed at the limit
  std::string output;      ///< stdout and stderr
};

/// Whether $PATH has a program of that name.
bool has_program(const std::string& name);

/// Runs `arguments` (the first is looked up in $PATH) in `folder`, where it also leaves its log.
/// Throws Interrupted, with the program killed, when `stop` says so; BadInput when it cannot start.
ChildResult run_child(const std::vector<std::string>& arguments, const std::string& folder,
                      std::chrono::seconds limit, const StopFn& stop);

/// A new folder in $TMPDIR, removed with what it holds.
class WorkFolder {
 public:
  WorkFolder();
  ~WorkFolder();
  WorkFolder(const WorkFolder&) = delete;
  WorkFolder& operator=(const WorkFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace tinynas
