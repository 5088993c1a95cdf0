#pragma once
// Shell completion, generated from the commands themselves so that it cannot lag behind.

#include <string>

#include "cli/commands.h"

namespace tinynas {

/// The script for "bash", "zsh" or "fish".
std::string completion_script(const CLI::App& app, const CliContext& context,
                              const std::string& shell);

}  // namespace tinynas
