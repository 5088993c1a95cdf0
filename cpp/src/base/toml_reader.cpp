#include "base/toml_reader.h"

#include <algorithm>
#include <cmath>
#include <iomanip>
#include <sstream>

#define TOML_HEADER_ONLY 1
#include <toml++/toml.h>

#include "base/files.h"
#include "tinynas/bytes.h"
#include "tinynas/error.h"

namespace tinynas {

struct TomlTable::State {
  std::shared_ptr<toml::table> document;
  const toml::table* table = nullptr;
  std::string source;
  std::string prefix;  // "stage[1]." in front of key names in messages
  std::vector<std::string> asked;

  const toml::node* find(const std::string& key) {
    if (std::find(asked.begin(), asked.end(), key) == asked.end()) asked.push_back(key);
    return table->get(key);
  }
  [[noreturn]] void fail(const toml::node* node, const std::string& key,
                         const std::string& message) const {
    const auto line = (node != nullptr ? node->source() : table->source()).begin.line;
    throw BadInput(source + ":" + std::to_string(std::max<std::size_t>(line, 1)) + ": " + prefix +
                   key + ": " + message);
  }
  const toml::node& need(const std::string& key) {
    const toml::node* node = find(key);
    if (node == nullptr) fail(nullptr, key, "is missing");
    return *node;
  }
};

namespace {

std::string range_text(double low, double high) {
  auto text = [](double v) {
    std::string s = std::to_string(v);
    s.erase(s.find_last_not_of('0') + 1);
    if (!s.empty() && s.back() == '.') s.pop_back();
    return s;
  };
  return "must lie between " + text(low) + " and " + text(high);
}

}  // namespace

TomlTable TomlTable::load_file(const std::string& path) { return parse(read_file(path), path); }

TomlTable TomlTable::parse(std::string_view text, const std::string& source) {
  auto state = std::make_shared<State>();
  try {
    state->document = std::make_shared<toml::table>(toml::parse(text, std::string_view(source)));
  } catch (const toml::parse_error& error) {
    throw BadInput(source + ":" + std::to_string(error.source().begin.line) + ":" +
                   std::to_string(error.source().begin.column) +
                   ": not valid TOML: " + std::string(error.description()));
  }
  state->table = state->document.get();
  state->source = source;
  return TomlTable(std::move(state));
}

bool TomlTable::has(const std::string& key) const { return state_->find(key) != nullptr; }

std::string TomlTable::get_string(const std::string& key) const {
  const toml::node& node = state_->need(key);
  if (const auto value = node.value_exact<std::string>()) return *value;
  state_->fail(&node, key, "must be a string");
}

std::int64_t TomlTable::get_int(const std::string& key, std::int64_t low, std::int64_t high) const {
  const toml::node& node = state_->need(key);
  const auto value = node.value_exact<std::int64_t>();
  if (!value) state_->fail(&node, key, "must be an integer");
  if (*value < low || *value > high) {
    state_->fail(&node, key, range_text(static_cast<double>(low), static_cast<double>(high)));
  }
  return *value;
}

namespace {

std::optional<double> number_of(const toml::node& node) {
  if (const auto integer = node.value_exact<std::int64_t>()) return static_cast<double>(*integer);
  if (const auto real = node.value_exact<double>(); real && std::isfinite(*real)) return *real;
  return std::nullopt;
}

}  // namespace

double TomlTable::get_number(const std::string& key, double low, double high) const {
  const toml::node& node = state_->need(key);
  const auto value = number_of(node);
  if (!value) state_->fail(&node, key, "must be a number");
  if (*value < low || *value > high) state_->fail(&node, key, range_text(low, high));
  return *value;
}

bool TomlTable::get_bool(const std::string& key) const {
  const toml::node& node = state_->need(key);
  if (const auto value = node.value_exact<bool>()) return *value;
  state_->fail(&node, key, "must be true or false");
}

std::int64_t TomlTable::get_bytes(const std::string& key) const {
  const toml::node& node = state_->need(key);
  if (const auto value = node.value_exact<std::int64_t>(); value && *value >= 0) return *value;
  const auto text = node.value_exact<std::string>();
  if (!text)
    state_->fail(&node, key, "must be bytes: an integer >= 0, or a string such as \"320KiB\"");
  try {
    return parse_bytes(*text, key);
  } catch (const BadInput&) {
    state_->fail(&node, key,
                 "'" + *text + "' is not a number of bytes; write for example \"320KiB\"");
  }
}

std::vector<double> TomlTable::get_numbers(const std::string& key, double low, double high) const {
  const toml::node& node = state_->need(key);
  std::vector<double> values;
  auto take = [&](const toml::node& item) {
    const auto value = number_of(item);
    if (!value) state_->fail(&item, key, "must be a number or a list of numbers");
    if (*value < low || *value > high) state_->fail(&item, key, range_text(low, high));
    values.push_back(*value);
  };
  if (const toml::array* list = node.as_array()) {
    if (list->empty()) state_->fail(&node, key, "must not be empty");
    for (const toml::node& item : *list) take(item);
  } else {
    take(node);
  }
  return values;
}

std::vector<std::string> TomlTable::get_strings(const std::string& key) const {
  const toml::node& node = state_->need(key);
  const toml::array* list = node.as_array();
  if (list == nullptr) state_->fail(&node, key, "must be a list of strings");
  std::vector<std::string> values;
  for (const toml::node& item : *list) {
    const auto value = item.value_exact<std::string>();
    if (!value) state_->fail(&item, key, "must be a list of strings");
    values.push_back(*value);
  }
  return values;
}

std::vector<std::string> TomlTable::get_texts(const std::string& key) const {
  const toml::node& node = state_->need(key);
  std::vector<std::string> values;
  auto take = [&](const toml::node& item) {
    if (const auto text = item.value_exact<std::string>()) return values.push_back(*text);
    std::ostringstream out;
    if (const auto* integer = item.as_integer()) {
      out << integer->get();
    } else if (const auto* real = item.as_floating_point()) {
      out << std::setprecision(17) << real->get();
    } else if (const auto* flag = item.as_boolean()) {
      out << (flag->get() ? "true" : "false");
    } else {
      state_->fail(&item, key, "must be text, a number, true or false, or a list of these");
    }
    values.push_back(std::move(out).str());
  };
  if (const toml::array* list = node.as_array()) {
    for (const toml::node& item : *list) take(item);
  } else {
    take(node);
  }
  return values;
}

std::string TomlTable::location(const std::string& key) const {
  return state_->source + ":" + std::to_string(state_->need(key).source().begin.line);
}

TomlTable TomlTable::get_table(const std::string& key) const {
  const toml::node& node = state_->need(key);
  if (!node.is_table()) state_->fail(&node, key, "must be a table");
  auto state = std::make_shared<State>(*state_);
  state->table = node.as_table();
  state->prefix = state_->prefix + key + ".";
  state->asked.clear();
  return TomlTable(std::move(state));
}

std::vector<TomlTable> TomlTable::get_tables(const std::string& key) const {
  std::vector<TomlTable> tables;
  const toml::node* node = state_->find(key);
  if (node == nullptr) return tables;
  const toml::array* list = node->as_array();
  if (list == nullptr) state_->fail(node, key, "must be a list of tables: write [[" + key + "]]");
  std::size_t index = 0;
  for (const toml::node& item : *list) {
    if (!item.is_table())
      state_->fail(&item, key, "must be a list of tables: write [[" + key + "]]");
    auto state = std::make_shared<State>(*state_);
    state->table = item.as_table();
    state->prefix = state_->prefix + key + "[" + std::to_string(index++) + "].";
    state->asked.clear();
    tables.push_back(TomlTable(std::move(state)));
  }
  return tables;
}

std::string TomlTable::string_or(const std::string& key, const std::string& fallback) const {
  return has(key) ? get_string(key) : fallback;
}
std::int64_t TomlTable::int_or(const std::string& key, std::int64_t fallback, std::int64_t low,
                               std::int64_t high) const {
  return has(key) ? get_int(key, low, high) : fallback;
}
double TomlTable::number_or(const std::string& key, double fallback, double low,
                            double high) const {
  return has(key) ? get_number(key, low, high) : fallback;
}
bool TomlTable::bool_or(const std::string& key, bool fallback) const {
  return has(key) ? get_bool(key) : fallback;
}

void TomlTable::finish() const {
  for (const auto& [key, node] : *state_->table) {
    const std::string name(key.str());
    if (std::find(state_->asked.begin(), state_->asked.end(), name) == state_->asked.end()) {
      state_->fail(&node, name, "is not a known key" + did_you_mean(name, state_->asked));
    }
  }
}

void TomlTable::fail(const std::string& key, const std::string& message) const {
  state_->fail(key.empty() ? nullptr : state_->table->get(key), key, message);
}

}  // namespace tinynas
