#include "codegen/c_text.h"

#include <charconv>
#include <cstdio>

namespace tinynas {
namespace {

std::string with_point(std::string text) {
  return text.find_first_of(".e") == std::string::npos ? text + ".0" : text;
}

}  // namespace

std::string c_float(float value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.9g", static_cast<double>(value));
  return with_point(text) + "F";
}

std::string c_double(double value) {
  char text[32];
  const auto end = std::to_chars(text, text + sizeof text, value).ptr;
  return with_point({text, end});
}

std::string c_string(const std::string& text) {
  std::string escaped = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\' || c == '?') {  // "??" begins a trigraph
      escaped += std::string("\\") + c;
    } else if (c >= ' ' && c <= '~') {
      escaped += c;
    } else {
      char octal[8];
      std::snprintf(octal, sizeof octal, "\\%03o", static_cast<unsigned>(c) & 0xFFU);
      escaped += octal;
    }
  }
  return escaped + "\"";
}

std::string fill_template(std::string text,
                          const std::vector<std::pair<std::string, std::string>>& values) {
  for (const auto& [name, value] : values) {
    const std::string from = "@" + name + "@";
    for (std::size_t at = text.find(from); at != std::string::npos;
         at = text.find(from, at + value.size())) {
      text.replace(at, from.size(), value);
    }
  }
  return text;
}

}  // namespace tinynas
