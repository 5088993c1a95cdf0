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

/// `text` on one line, whatever a file put into it: a newline becomes a space, other control
/// characters (which could drive a terminal) and what is no UTF-8 become '?'.
std::string printable_line(const std::string& text);

/// Base of every error that tinynas throws on purpose. Anything else that escapes is a defect.
class Error : public std::runtime_error {
 public:
  /// The message is kept as printable_line() of it.
  Error(ExitCode code, const std::string& message)
      : std::runtime_error(printable_line(message)), code_(code) {}
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
