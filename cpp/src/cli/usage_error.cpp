#include "cli/usage_error.h"

#include <CLI/App.hpp>
#include <vector>

#include "base/files.h"

namespace tinynas {
namespace {

std::vector<const CLI::App*> typed_path(const CLI::App& app) {
  std::vector<const CLI::App*> path{&app};
  for (auto parsed = app.get_subcommands(); !parsed.empty();
       parsed = path.back()->get_subcommands()) {
    path.push_back(parsed.back());
  }
  return path;
}

std::vector<std::string> subcommand_names(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::App* child : command.get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(child->get_name());
  }
  return names;
}

std::vector<std::string> flag_names(const std::vector<const CLI::App*>& path) {
  std::vector<std::string> names;
  for (const CLI::App* command : path) {
    for (const CLI::Option* option :
         command->get_options([](const CLI::Option*) { return true; })) {
      for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    }
  }
  return names;
}

/// CLI11's message, in words for people where its own are for programmers.
std::string plain_message(const CLI::ParseError& error) {
  const std::string message = error.what();
  if (dynamic_cast<const CLI::ArgumentMismatch*>(&error) != nullptr) {
    const std::string name = message.substr(0, message.find(':'));
    if (message.ends_with(" missing")) return name + " needs a value";
    if (message.find("but received") != std::string::npos) return name + " is given more than once";
  }
  const std::string conversion = "Could not convert: ";
  const auto equals = message.find(" = ");
  if (message.starts_with(conversion) && equals != std::string::npos) {
    return message.substr(conversion.size(), equals - conversion.size()) + ": '" +
           message.substr(equals + 3) + "' is not a value that it takes";
  }
  return message;
}

std::string with_hint(const std::string& problem, const std::string& suggestion,
                      const CLI::App& app) {
  if (!suggestion.empty()) return problem + suggestion;
  return problem + "; see `" + typed_command_name(app) + " --help`";
}

}  // namespace

std::string typed_command_name(const CLI::App& app) {
  std::string name;
  for (const CLI::App* command : typed_path(app)) {
    name += (name.empty() ? "" : " ") + command->get_name();
  }
  return name;
}

std::string unknown_word_message(const CLI::App& app) {
  const std::vector<std::string> left = app.remaining(true);
  if (left.empty()) return "";
  const std::vector<const CLI::App*> path = typed_path(app);
  const std::string word = left.front();
  if (word.size() > 1 && word[0] == '-') {
    const std::string flag = word.substr(0, word.find('='));
    return with_hint("unknown option '" + flag + "'", did_you_mean(flag, flag_names(path)), app);
  }
  const std::vector<std::string> commands = subcommand_names(*path.back());
  if (commands.empty()) return with_hint("unexpected argument '" + word + "'", "", app);
  return with_hint("unknown command '" + word + "'", did_you_mean(word, commands), app);
}

std::string usage_message(const CLI::App& app, const CLI::ParseError& error) {
  // A misspelt option also leaves "--mcu is required" behind: the slip is the better message.
  const std::string unknown = unknown_word_message(app);
  if (!unknown.empty()) return unknown;
  return with_hint(plain_message(error), "", app);
}

}  // namespace tinynas
