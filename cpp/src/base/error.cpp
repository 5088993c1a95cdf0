#include "tinynas/error.h"

#include <string_view>

namespace tinynas {
namespace {

/// Length of the UTF-8 sequence that `text` begins with; 0 where it is none.
std::size_t sequence_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  return length;
}

bool is_control(std::string_view sequence) {
  const auto first = static_cast<unsigned char>(sequence[0]);
  if (sequence.size() == 1) return first < 0x20 || first == 0x7F;
  const bool c1 = first == 0xC2 && static_cast<unsigned char>(sequence[1]) < 0xA0;
  return c1 || sequence == "\u2028" || sequence == "\u2029";
}

}  // namespace

std::string printable_line(const std::string& text) {
  std::string line;
  for (std::size_t at = 0; at < text.size();) {
    const std::string_view rest = std::string_view(text).substr(at);
    const std::size_t length = sequence_length(rest);
    if (text[at] == '\n') {
      line += ' ';
    } else if (length == 0 || is_control(rest.substr(0, length))) {
      line += '?';
    } else {
      line += rest.substr(0, length);
    }
    at += length == 0 ? 1 : length;
  }
  return line;
}

}  // namespace tinynas
