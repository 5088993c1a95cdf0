#include "base/toml_keys.h"

#include <algorithm>

#include "tinynas/error.h"

namespace tinynas {
namespace {

constexpr int kMaxKeyParts = 16;  // inline tables (at most 256 deep) multiply it

/// Follows a text as far as it is sound; what comes behind a mistake is toml++'s to refuse.
class KeyCheck {
 public:
  KeyCheck(std::string_view text, const std::string& source) : text_(text), source_(source) {}

  void run() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '#') {
        skip_to_line_end();
      } else if (c == '"' || c == '\'') {
        skip_string(c);
      } else {
        count_key_parts(c);
        ++at_;
      }
    }
  }

 private:
  /// Each part is a table in a table, which toml++ takes down recursively.
  void count_key_parts(char c) {
    constexpr std::string_view kEnds = "=,\n[]{}";
    if (kEnds.find(c) != std::string_view::npos) dots_ = 0;
    if (c == '.' && ++dots_ > kMaxKeyParts) {
      fail("a key of more than " + std::to_string(kMaxKeyParts) + " parts");
    }
  }

  [[noreturn]] void fail(const std::string& message) const {
    const auto line =
        std::count(text_.begin(), text_.begin() + static_cast<std::ptrdiff_t>(at_), '\n');
    throw BadInput(source_ + ":" + std::to_string(line + 1) + ": not valid TOML: " + message);
  }

  void skip_to_line_end() { at_ = std::min(text_.find('\n', at_), text_.size()); }

  void skip_string(char quote) {
    const bool several_lines = text_.substr(at_).starts_with(std::string(3, quote));
    const std::string end(several_lines ? 3 : 1, quote);
    at_ += end.size();
    while (at_ < text_.size() && !text_.substr(at_).starts_with(end)) {
      if (text_[at_] == '\n' && !several_lines) return;  // a mistake
      at_ += text_[at_] == '\\' && quote == '"' ? 2 : 1;
    }
    at_ = std::min(at_ + end.size(), text_.size());
    // Up to two quotes may stand before the three that end it.
    while (several_lines && at_ < text_.size() && text_[at_] == quote) ++at_;
  }

  std::string_view text_;
  const std::string& source_;
  std::size_t at_ = 0;
  int dots_ = 0;  ///< since the key at hand began
};

}  // namespace

void check_toml_keys(std::string_view text, const std::string& source) {
  KeyCheck(text, source).run();
}

}  // namespace tinynas
