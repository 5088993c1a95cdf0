/* Runs the network again and again on an image that is made here, times it, and compares its output
 * with that of the interpreter on the host. Free to use: put your own image in its place. */
#include "board.h"
#include "board_config.h"
#include "model.h"

volatile board_result_type board_result;

__attribute__((weak)) void board_report(void) {}

static int8_t output[TINYNAS_OUTPUT_BYTES];

enum { ROW_BYTES = TINYNAS_INPUT_WIDTH * TINYNAS_INPUT_CHANNELS };

/* A row of an image of noise; the exporter made the same. */
static int make_row(void* context, int row, int8_t* to) {
  uint32_t state = (uint32_t)row * 2654435761u + 1u;
  (void)context;
  for (int i = 0; i < ROW_BYTES; ++i) {
    state = state * 1664525u + 1013904223u;
    to[i] = (int8_t)(uint8_t)(state >> 24);
  }
  return 0;
}

#ifdef TINYNAS_INPUT_BY_ROWS
/* The time is that of the rows too, as with a camera. */
static uint32_t timed_inference(void) {
  timer_begin();
  tinynas_invoke_rows(make_row, 0, output);
  return timer_end();
}
#else
static uint32_t timed_inference(void) {
  int8_t* input = tinynas_input();
  for (int row = 0; row < TINYNAS_INPUT_HEIGHT; ++row) make_row(0, row, input + row * ROW_BYTES);
  timer_begin();
  tinynas_invoke(input, output);
  return timer_end();
}
#endif

static uint32_t checksum(const int8_t* bytes, int count) {
  uint32_t hash = 2166136261u;
  for (int i = 0; i < count; ++i) hash = (hash ^ (uint8_t)bytes[i]) * 16777619u;
  return hash;
}

int main(void) {
  timer_begin();
  const uint32_t idle = timer_end();
  for (;;) {
    const uint32_t cycles = timed_inference() - idle;
    const uint32_t hash = checksum(output, TINYNAS_OUTPUT_BYTES);
    board_result.cycles = cycles;
    board_result.output_checksum = hash;
    board_result.output_as_expected = hash == BOARD_EXPECTED_CHECKSUM;
    board_result.stack_bytes = stack_used();
    ++board_result.runs;
    board_report();
  }
}
