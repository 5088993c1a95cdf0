#pragma once
// Runs cli_main as a process of its own, with its own arguments, environment and streams.

#include <map>
#include <string>
#include <vector>

namespace tinynas::testing {

struct CliResult {
  int code = -1;    ///< exit code, or -1 when a signal ended it
  int signal = 0;   ///< the signal, or 0
  std::string out;  ///< stdout
  std::string err;  ///< stderr
};

struct CliSetup {
  std::map<std::string, std::string> environment = {};  ///< besides the test's own
  std::string stdout_path = {};  ///< write stdout here instead of capturing it
  bool closed_pipe = false;      ///< stdout is a pipe that nobody reads
  bool ignore_sigpipe = false;   ///< as in a Python process
};

CliResult run_cli(const std::vector<std::string>& arguments, const CliSetup& setup = {});

/// `text` has exactly one line, which ends with a newline.
bool is_one_line(const std::string& text);

}  // namespace tinynas::testing
