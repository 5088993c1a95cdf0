#include <CLI/App.hpp>
#include <algorithm>
#include <memory>
#include <ostream>

#include "base/files.h"
#include "cli/commands.h"
#include "cli/completion_script.h"
#include "tinynas/error.h"

namespace tinynas {
namespace {

const std::vector<std::string> kShells{"bash", "zsh", "fish"};

int complete(const CLI::App& app, CliContext& context, const std::string& shell) {
  if (std::find(kShells.begin(), kShells.end(), shell) == kShells.end()) {
    throw BadInput("unknown shell '" + shell + "'" + did_you_mean(shell, kShells) +
                   ": bash, zsh and fish are known");
  }
  context.out << completion_script(app, context, shell);
  return 0;
}

}  // namespace

void add_completion_command(CLI::App& app, CliContext& context) {
  auto shell = std::make_shared<std::string>();
  CLI::App* command = app.add_subcommand("completion", "Print a shell's completion script");
  CLI::Option* option = command->add_option("shell", *shell, "bash, zsh or fish")->required();
  context.choices[option] = [] { return kShells; };
  command->footer(
      "bash: source <(tinynas completion bash), in ~/.bashrc to keep it.\n"
      "zsh:  tinynas completion zsh > a folder of $fpath, as _tinynas.\n"
      "fish: tinynas completion fish > ~/.config/fish/completions/tinynas.fish");
  command->callback([&app, &context, shell] {
    context.command = [&app, &context, shell] { return complete(app, context, *shell); };
  });
}

}  // namespace tinynas
