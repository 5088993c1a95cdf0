/* Columns of one channel of a row, widened to int16. */
#ifndef TINYNAS_WIDEN_ROW_H
#define TINYNAS_WIDEN_ROW_H

#include "tinynas_dsp.h"

typedef struct {
  int32_t count, eights, skipped_code; /* eights among them; code that the rest skips */
  int32_t step[5];                     /* bytes from a column to that 1, 3, 5, 7 and 8 further on */
} tn_columns;

static inline tn_columns tn_columns_of(int32_t count, int32_t channels) {
  const tn_columns columns = {count,
                              count >> 3,
                              8 * (7 - (count & 7)),
                              {channels, 3 * channels, 5 * channels, 7 * channels, 8 * channels}};
  return columns;
}

/* From bytes to halfwords `apart` apart; moves both pointers on. */
#if defined(__ARM_ARCH_ISA_THUMB) && __ARM_ARCH_ISA_THUMB == 2
/* Byte loads and halfword stores: on a Cortex-M7 they cost less than what puts two values together.
 * The rest of eight enters its code amidst: a column takes 8 bytes of it. */
#define TN_MOVE(from, to) \
  "ldrsb.w %[v], [%[from]" from "]\n\tstrh.w %[v], [%[to], %[to" #to "]]\n\t"
/* What is left of eight columns is entered amidst: each takes 8 bytes of code. */
#define TN_WIDEN_ROW(columns, from_, to_, apart)                                                    \
  do {                                                                                              \
    int32_t n, v;                                                                                   \
    __asm__ volatile(                                                                             \
        "ldr %[n], %[eights]\n\tcbz %[n], 2f\n1:\n\t" TN_MOVE("", 0) TN_MOVE(", %[one]", 1)       \
            TN_MOVE(", %[one], lsl #1", 2) TN_MOVE(", %[three]", 3) TN_MOVE(", %[one], lsl #2", 4) \
                TN_MOVE(", %[five]", 5) TN_MOVE(", %[three], lsl #1", 6) TN_MOVE(", %[seven]", 7)  \
        "add %[from], %[from], %[eight]\n\tadd %[to], %[to], %[to8]\n\t"                          \
        "subs %[n], %[n], #1\n\tbne 1b\n2:\n\tldr %[n], %[skip]\n\tadd pc, %[n]\n\tnop\n\t"       \
        TN_MOVE(", %[three], lsl #1", 6) TN_MOVE(", %[five]", 5) TN_MOVE(", %[one], lsl #2", 4)   \
            TN_MOVE(", %[three]", 3) TN_MOVE(", %[one], lsl #1", 2) TN_MOVE(", %[one]", 1)        \
                TN_MOVE("", 0)                                                                    \
        : [from] "+&r"(from_), [to] "+&r"(to_), [n] "=&l"(n), [v] "=&r"(v)                        \
        : [one] "r"((columns)->step[0]), [three] "r"((columns)->step[1]), [five] "r"((columns)->step[2]),  \
          [seven] "r"((columns)->step[3]), [eight] "r"((columns)->step[4]), [eights] "m"((columns)->eights), \
          [skip] "m"((columns)->skipped_code), [to0] "i"(0), [to1] "i"(2 * (apart)),                 \
          [to2] "i"(4 * (apart)), [to3] "i"(6 * (apart)), [to4] "i"(8 * (apart)),                 \
          [to5] "i"(10 * (apart)), [to6] "i"(12 * (apart)), [to7] "i"(14 * (apart)),              \
          [to8] "i"(16 * (apart))                                                                 \
        : "memory", "cc"); \
  } while (0)
#else
#define TN_WIDEN_ROW(columns, from, to, apart) \
  do {                                         \
    tn_widen_row(columns, from, to, apart);    \
  } while (0)
static inline __attribute__((always_inline)) void tn_widen_row(const tn_columns* columns,
                                                               const int8_t* from, int16_t* to,
                                                               int32_t apart) {
  const int32_t step = columns->step[0];
  int32_t step2 = 2 * step, step3 = columns->step[1];
  TN_KEEP(step2);
  TN_KEEP(step3);
  for (int32_t fours = columns->count >> 2; fours > 0; --fours, to += 4 * apart) {
    to[0] = from[0];
    to[apart] = from[step];
    to[2 * apart] = from[step2];
    to[3 * apart] = from[step3];
    from += 2 * step2;
    TN_KEEP(from);
  }
  for (int32_t left = columns->count & 3; left > 0; --left, from += step, to += apart) *to = *from;
}
#endif

#endif
