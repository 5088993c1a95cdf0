#include "tinynas/bytes.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <optional>

#include "tinynas/error.h"

namespace tinynas {

namespace {

/// "1.5 MiB" as 1.5 and "mib"; nothing where it does not begin with a number that is not negative.
struct NumberWithUnit {
  double value = 0;
  std::string unit;  ///< lower case, without spaces
};
std::optional<NumberWithUnit> read_number(std::string_view text) {
  NumberWithUnit read;
  const char* end = text.data() + text.size();
  const auto [rest, error] =
      std::from_chars(text.data(), end, read.value, std::chars_format::fixed);
  if (error != std::errc() || !std::isfinite(read.value) || std::signbit(read.value)) {
    return std::nullopt;
  }
  for (const char* c = rest; c != end; ++c) {
    if (*c == ' ') continue;
    read.unit.push_back(static_cast<char>(std::tolower(static_cast<unsigned char>(*c))));
  }
  return read;
}

/// Whole and below what a double holds exactly.
bool is_count(double value) { return value == std::floor(value) && value <= 1e15; }

}  // namespace

std::int64_t parse_bytes(std::string_view text, std::string_view what) {
  const auto read = read_number(text);
  double scale = 0;
  if (read) {
    const std::string& unit = read->unit;
    if (unit.empty() || unit == "b") scale = 1;
    if (unit == "k" || unit == "kb" || unit == "kib") scale = 1024;
    if (unit == "m" || unit == "mb" || unit == "mib") scale = 1024.0 * 1024;
  }
  const double bytes = read ? read->value * scale : 0;
  if (scale == 0 || !is_count(bytes)) {
    throw BadInput(std::string(what) + ": '" + std::string(text) +
                   "' is not a number of bytes; write for example 320KiB or 1MiB");
  }
  return static_cast<std::int64_t>(bytes);
}

std::int64_t parse_count(std::string_view text, std::string_view what) {
  const auto read = read_number(text);
  double scale = 0;
  if (read) {
    if (read->unit.empty()) scale = 1;
    if (read->unit == "k") scale = 1e3;
    if (read->unit == "m") scale = 1e6;
  }
  const double count = read ? std::round(read->value * scale * 1e6) / 1e6 : 0;
  if (scale == 0 || !is_count(count) || count < 1) {
    throw BadInput(std::string(what) + ": '" + std::string(text) +
                   "' is not a count of 1 or more; write for example 12500000 or 12.5M");
  }
  return static_cast<std::int64_t>(count);
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
