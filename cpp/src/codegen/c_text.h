#pragma once
// Pieces of C source.

#include <cstdint>
#include <span>
#include <string>
#include <type_traits>

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

/// "const TYPE NAME[N]". N is rounded up to 4 bytes: then objects in flash follow one another
/// without gaps, in whatever order, and their sizes add up.
template <typename T>
std::string c_array_name(const std::string& type, const std::string& name,
                         std::span<const T> values) {
  constexpr std::size_t kInWord = sizeof(T) < 4 ? 4 / sizeof(T) : 1;
  const std::size_t count = (values.size() + kInWord - 1) / kInWord * kInWord;
  return "const " + type + " " + name + "[" + std::to_string(count) + "]";
}

/// "const TYPE NAME[N] = {...};" with at least one value.
template <typename T>
std::string c_array(const std::string& type, const std::string& name, std::span<const T> values) {
  return c_array_name(type, name, values) + " = {\n" + c_values(values) + "};\n";
}

}  // namespace tinynas
