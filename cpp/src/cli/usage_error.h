#pragma once
// What was wrong with a command line, in one line with the nearest right word.

#include <string>

namespace CLI {
class App;
class ParseError;
}  // namespace CLI

namespace tinynas {

/// The command that was typed: "tinynas", "tinynas plan", "tinynas mcus show".
std::string typed_command_name(const CLI::App& app);

/// The message for `error`, which parsing with `app` ended in.
std::string usage_message(const CLI::App& app, const CLI::ParseError& error);

/// The message for a word that is left over although parsing succeeded; "" when there is none.
std::string unknown_word_message(const CLI::App& app);

}  // namespace tinynas
