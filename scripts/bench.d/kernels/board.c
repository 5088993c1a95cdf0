/* Start-up and semihosting. */
#include "board.h"

int main(void);
extern uint32_t board_stack_top[];
extern uint32_t board_bss[], board_bss_end[];

#ifndef BOARD_TIMER
#define BOARD_TIMER 0x40000000u
#endif
static volatile uint32_t* const timer = (volatile uint32_t*)BOARD_TIMER;

static uint32_t call_host(uint32_t operation, const void* arguments) {
  register uint32_t r0 __asm__("r0") = operation;
  register const void* r1 __asm__("r1") = arguments;
  __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
  return r0;
}

static void leave(uint32_t status) {
  const uint32_t arguments[] = {0x20026u, status};
  call_host(0x20u, arguments);
  for (;;) {
  }
}

static uint32_t length_of(const char* text) {
  uint32_t length = 0;
  while (text[length] != 0) ++length;
  return length;
}

static void transfer(uint32_t operation, const char* name, uint32_t mode, const void* bytes,
                     uint32_t count) {
  const uint32_t opened[] = {(uint32_t)(uintptr_t)name, mode, length_of(name)};
  const uint32_t file = call_host(0x01u, opened);
  const uint32_t arguments[] = {file, (uint32_t)(uintptr_t)bytes, count};
  if (file == 0xFFFFFFFFu || call_host(operation, arguments) != 0) leave(3);
  call_host(0x02u, &file);
}

void board_read_file(const char* name, void* to, uint32_t bytes) {
  transfer(0x06u, name, 1, to, bytes);
}
void board_write_file(const char* name, const void* from, uint32_t bytes) {
  transfer(0x05u, name, 5, from, bytes);
}

void board_start_timer(void) {
  timer[0] = 0;
  timer[2] = 0xFFFFFFFFu;
  timer[1] = 0xFFFFFFFFu;
  timer[0] = 1;
}
uint32_t board_ticks(void) { return 0xFFFFFFFFu - timer[1]; }

static void reset(void) {
#if defined(__ARM_FP)
  *(volatile uint32_t*)0xE000ED88u |= 0xF00000u;
  __asm__ volatile("dsb\n isb" ::: "memory");
#endif
  for (uint32_t* word = board_bss; word < board_bss_end; ++word) *word = 0;
  leave((uint32_t)main());
}
static void fault(void) { leave(9); }

__attribute__((section(".vectors"), used)) static const void* const vectors[16] = {
    board_stack_top, (void*)reset, (void*)fault, (void*)fault,
    (void*)fault,    (void*)fault, (void*)fault, (void*)fault};
