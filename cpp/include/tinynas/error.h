#pragma once
// Errors that reach a person. Each carries the process exit code that it ends in, and a message of
// one line that names the file, the field and the mend.

#include <stdexcept>
#include <string>

namespace tinynas {

/// Process exit codes, the same for the native executable and the Python console script.
enum class ExitCode : int {
  kOk = 0,
  kInternal = 1,
  kBadInput = 2,
  kNothingFits = 3,
  kUnsupportedOperator = 4,
  kInterrupted = 75,
};

/// Base of every error that tinynas throws on purpose. Anything else that escapes is a defect.
class Error : public std::runtime_error {
 public:
  Error(ExitCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
  ExitCode code() const noexcept { return code_; }

 private:
  ExitCode code_;
};

/// A file, flag, key or value given by the user is wrong (exit code 2).
class BadInput : public Error {
 public:
  explicit BadInput(const std::string& message) : Error(ExitCode::kBadInput, message) {}
};

/// The work was interrupted after a checkpoint (exit code 75).
class Interrupted : public Error {
 public:
  explicit Interrupted(const std::string& message) : Error(ExitCode::kInterrupted, message) {}
};

}  // namespace tinynas
