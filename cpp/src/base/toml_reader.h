#pragma once
// TOML files with errors for people: every complaint names file, line and key, and unknown keys are
// refused with the nearest known one. Nothing of toml++ leaves this pair of files.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tinynas {

/// A table of a TOML file. Asking for a key marks it as known; finish() refuses what nobody asked
/// for. Cheap to copy (shares the parsed document). Every getter throws BadInput "FILE:LINE: KEY:
/// ...".
class TomlTable {
 public:
  static TomlTable load_file(const std::string& path);
  static TomlTable parse(std::string_view text, const std::string& source);

  bool has(const std::string& key) const;
  /// Whether `key` is there and a table; what is something else stays unread.
  bool has_table(const std::string& key) const;
  std::string get_string(const std::string& key) const;
  std::int64_t get_int(const std::string& key, std::int64_t low, std::int64_t high) const;
  double get_number(const std::string& key, double low, double high) const;
  bool get_bool(const std::string& key) const;
  /// An integer, or a string such as "320KiB".
  std::int64_t get_bytes(const std::string& key) const;
  /// A list of numbers, or one number (a list of one).
  std::vector<double> get_numbers(const std::string& key, double low, double high) const;
  TomlTable get_table(const std::string& key) const;
  /// [[key]] tables in file order; empty when absent.
  std::vector<TomlTable> get_tables(const std::string& key) const;
  std::vector<std::string> get_strings(const std::string& key) const;

  /// A scalar, or a list of scalars, each as a person would type it on a command line.
  std::vector<std::string> get_texts(const std::string& key) const;
  /// "FILE:LINE" of a key that is there, for messages about its value that come from elsewhere.
  std::string location(const std::string& key) const;

  std::string string_or(const std::string& key, const std::string& fallback) const;
  std::int64_t int_or(const std::string& key, std::int64_t fallback, std::int64_t low,
                      std::int64_t high) const;
  double number_or(const std::string& key, double fallback, double low, double high) const;
  bool bool_or(const std::string& key, bool fallback) const;

  /// Throws for the first key of this table that was never asked for, suggesting the nearest that
  /// was.
  void finish() const;
  /// An error at `key` (or at the table, when the key is absent or empty): for checks across
  /// fields.
  [[noreturn]] void fail(const std::string& key, const std::string& message) const;

 private:
  struct State;
  explicit TomlTable(std::shared_ptr<State> state) : state_(std::move(state)) {}
  std::shared_ptr<State> state_;
};

}  // namespace tinynas
