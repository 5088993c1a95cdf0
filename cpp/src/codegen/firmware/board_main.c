/* Runs the network on every image of inputs.bin and writes outputs.bin and report.txt: what the
 * network did to its stack, to the bytes around its arena, and the ticks that each run took. */
#include "board.h"
#include "model.h"

#define COUNTER (*(volatile const uint32_t*)BOARD_COUNTER)

enum { PAINT = 0xA5, CANARY = 0x5C };

static int8_t input[TINYNAS_INPUT_BYTES], output[TINYNAS_OUTPUT_BYTES];

typedef int (*invoke_function)(const int8_t*, int8_t*);

/* Calls `invoke` on the stack that ends at `stack_end`, which it alone uses then. */
__attribute__((naked, noinline)) static int call_on_stack(
    invoke_function invoke __attribute__((unused)), const int8_t* in __attribute__((unused)),
    int8_t* out __attribute__((unused)), uint8_t* stack_end __attribute__((unused))) {
  __asm__ volatile(
      "push {r4, lr}\n\t"
      "mov r4, sp\n\t"
      "mov sp, r3\n\t"
      "mov r3, r0\n\t"
      "mov r0, r1\n\t"
      "mov r1, r2\n\t"
      "blx r3\n\t"
      "mov sp, r4\n\t"
      "pop {r4, pc}");
}

static int return_at_once(const int8_t* in, int8_t* out) {
  (void)in;
  (void)out;
  return 0;
}

static void fill(uint8_t* from, const uint8_t* end, uint8_t value) {
  for (volatile uint8_t* to = from; to < end; ++to) *to = value;
}

static uint32_t painted(const uint8_t* from, const uint8_t* end, uint8_t value) {
  const uint8_t* at = from;
  while (at < end && *at == value) ++at;
  return (uint32_t)(at - from);
}

/* Nothing that an earlier run or the start-up left may matter. */
static void fill_arena(uint32_t seed) {
  for (uint8_t* to = board_arena; to < board_arena_end; ++to) {
    seed = seed * 1664525u + 1013904223u;
    *to = (uint8_t)(seed >> 24);
  }
}

static int canaries_are_intact(void) {
  return painted(board_canary_low, board_canary_low + BOARD_CANARY_BYTES, CANARY) ==
             BOARD_CANARY_BYTES &&
         painted(board_canary_high, board_canary_high + BOARD_CANARY_BYTES, CANARY) ==
             BOARD_CANARY_BYTES;
}

static void report(int file, const char* name, uint32_t value) {
  char line[64];
  uint32_t length = 0;
  while (name[length] != 0) {
    line[length] = name[length];
    ++length;
  }
  line[length++] = ' ';
  line[length++] = '0';
  line[length++] = 'x';
  for (int shift = 28; shift >= 0; shift -= 4) {
    line[length++] = "0123456789abcdef"[(value >> shift) & 15u];
  }
  line[length++] = '\n';
  board_write(file, line, length);
}

static uint32_t ticks_of(invoke_function invoke, int* stop) {
  const uint32_t begin = COUNTER;
  *stop = call_on_stack(invoke, input, output, board_stack_end);
  return COUNTER - begin;
}

int board_main(void) {
  const int inputs = board_open("inputs.bin", 0);
  const int outputs = board_open("outputs.bin", 1);
  const int results = board_open("report.txt", 1);
  int stop = 0;
  uint32_t left = board_file_bytes(inputs), run = 0;
  report(results, "idle_ticks", ticks_of(return_at_once, &stop));
  fill(board_stack, board_stack_end, PAINT);
  fill(board_canary_low, board_canary_low + BOARD_CANARY_BYTES, CANARY);
  fill(board_canary_high, board_canary_high + BOARD_CANARY_BYTES, CANARY);
  while (left >= TINYNAS_INPUT_BYTES) {
    board_read(inputs, input, TINYNAS_INPUT_BYTES);
    left -= TINYNAS_INPUT_BYTES;
    fill_arena(++run);
    const uint32_t ticks = ticks_of(tinynas_invoke, &stop);
    if (stop != 0) return BOARD_STOPPED;
    board_write(outputs, output, TINYNAS_OUTPUT_BYTES);
    report(results, "ticks", ticks);
  }
  const uint32_t stack_bytes = (uint32_t)(board_stack_end - board_stack);
  report(results, "stack", stack_bytes - painted(board_stack, board_stack_end, PAINT));
  report(results, "canaries", (uint32_t)canaries_are_intact());
  board_close(outputs);
  board_close(results);
  return BOARD_OK;
}
