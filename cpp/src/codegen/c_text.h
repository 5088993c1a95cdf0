#pragma once
// Pieces of C source.

#include <cstdint>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace tinynas {

/// C reads -2147483648 as minus a number that no int holds.
inline std::string c_int32(std::int32_t value) {
  return value == INT32_MIN ? "(-2147483647 - 1)" : std::to_string(value);
}

/// "1, 2, 3," in lines of at most 100 characters, indented by two.
inline std::string c_items(std::span<const std::string> items) {
  std::string text, line = "  ";
  for (const std::string& item : items) {
    if (line.size() + item.size() + 1 > 100) {
      text += line + "\n";
      line = "  ";
    }
    line += (line.size() > 2 ? " " : "") + item + ",";
  }
  return line.size() > 2 ? text + line + "\n" : text;
}

/// "const TYPE NAME[N]" of int8_t, uint16_t and the like. N is rounded up to 4 bytes: then objects
/// in flash follow one another without gaps, in whatever order, and their sizes add up.
inline std::string c_array_name(const std::string& type, const std::string& name,
                                std::size_t values) {
  const std::size_t in_word = type.ends_with("int8_t") ? 4 : type.ends_with("int16_t") ? 2 : 1;
  const std::size_t count = (values + in_word - 1) / in_word * in_word;
  return "const " + type + " " + name + "[" + std::to_string(count) + "]";
}

/// "const TYPE NAME[N] = {...};" with at least one value. An item may be a macro of several.
inline std::string c_array_of_text(const std::string& type, const std::string& name,
                                   std::size_t values, std::span<const std::string> items) {
  return c_array_name(type, name, values) + " = {\n" + c_items(items) + "};\n";
}

/// Each value as an item.
template <typename T>
std::vector<std::string> c_values(std::span<const T> values) {
  std::vector<std::string> items;
  for (const T value : values) {
    if constexpr (std::is_same_v<T, std::int32_t>) {
      items.push_back(c_int32(value));
    } else {
      items.push_back(std::to_string(std::int64_t{value}));
    }
  }
  return items;
}

/// c_array_of_text of values.
template <typename T>
std::string c_array(const std::string& type, const std::string& name, std::span<const T> values) {
  return c_array_of_text(type, name, values.size(), c_values(values));
}

/// As C reads it back to the same number: "0.25F", "0.1".
std::string c_float(float value);
std::string c_double(double value);

/// "\"text\"", with escapes for all but printable ASCII.
std::string c_string(const std::string& text);

/// `text` with every "@NAME@" replaced by its value.
std::string fill_template(std::string text,
                          const std::vector<std::pair<std::string, std::string>>& values);

}  // namespace tinynas
