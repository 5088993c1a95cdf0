/* Start-up: vectors, floating point, .data and .bss, the paint on the stack. Free to use. */
#include "board.h"

extern uint32_t stack_begin[], stack_end[];
extern uint32_t data_load[], data_begin[], data_end[], bss_begin[], bss_end[];

#define CPACR (*(volatile uint32_t*)0xE000ED88u)
#define VTOR (*(volatile uint32_t*)0xE000ED08u)

#define PAINT 0xA5A5A5A5u

void reset_handler(void);
void systick_handler(void);

__attribute__((weak)) void board_fault(void) {
  for (;;) {
  }
}

/* The interrupts of peripherals, which come after these, stay off: the table ends here. */
__attribute__((section(".vectors"), used)) static void (*const vectors[16])(void) = {
    (void (*)(void))(uintptr_t)stack_end,
    reset_handler,
    board_fault, /* NMI */
    board_fault, /* HardFault */
    board_fault, /* MemManage */
    board_fault, /* BusFault */
    board_fault, /* UsageFault */
    board_fault, /* SecureFault */
    0,           /* some boot ROMs take what is reserved for a header and want 0 */
    0,
    0,
    board_fault, /* SVCall */
    board_fault, /* DebugMonitor */
    0,           /* reserved */
    board_fault, /* PendSV */
    systick_handler};

/* Paints the stack, which must not be in use. Naked: a prologue might save floating-point registers
 * before they may be touched. */
__attribute__((naked)) void reset_handler(void) {
  __asm__ volatile(
      ".syntax unified\n\t"
      "ldr r0, =stack_begin\n\t"
      "mov r1, sp\n\t"
      "ldr r2, =0xA5A5A5A5\n" /* PAINT */
      "1:\tcmp r0, r1\n\t"
      "bhs 2f\n\t"
      "str r2, [r0]\n\t"
      "adds r0, #4\n\t"
      "b 1b\n"
      "2:\tb start\n\t"
      ".ltorg");
}

__attribute__((used, noreturn)) void start(void) {
#if !defined(__ARM_ARCH_6M__)
  VTOR = (uint32_t)(uintptr_t)vectors; /* a boot loader may have left its own */
#endif
#if defined(__ARM_FP) || defined(__ARM_FEATURE_MVE)
  CPACR |= 0xFu << 20;
  __asm__ volatile("dsb\n\tisb" ::: "memory");
#endif
  const uint32_t* from = data_load;
  for (uint32_t* to = data_begin; to < data_end; ++to) *to = *from++;
  for (uint32_t* to = bss_begin; to < bss_end; ++to) *to = 0;
  main();
  for (;;) {
  }
}

uint32_t stack_used(void) {
  const volatile uint32_t* at = stack_begin;
  while (at < stack_end && *at == PAINT) ++at;
  return (uint32_t)((uintptr_t)stack_end - (uintptr_t)at);
}
