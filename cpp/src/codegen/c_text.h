#pragma once
// Pieces of C source.

#include <cstdint>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace tinynas {

/// "1, 2, 3" in lines of at most 100 characters, indented by two.
template <typename T>
std::string c_values(std::span<const T> values) {
  std::string text, line = "  ";
  for (const T value : values) {
    std::string item = std::to_string(std::int64_t{value}) + ",";
    // C reads -2147483648 as minus a number that no int holds.
    if constexpr (std::is_same_v<T, std::int32_t>) {
      if (value == INT32_MIN) item = "(-2147483647 - 1),";
    }
    if (line.size() + item.size() > 100) {
      text += line + "\n";
      line = "  ";
    }
    line += (line.size() > 2 ? " " : "") + item;
  }
  return line.size() > 2 ? text + line + "\n" : text;
}

/// "const TYPE NAME[N] = {...};" with at least one value.
template <typename T>
std::string c_array(const std::string& type, const std::string& name, std::span<const T> values) {
  return "const " + type + " " + name + "[" + std::to_string(values.size()) + "] = {\n" +
         c_values(values) + "};\n";
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
