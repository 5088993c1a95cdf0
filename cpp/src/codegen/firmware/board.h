/* What the emulated board's own code shares. Its objects are named board_*.o: the linker script
 * keeps them out of the sections and out of the memory of the network under test. */
#ifndef BOARD_H
#define BOARD_H

#include <stdint.h>

/* Set by the linker script. */
extern uint8_t board_stack[], board_stack_end[];        /* that the network runs on */
extern uint8_t board_canary_low[], board_canary_high[]; /* before and after the arena */
extern uint8_t board_arena[], board_arena_end[];

enum { BOARD_CANARY_BYTES = 64 };

/* Files of the host, by semihosting. Any failure ends the run with exit code BOARD_BAD_FILE. */
int board_open(const char* name, int for_writing);
uint32_t board_file_bytes(int file);
void board_read(int file, void* to, uint32_t bytes);
void board_write(int file, const void* from, uint32_t bytes);
void board_close(int file);
__attribute__((noreturn)) void board_exit(uint32_t code);

enum { BOARD_OK = 0, BOARD_BAD_FILE = 70, BOARD_FAULT = 71, BOARD_STOPPED = 72 };

int board_main(void);

#endif
