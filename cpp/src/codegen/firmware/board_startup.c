/* Start-up: vectors, floating point, .data and .bss of the network. */
#include "board.h"

extern uint8_t board_host_stack_end[];
extern uint32_t board_data_load[], board_data[], board_data_end[], board_bss[], board_bss_end[];

#define CPACR (*(volatile uint32_t*)0xE000ED88u)

static void fault(void) { board_exit(BOARD_FAULT); }

void board_reset(void);

/* A fault within a fault, as when the stack has left RAM, locks the core up instead. */
__attribute__((section(".vectors"), used)) static void (*const vectors[16])(void) = {
    (void (*)(void))(uintptr_t)board_host_stack_end,
    board_reset,
    fault, /* NMI */
    fault, /* HardFault */
    fault, /* MemManage */
    fault, /* BusFault */
    fault, /* UsageFault */
    fault, /* SecureFault */
    fault, /* reserved */
    fault,
    fault,
    fault, /* SVCall */
    fault, /* DebugMonitor */
    fault,
    fault, /* PendSV */
    fault  /* SysTick */
};

/* Naked: a prologue might save floating-point registers before they may be touched. */
__attribute__((naked)) void board_reset(void) { __asm__ volatile("b board_start"); }

__attribute__((used)) void board_start(void) {
#if defined(__ARM_FP) || defined(__ARM_FEATURE_MVE)
  CPACR |= 0xFu << 20;
  __asm__ volatile("dsb\n\tisb" ::: "memory");
#endif
  const uint32_t* from = board_data_load;
  for (uint32_t* to = board_data; to < board_data_end; ++to) *to = *from++;
  for (uint32_t* to = board_bss; to < board_bss_end; ++to) *to = 0;
  board_exit((uint32_t)board_main());
}
