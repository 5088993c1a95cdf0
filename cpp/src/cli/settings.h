#pragma once
// Options that were not typed: --config file.toml < TINYNAS_* < flags.

#include <map>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace tinynas {

/// Arguments as if everything had been typed, and where each option that was not typed comes from.
struct ResolvedArguments {
  std::vector<std::string> arguments;          ///< without the program's name
  std::map<std::string, std::string> origins;  ///< "--seed" -> "run.toml:3" or "TINYNAS_SEED"
  /// `message`, with the origin of the first option in it that was not typed.
  std::string explain(const std::string& message) const;
};

/// Adds to `typed`, after the name of the command, what the environment and the configuration file
/// say about the command's options: TINYNAS_RESERVE_SRAM for --reserve-sram; in the file
/// `reserve-sram` or `reserve_sram`, at the top or in a table named like the command (which wins).
/// Tables of other commands are checked and left alone. Throws BadInput with file and line for an
/// unreadable file or an unknown key.
ResolvedArguments resolve_arguments(CLI::App& app, const std::vector<std::string>& typed);

}  // namespace tinynas
