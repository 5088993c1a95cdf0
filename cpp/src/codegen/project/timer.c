/* Cycles of the core's clock, counted by SysTick, which every Cortex-M here has and which emulators
 * have too. Its 24 bits wrap with an interrupt. Free to use. */
#include "board.h"

#define SYST_CSR (*(volatile uint32_t*)0xE000E010u)
#define SYST_RVR (*(volatile uint32_t*)0xE000E014u)
#define SYST_CVR (*(volatile uint32_t*)0xE000E018u)

enum { RELOAD = 0xFFFFFF, ENABLE_WITH_INTERRUPT = 7 /* and the core's own clock */ };

static volatile uint32_t wraps;

void systick_handler(void);
void systick_handler(void) { ++wraps; }

void timer_begin(void) {
  SYST_CSR = 0;
  wraps = 0;
  SYST_RVR = RELOAD;
  SYST_CVR = 0; /* the next cycle loads RELOAD, without an interrupt */
  SYST_CSR = ENABLE_WITH_INTERRUPT;
}

uint32_t timer_end(void) {
  SYST_CSR = ENABLE_WITH_INTERRUPT & ~1u;
  const uint32_t left = SYST_CVR;
  __asm__ volatile("dsb\n\tisb" ::: "memory"); /* a wrap that is pending is counted now */
  return wraps * (RELOAD + 1u) + (RELOAD - left);
}
