/* Semihosting: the emulator opens, reads and writes files of the host for the board. */
#include "board.h"

enum {
  SYS_OPEN = 0x01,
  SYS_CLOSE = 0x02,
  SYS_WRITE = 0x05,
  SYS_READ = 0x06,
  SYS_FLEN = 0x0C,
  SYS_EXIT_EXTENDED = 0x20, /* SYS_EXIT carries no exit code */
  OPEN_READ_BINARY = 1,
  OPEN_WRITE_BINARY = 5,
  APPLICATION_EXIT = 0x20026
};

static int32_t call_host(uint32_t operation, const void* arguments) {
  register uint32_t r0 __asm__("r0") = operation;
  register const void* r1 __asm__("r1") = arguments;
  __asm__ volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
  return (int32_t)r0;
}

void board_exit(uint32_t code) {
  const uint32_t arguments[2] = {APPLICATION_EXIT, code};
  for (;;) call_host(SYS_EXIT_EXTENDED, arguments);
}

int board_open(const char* name, int for_writing) {
  uint32_t length = 0;
  while (name[length] != 0) ++length;
  const uint32_t arguments[3] = {(uint32_t)name, for_writing ? OPEN_WRITE_BINARY : OPEN_READ_BINARY,
                                 length};
  const int32_t file = call_host(SYS_OPEN, arguments);
  if (file < 0) board_exit(BOARD_BAD_FILE);
  return file;
}

uint32_t board_file_bytes(int file) {
  const uint32_t arguments[1] = {(uint32_t)file};
  const int32_t bytes = call_host(SYS_FLEN, arguments);
  if (bytes < 0) board_exit(BOARD_BAD_FILE);
  return (uint32_t)bytes;
}

/* The host answers with the number of bytes that it did not move. */
void board_read(int file, void* to, uint32_t bytes) {
  const uint32_t arguments[3] = {(uint32_t)file, (uint32_t)to, bytes};
  if (bytes != 0 && call_host(SYS_READ, arguments) != 0) board_exit(BOARD_BAD_FILE);
}

void board_write(int file, const void* from, uint32_t bytes) {
  const uint32_t arguments[3] = {(uint32_t)file, (uint32_t)from, bytes};
  if (bytes != 0 && call_host(SYS_WRITE, arguments) != 0) board_exit(BOARD_BAD_FILE);
}

void board_close(int file) {
  const uint32_t arguments[1] = {(uint32_t)file};
  call_host(SYS_CLOSE, arguments);
}
