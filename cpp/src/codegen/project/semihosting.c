/* Reports on the console of a debugger or an emulator, then ends: 0 as expected, 1 otherwise.
 * Without one of the two the core stops at the first call. Free to use. */
#include "board.h"
#include "board_config.h"

enum { SYS_WRITE0 = 0x04, SYS_EXIT_EXTENDED = 0x20, APPLICATION_EXIT = 0x20026 };

static void call_host(uint32_t operation, const void* argument) {
  register uint32_t r0 __asm__("r0") = operation;
  register const void* r1 __asm__("r1") = argument;
  __asm__ volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
}

__attribute__((noreturn)) static void end(uint32_t code) {
  const uint32_t arguments[2] = {APPLICATION_EXIT, code};
  for (;;) call_host(SYS_EXIT_EXTENDED, arguments);
}

static void print(const char* text) { call_host(SYS_WRITE0, text); }

static void print_number(const char* before, uint32_t value, const char* after) {
  char digits[11];
  int at = 10;
  digits[at] = 0;
  do {
    digits[--at] = (char)('0' + value % 10u);
    value /= 10u;
  } while (value != 0);
  print(before);
  print(digits + at);
  print(after);
}

void board_report(void) {
  print(BOARD_NAME ": ");
  print_number("", board_result.cycles, " cycles");
#if BOARD_CLOCK_HZ > 0
  print_number(" (", board_result.cycles / (BOARD_CLOCK_HZ / 1000u),
               " ms at the clock after reset)");
#endif
  print_number(", stack ", board_result.stack_bytes, " bytes, output ");
  print(board_result.output_as_expected ? "as expected\n" : "NOT as expected\n");
  end(board_result.output_as_expected ? 0 : 1);
}

void board_fault(void) {
  print(BOARD_NAME ": a fault\n");
  end(2);
}
