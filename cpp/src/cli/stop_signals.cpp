#include "cli/stop_signals.h"

#include <csignal>

namespace tinynas {
namespace {

volatile std::sig_atomic_t stop_requested = 0, second_ends = 1;

void request_stop(int signal_number) {
  if (stop_requested != 0 && second_ends != 0) {
    std::signal(signal_number, SIG_DFL);
    std::raise(signal_number);
  }
  stop_requested = 1;
}

}  // namespace

StopFn catch_stop_signals(const ProcessGroup& group) {
  second_ends = group.size == 1 ? 1 : 0;
  for (const int signal_number : {SIGINT, SIGTERM, SIGUSR1})
    std::signal(signal_number, request_stop);
  return [] { return stop_requested != 0; };
}

}  // namespace tinynas
