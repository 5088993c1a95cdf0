#include "cli/settings.h"

#include <CLI/App.hpp>
#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <optional>

#include "base/toml_reader.h"

namespace tinynas {
namespace {

/// One option that a file or the environment may set.
struct Setting {
  std::string flag;               // "--reserve-sram"
  std::string short_names;        // "q"
  std::vector<std::string> keys;  // "reserve-sram", "reserve_sram"
  std::string environment;        // "TINYNAS_RESERVE_SRAM"
};

std::vector<Setting> settings_of(const std::vector<CLI::App*>& commands) {
  std::vector<Setting> settings;
  for (CLI::App* command : commands) {
    for (CLI::Option* option : command->get_options()) {
      if (option->get_lnames().empty() || !option->get_configurable()) continue;
      Setting setting;
      const std::string name = option->get_lnames().front();
      std::string underscored = name;
      std::replace(underscored.begin(), underscored.end(), '-', '_');
      setting.flag = "--" + name;
      for (const std::string& letter : option->get_snames()) setting.short_names += letter;
      setting.keys = {name};
      if (underscored != name) setting.keys.push_back(underscored);
      setting.environment = "TINYNAS_";
      for (const unsigned char c : underscored) {
        setting.environment += static_cast<char>(std::toupper(c));
      }
      settings.push_back(std::move(setting));
    }
  }
  return settings;
}

bool was_typed(const Setting& setting, const std::vector<std::string>& typed) {
  return std::any_of(typed.begin(), typed.end(), [&](const std::string& word) {
    const bool is_short = word.size() > 1 && word[0] == '-' && word[1] != '-';
    return word == setting.flag || word.starts_with(setting.flag + "=") ||
           (is_short && word.find_first_of(setting.short_names) != std::string::npos);
  });
}

std::optional<std::string> environment_value(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  if (value == nullptr || *value == '\0') return std::nullopt;
  return value;
}

/// The last --config typed, else TINYNAS_CONFIG.
std::optional<std::string> config_path(const std::vector<std::string>& typed) {
  std::optional<std::string> path = environment_value("TINYNAS_CONFIG");
  for (std::size_t i = 0; i < typed.size(); ++i) {
    if (typed[i] == "--config" && i + 1 < typed.size()) path = typed[i + 1];
    if (typed[i].starts_with("--config=")) path = typed[i].substr(9);
  }
  return path;
}

/// The command that was typed, from the root down, and where its own arguments start.
struct TypedCommand {
  std::vector<CLI::App*> path;
  std::size_t arguments_at = 0;
};

TypedCommand find_command(CLI::App& app, const std::vector<std::string>& typed) {
  TypedCommand found{{&app}, 0};
  for (std::size_t i = 0; i < typed.size(); ++i) {
    const bool is_config_path = i > 0 && typed[i - 1] == "--config";
    if (is_config_path || typed[i].starts_with("-")) continue;
    const auto children = found.path.back()->get_subcommands(
        [&](const CLI::App* child) { return child->get_name() == typed[i]; });
    if (children.empty()) break;
    found.path.push_back(children.front());
    found.arguments_at = i + 1;
  }
  return found;
}

struct Value {
  std::vector<std::string> texts;
  std::string origin;
};
using Values = std::map<std::string, Value>;  // by flag

void read_table(const TomlTable& table, const std::vector<Setting>& settings, Values& values) {
  for (const Setting& setting : settings) {
    for (const std::string& key : setting.keys) {
      if (table.has(key)) {
        values[setting.flag] = {table.get_texts(key), table.location(key)};
      }
    }
  }
}

/// Checks the tables of every command, and returns what the file says about `command`. A command
/// that takes anything is one that this build lacks: its keys are not known here.
bool is_an_option(CLI::App& app, const std::string& name) {
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (command->get_option_no_throw("--" + name) != nullptr) return true;
  }
  return false;
}

Values read_config(CLI::App& app, const TypedCommand& command, const std::string& path) {
  Values values;
  const TomlTable file = TomlTable::load_file(path);
  read_table(file, settings_of(command.path), values);
  for (CLI::App* other : app.get_subcommands([](const CLI::App*) { return true; })) {
    const std::string name = other->get_name();
    if (!file.has(name) || other->get_allow_extras()) continue;
    // `data` is a command, and `data = "..."` the option of others.
    if (is_an_option(app, name) && !file.has_table(name)) continue;
    const TomlTable table = file.get_table(other->get_name());
    const bool chosen = command.path.size() > 1 && command.path[1] == other;
    Values unused;
    read_table(table, settings_of(chosen ? command.path : std::vector<CLI::App*>{&app, other}),
               chosen ? values : unused);
    table.finish();
  }
  if (!command.path.back()->get_allow_extras()) file.finish();
  return values;
}

void append(const std::string& flag, const std::string& value, std::vector<std::string>& words) {
  if (value.empty()) {
    words.push_back(flag);  // "--flag=" would take the next word for its value
    words.push_back(value);
  } else {
    words.push_back(flag + "=" + value);
  }
}

}  // namespace

ResolvedArguments resolve_arguments(CLI::App& app, const std::vector<std::string>& typed) {
  ResolvedArguments resolved{typed, {}};
  const TypedCommand command = find_command(app, typed);
  Values values;
  if (const auto path = config_path(typed)) values = read_config(app, command, *path);
  std::vector<std::string> added;
  for (const Setting& setting : settings_of(command.path)) {
    if (was_typed(setting, typed)) continue;
    if (const auto value = environment_value(setting.environment)) {
      values[setting.flag] = {{*value}, setting.environment};
    }
    const auto found = values.find(setting.flag);
    if (found == values.end()) continue;
    for (const std::string& text : found->second.texts) append(setting.flag, text, added);
    resolved.origins[setting.flag] = found->second.origin;
  }
  resolved.arguments.insert(
      resolved.arguments.begin() + static_cast<std::ptrdiff_t>(command.arguments_at), added.begin(),
      added.end());
  return resolved;
}

std::string ResolvedArguments::explain(const std::string& message) const {
  for (const auto& [flag, origin] : origins) {
    for (auto at = message.find(flag); at != std::string::npos; at = message.find(flag, at + 1)) {
      const std::size_t end = at + flag.size();
      const bool whole_word =
          end == message.size() ||
          (message[end] != '-' && std::isalnum(static_cast<unsigned char>(message[end])) == 0);
      if (whole_word) return message + " (" + flag + " comes from " + origin + ")";
    }
  }
  return message;
}

}  // namespace tinynas
