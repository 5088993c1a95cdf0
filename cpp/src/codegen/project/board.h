/* What the files of this project share. Free to use. */
#ifndef BOARD_H
#define BOARD_H

#include <stdint.h>

/* What main leaves for a debugger: `print board_result`. */
typedef struct {
  uint32_t runs;               /* inferences that have ended */
  uint32_t cycles;             /* of the core's clock that the last one took */
  uint32_t output_checksum;    /* FNV-1a of its output */
  uint32_t output_as_expected; /* 1: equal to that of the interpreter on the host */
  uint32_t stack_bytes;        /* the most that the stack has held so far, main's own included */
} board_result_type;
extern volatile board_result_type board_result;

/* Called after each inference; does nothing unless you define your own, for example to print over a
 * UART. semihosting.c is such a one. */
void board_report(void);

/* Called on a fault; stays there unless you define your own. */
void board_fault(void);

/* Cycles of the core's clock between the two calls, at most 2^32. */
void timer_begin(void);
uint32_t timer_end(void);

/* Bytes of the stack that were ever written to. */
uint32_t stack_used(void);

int main(void);

#endif
