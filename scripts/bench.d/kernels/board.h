/* An emulated MPS2 board without libc: files of the host by semihosting, instructions by a timer.
 */
#ifndef BENCH_BOARD_H
#define BENCH_BOARD_H

#include <stdint.h>

/* The CMSDK timer counts down at 25 MHz; with -icount shift=6 an instruction takes 64 ns. */
void board_start_timer(void);
uint32_t board_ticks(void);
void board_read_file(const char* name, void* to, uint32_t bytes);
void board_write_file(const char* name, const void* from, uint32_t bytes);

#endif
