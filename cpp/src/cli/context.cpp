#include <sys/ioctl.h>
#include <unistd.h>

#include <chrono>
#include <memory>
#include <ostream>

#include "cli/commands.h"
#include "tinynas/error.h"

namespace tinynas {
namespace {

std::size_t terminal_width() {
  winsize size{};
  const bool known = ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1;
  return known ? size.ws_col : 80;
}

}  // namespace

ProgressFn CliContext::progress() {
  if (quiet) return {};
  if (!err_is_tty) {
    return [this](const std::string& line) { err << line << std::endl; };
  }
  return [this](const std::string& line) {
    // A line that wraps could not be rewritten.
    const std::string shown = line.substr(0, terminal_width() - 1);
    const std::size_t blanks = progress_width > shown.size() ? progress_width - shown.size() : 0;
    err << '\r' << shown << std::string(blanks, ' ') << std::flush;
    progress_width = shown.size();
  };
}

ProgressFn CliContext::sparse_progress() {
  using Clock = std::chrono::steady_clock;
  const ProgressFn every = progress();
  if (!every || err_is_tty) return every;
  auto last = std::make_shared<Clock::time_point>(Clock::now());
  return [every, last](const std::string& line) {
    if (Clock::now() - *last < std::chrono::seconds(15)) return;
    *last = Clock::now();
    every(line);
  };
}

void CliContext::end_progress() {
  if (progress_width > 0) err << std::endl;
  progress_width = 0;
}

void print_json(CliContext& context, const Json& document) {
  context.out << document.dump(2) << '\n';
}

void fail_without_torch(const std::string& command) {
  throw BadInput("`tinynas " + command +
                 "` needs torch, and this tinynas was built without it; run ./scripts/setup, or "
                 "build with `cmake --preset release && cmake --build --preset release`");
}

}  // namespace tinynas
