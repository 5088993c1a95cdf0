#pragma once
// One process at a time in a run directory.

#include <string>

namespace tinynas {

/// Holds trials.jsonl of a run directory open and locked until it is destroyed.
class RunLock {
 public:
  /// Makes the file where it is missing, and removes what a killed process left half-written.
  /// Throws BadInput when another process holds the lock or the file cannot be opened.
  explicit RunLock(const std::string& directory);
  ~RunLock();
  RunLock(const RunLock&) = delete;
  RunLock& operator=(const RunLock&) = delete;
  int trials_file() const { return trials_file_; }  ///< open for reading and appending

 private:
  int trials_file_ = -1;
};

}  // namespace tinynas
