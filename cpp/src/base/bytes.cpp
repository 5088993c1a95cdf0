#include "tinynas/bytes.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <cstdio>

#include "tinynas/error.h"

namespace tinynas {

std::int64_t parse_bytes(std::string_view text, std::string_view what) {
  auto fail = [&]() -> std::int64_t {
    throw BadInput(std::string(what) + ": '" + std::string(text) +
                   "' is not a number of bytes; write for example 320KiB or 1MiB");
  };
  double value = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value, std::chars_format::fixed);
  if (error != std::errc() || !std::isfinite(value) || std::signbit(value)) return fail();
  std::string unit;
  for (const char* c = rest; c != end; ++c) {
    if (*c != ' ') unit.push_back(static_cast<char>(std::tolower(static_cast<unsigned char>(*c))));
  }
  double scale = 0;
  if (unit.empty() || unit == "b") scale = 1;
  if (unit == "k" || unit == "kb" || unit == "kib") scale = 1024;
  if (unit == "m" || unit == "mb" || unit == "mib") scale = 1024.0 * 1024;
  const double bytes = value * scale;
  if (scale == 0 || bytes != std::floor(bytes) || bytes > 1e15) return fail();
  return static_cast<std::int64_t>(bytes);
}

std::string format_bytes(std::int64_t bytes) {
  char text[32];
  const double value = static_cast<double>(bytes);
  if (bytes < 1024) {
    std::snprintf(text, sizeof text, "%lld B", static_cast<long long>(bytes));
  } else if (bytes < 1024 * 1024) {
    std::snprintf(text, sizeof text, "%.1f KiB", value / 1024);
  } else {
    std::snprintf(text, sizeof text, "%.1f MiB", value / (1024 * 1024));
  }
  return text;
}

std::string format_count(std::int64_t value) {
  std::string digits = std::to_string(value < 0 ? -value : value);
  for (std::ptrdiff_t at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3) {
    digits.insert(static_cast<std::size_t>(at), ",");
  }
  return (value < 0 ? "-" : "") + digits;
}

}  // namespace tinynas
