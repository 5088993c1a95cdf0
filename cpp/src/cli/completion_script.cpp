#include "cli/completion_script.h"

#include <CLI/App.hpp>
#include <algorithm>
#include <vector>

namespace tinynas {
namespace {

struct CompletedOption {
  std::vector<std::string> names;  // "--quiet", "-q"; empty for a positional
  std::string description;
  bool takes_value = false;
  std::vector<std::string> choices;  // empty: files, where a value is taken
};

struct CompletedCommand {
  std::string path;                                           // "", "/mcus", "/mcus/show"
  std::vector<std::pair<std::string, std::string>> children;  // name, description
  std::vector<CompletedOption> options, positionals;
};

std::vector<std::string> choices_of(const CLI::Option* option, const CliContext& context) {
  const auto found = context.choices.find(option);
  return found == context.choices.end() ? std::vector<std::string>{} : found->second();
}

void collect(const CLI::App& app, const CliContext& context, const std::string& path,
             const std::vector<CompletedOption>& inherited, std::vector<CompletedCommand>& into) {
  CompletedCommand command{path, {}, inherited, {}};
  for (const CLI::Option* option : app.get_options([](const CLI::Option*) { return true; })) {
    CompletedOption completed;
    for (const std::string& name : option->get_lnames()) completed.names.push_back("--" + name);
    for (const std::string& name : option->get_snames()) completed.names.push_back("-" + name);
    completed.description = option->get_description();
    completed.takes_value = option->get_items_expected_max() > 0;
    completed.choices = choices_of(option, context);
    const bool known =
        std::any_of(inherited.begin(), inherited.end(),
                    [&](const CompletedOption& other) { return other.names == completed.names; });
    if (option->get_positional()) {
      command.positionals.push_back(std::move(completed));
    } else if (!known) {
      command.options.push_back(std::move(completed));
    }
  }
  // A command also takes its parent's options, except --version, which is the root's.
  std::vector<CompletedOption> passed_on = command.options;
  std::erase_if(passed_on,
                [](const CompletedOption& option) { return option.names.front() == "--version"; });
  const auto children = app.get_subcommands([](const CLI::App*) { return true; });
  for (const CLI::App* child : children) {
    command.children.emplace_back(child->get_name(), child->get_description());
  }
  into.push_back(std::move(command));
  for (const CLI::App* child : children) {
    collect(*child, context, path + "/" + child->get_name(), passed_on, into);
  }
}

std::string join(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

/// Body shared by bash and zsh, which differ in how words are offered.
struct ShellDialect {
  std::string offer_words, offer_files;  // printf-like: WORDS is replaced
  std::string offer(const std::vector<std::string>& words) const {
    std::string text = offer_words;
    return text.replace(text.find("WORDS"), 5, join(words));
  }
};

std::string path_cases(const std::vector<CompletedCommand>& commands) {
  std::string text;
  for (const CompletedCommand& command : commands) {
    if (!command.path.empty()) text += "      " + command.path + ") at=" + command.path + " ;;\n";
  }
  return text;
}

std::string value_cases(const std::vector<CompletedCommand>& commands,
                        const ShellDialect& dialect) {
  std::string text;
  for (const CompletedCommand& command : commands) {
    for (const CompletedOption& option : command.options) {
      if (!option.takes_value) continue;
      for (const std::string& name : option.names) {
        text += "    '" + command.path + " " + name + "') " +
                (option.choices.empty() ? dialect.offer_files : dialect.offer(option.choices)) +
                "; return ;;\n";
      }
    }
  }
  return text;
}

std::string word_cases(const std::vector<CompletedCommand>& commands, const ShellDialect& dialect) {
  std::string text;
  for (const CompletedCommand& command : commands) {
    std::vector<std::string> flags, words;
    for (const CompletedOption& option : command.options) {
      flags.insert(flags.end(), option.names.begin(), option.names.end());
    }
    bool files = false;
    for (const auto& [name, description] : command.children) words.push_back(name);
    for (const CompletedOption& positional : command.positionals) {
      files = files || positional.choices.empty();
      words.insert(words.end(), positional.choices.begin(), positional.choices.end());
    }
    text += "    '" + command.path + " -'*) " + dialect.offer(flags) + " ;;\n";
    text += "    '" + command.path + " '*) " +
            (files ? dialect.offer_files : dialect.offer(words)) + " ;;\n";
  }
  return text;
}

std::string bash_script(const std::vector<CompletedCommand>& commands) {
  const ShellDialect dialect{"COMPREPLY=($(compgen -W \"WORDS\" -- \"$cur\"))",
                             "compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "
                             "\"$cur\"))"};
  return "# tinynas completion for bash: source this file.\n"
         "_tinynas() {\n"
         "  local cur=\"${COMP_WORDS[COMP_CWORD]}\" prev=\"${COMP_WORDS[COMP_CWORD-1]}\" at= i\n"
         "  COMPREPLY=()\n"
         "  [[ $prev == = ]] && prev=\"${COMP_WORDS[COMP_CWORD-2]}\"  # --mcu=NAME is three words\n"
         "  [[ $cur == = ]] && cur=\n"
         "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
         "    case \"$at/${COMP_WORDS[i]}\" in\n" +
         path_cases(commands) + "    esac\n  done\n  case \"$at $prev\" in\n" +
         value_cases(commands, dialect) + "  esac\n  case \"$at $cur\" in\n" +
         word_cases(commands, dialect) + "  esac\n}\ncomplete -F _tinynas tinynas\n";
}

std::string zsh_script(const std::vector<CompletedCommand>& commands) {
  const ShellDialect dialect{"compadd -- WORDS", "_files"};
  return "#compdef tinynas\n"
         "_tinynas() {\n"
         "  local at= word\n"
         "  for word in \"${(@)words[2,CURRENT-1]}\"; do\n"
         "    case \"$at/$word\" in\n" +
         path_cases(commands) + "    esac\n  done\n  case \"$at ${words[CURRENT-1]}\" in\n" +
         value_cases(commands, dialect) + "  esac\n  case \"$at ${words[CURRENT]}\" in\n" +
         word_cases(commands, dialect) +
         "  esac\n}\n"
         "if [[ \"${funcstack[1]}\" == _tinynas ]]; then _tinynas \"$@\"; else compdef _tinynas "
         "tinynas; fi\n";
}

std::string fish_quote(const std::string& text) {
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "'";
}

/// "the words of the path were typed, and none of its children".
std::string fish_condition(const CompletedCommand& command) {
  std::string text;
  std::string name;
  for (const char c : command.path + "/") {
    if (c != '/') {
      name += c;
    } else if (!name.empty()) {
      text += (text.empty() ? "" : "; and ") + ("__fish_seen_subcommand_from " + name);
      name.clear();
    }
  }
  if (!command.children.empty()) {
    text += (text.empty() ? "not" : "; and not") + std::string(" __fish_seen_subcommand_from");
    for (const auto& [child, description] : command.children) text += " " + child;
  }
  return fish_quote(text);
}

std::string fish_option(const CompletedOption& option) {
  std::string text;
  for (const std::string& name : option.names) {
    text += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
  }
  if (option.takes_value && option.choices.empty()) text += " -r -F";
  if (option.takes_value && !option.choices.empty()) {
    text += " -x -a " + fish_quote(join(option.choices));
  }
  return text + " -d " + fish_quote(option.description);
}

std::string fish_script(const std::vector<CompletedCommand>& commands) {
  std::string text = "# tinynas completion for fish\ncomplete -c tinynas -f\n";
  for (const CompletedCommand& command : commands) {
    const std::string head = "complete -c tinynas -n " + fish_condition(command);
    for (const auto& [name, description] : command.children) {
      text += head + " -a " + name + " -d " + fish_quote(description) + "\n";
    }
    for (const CompletedOption& positional : command.positionals) {
      text += head +
              (positional.choices.empty() ? " -F" : " -a " + fish_quote(join(positional.choices))) +
              "\n";
    }
    for (const CompletedOption& option : command.options) {
      text += head + fish_option(option) + "\n";
    }
  }
  return text;
}

}  // namespace

std::string completion_script(const CLI::App& app, const CliContext& context,
                              const std::string& shell) {
  std::vector<CompletedCommand> commands;
  collect(app, context, "", {}, commands);
  if (shell == "bash") return bash_script(commands);
  if (shell == "zsh") return zsh_script(commands);
  return fish_script(commands);
}

}  // namespace tinynas
