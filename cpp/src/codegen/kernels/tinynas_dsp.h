/* Instructions of cores with the DSP extension (Cortex-M4, M7, M33, M55), and requantising on all
 * cores. TN_DSP chooses the kernels that are made of them; TN_EMULATE_DSP builds these anywhere,
 * for tests. */
#ifndef TINYNAS_DSP_H
#define TINYNAS_DSP_H

#include "tinynas_runtime.h"

/* A value that the compiler is to keep in a register, not to make anew from others. */
#if defined(__GNUC__)
#define TN_KEEP(value) __asm__("" : "+r"(value))
#else
#define TN_KEEP(value) ((void)(value))
#endif

/* Sums go around at 32 bits, as those of the reference do. */
static inline int32_t tn_sum(int32_t a, int32_t b) { return (int32_t)((uint32_t)a + (uint32_t)b); }

/* Kept, so that the compiler does not reorder additions that may go around. */
#define TN_ADD(sum, product)          \
  do {                                \
    (sum) = tn_sum((sum), (product)); \
    TN_KEEP(sum);                     \
  } while (0)

#if defined(__ARM_FEATURE_DSP) || defined(TN_EMULATE_DSP)
#define TN_DSP 1
#else
#define TN_DSP 0
#endif

#if defined(__ARM_FEATURE_DSP)

/* Any alignment: the core loads such words, compilers do not unless told so. */
typedef struct __attribute__((packed, may_alias)) {
  int32_t word;
} tn_unaligned;
static inline int32_t tn_load_word(const void* from) { return ((const tn_unaligned*)from)->word; }
static inline void tn_store_word(void* to, int32_t word) { ((tn_unaligned*)to)->word = word; }
static inline int32_t tn_bytes_0_2(int32_t word) {
  int32_t result;
  __asm__("sxtb16 %0, %1" : "=r"(result) : "r"(word));
  return result;
}
static inline int32_t tn_bytes_1_3(int32_t word) {
  int32_t result;
  __asm__("sxtb16 %0, %1, ror #8" : "=r"(result) : "r"(word));
  return result;
}
/* sum + low half * low half + high half * high half. */
static inline int32_t tn_dot(int32_t x, int32_t y, int32_t sum) {
  __asm__("smlad %0, %1, %2, %0" : "+r"(sum) : "r"(x), "r"(y));
  return sum;
}
static inline int32_t tn_dot_low(int32_t x, int32_t y, int32_t sum) {
  __asm__("smlabb %0, %1, %2, %0" : "+r"(sum) : "r"(x), "r"(y));
  return sum;
}
static inline int32_t tn_dot_low_high(int32_t x, int32_t y, int32_t sum) {
  __asm__("smlabt %0, %1, %2, %0" : "+r"(sum) : "r"(x), "r"(y));
  return sum;
}
static inline int32_t tn_halves(int32_t low, int32_t high) {
  int32_t result;
  __asm__("pkhbt %0, %1, %2, lsl #16" : "=r"(result) : "r"(low), "r"(high));
  return result;
}
static inline int32_t tn_high_halves(int32_t low, int32_t high) {
  int32_t result;
  __asm__("pkhtb %0, %1, %2, asr #16" : "=r"(result) : "r"(high), "r"(low));
  return result;
}
static inline int32_t tn_low_high(int32_t low, int32_t high) {
  int32_t result;
  __asm__("pkhbt %0, %1, %2" : "=r"(result) : "r"(low), "r"(high));
  return result;
}
static inline int32_t tn_subtract_halves(int32_t x, int32_t y) {
  int32_t result;
  __asm__("ssub16 %0, %1, %2" : "=r"(result) : "r"(x), "r"(y));
  return result;
}
/* Bytes of each half exchanged. */
static inline int32_t tn_swap_bytes(int32_t word) {
  int32_t result;
  __asm__("rev16 %0, %1" : "=r"(result) : "r"(word));
  return result;
}
/* Two words, aligned; the pointer then goes on by `step` bytes. */
#define TN_LOAD_TWO(from, step, a, b)       \
  __asm__("ldrd %0, %1, [%2], #" #step      \
          : "=&r"(a), "=&r"(b), "+&r"(from) \
          : "m"(*(const int32_t(*)[2])(const void*)(from)))
/* The same of constants: nothing that is written orders the load. */
#define TN_CONSTANTS(from, step, a, b) \
  __asm__("ldrd %0, %1, [%2], #" #step : "=&r"(a), "=&r"(b), "+&r"(from))
/* Bytes, to `to` and `apart` further on; the pointer then goes on by one. */
#define TN_STORE_BYTES(to, apart, a, b)                     \
  __asm__ volatile("strb %2, [%0, %3]\n\tstrb %1, [%0], #1" \
                   : "+&r"(to)                              \
                   : "r"(a), "r"(b), "r"(apart)             \
                   : "memory")
#define TN_STORE_TWO(to, step, a, b) \
  __asm__ volatile("strd %1, %2, [%0], #" #step : "+&r"(to) : "r"(a), "r"(b) : "memory")
#else

static inline int32_t tn_load_word(const void* from) {
  const uint8_t* bytes = (const uint8_t*)from;
  return (int32_t)(bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
                   (uint32_t)bytes[3] << 24);
}
static inline void tn_store_word(void* to, int32_t word) {
  for (int32_t i = 0; i < 4; ++i) ((uint8_t*)to)[i] = (uint8_t)((uint32_t)word >> 8 * i);
}
static inline int32_t tn_halves(int32_t low, int32_t high) {
  return (int32_t)(((uint32_t)low & 0xFFFFu) | (uint32_t)high << 16);
}
static inline int32_t tn_high_halves(int32_t low, int32_t high) {
  return tn_halves(low >> 16, high >> 16);
}
static inline int32_t tn_low_high(int32_t low, int32_t high) { return tn_halves(low, high >> 16); }
static inline int32_t tn_subtract_halves(int32_t x, int32_t y) {
  return tn_halves((int16_t)x - (int16_t)y, (x >> 16) - (y >> 16));
}
static inline int32_t tn_bytes_0_2(int32_t word) {
  return tn_halves((int8_t)word, (int8_t)(word >> 16));
}
static inline int32_t tn_bytes_1_3(int32_t word) {
  return tn_halves((int8_t)(word >> 8), (int8_t)(word >> 24));
}
static inline int32_t tn_dot_low(int32_t x, int32_t y, int32_t sum) {
  return tn_sum(sum, (int16_t)x * (int16_t)y);
}
static inline int32_t tn_dot_low_high(int32_t x, int32_t y, int32_t sum) {
  return tn_sum(sum, (int16_t)x * (y >> 16));
}
static inline int32_t tn_dot(int32_t x, int32_t y, int32_t sum) {
  return tn_sum(tn_dot_low(x, y, sum), (x >> 16) * (y >> 16));
}
#define TN_LOAD_TWO(from, step, a, b) \
  ((a) = tn_load_word(from), (b) = tn_load_word((from) + 1), (from) += (step) / 4)
#define TN_CONSTANTS(from, step, a, b) ((a) = (from)[0], (b) = (from)[1], (from) += (step) / 4)
#define TN_STORE_BYTES(to, apart, a, b) ((to)[apart] = (int8_t)(b), *(to)++ = (int8_t)(a))
#define TN_STORE_TWO(to, step, a, b) ((to)[0] = (a), (to)[1] = (b), (to) += (step) / 4)
static inline int32_t tn_swap_bytes(int32_t word) {
  const uint32_t bytes = (uint32_t)word;
  return (int32_t)((bytes & 0x00FF00FFu) << 8 | (bytes >> 8 & 0x00FF00FFu));
}

#endif

static inline int32_t tn_high(int32_t word) { return (int32_t)((uint32_t)word >> 16); }

/* added + twice * multiplier / 2^32, the product rounded. */
static inline int32_t tn_multiply_twice(int32_t twice, int32_t multiplier, int32_t added) {
#if defined(__ARM_FEATURE_DSP)
  int32_t result;
  __asm__("smmlar %0, %1, %2, %3" : "=r"(result) : "r"(twice), "r"(multiplier), "r"(added));
  return result;
#elif defined(__ARM_ARCH_ISA_THUMB) && __ARM_ARCH_ISA_THUMB == 1
  return added + tn_multiply_exact(twice >> 1, multiplier);
#else
  const int64_t rounded = added * ((int64_t)1 << 32) + ((int64_t)1 << 31);
  return (int32_t)((rounded + (int64_t)twice * multiplier) >> 32);
#endif
}

/* x / 2 within int8. */
static inline int32_t tn_saturate_half(int32_t x) {
#if defined(__ARM_FEATURE_SAT)
  __asm__("ssat %0, #8, %0, asr #1" : "+r"(x));
  return x;
#else
  x >>= 1;
  return x < -128 ? -128 : x > 127 ? 127 : x;
#endif
}

/* Requantising of one channel. A `shift` that is not negative is common: the factor is
 * multiplier / 2^31 / 2^(shift + 1) and sums have 30 bits at most. Rounding, and adding the zero
 * point, then take one addition: the nudge. */
static inline int tn_is_common(int32_t shift) { return shift >= 0; }

static inline int32_t tn_nudge(int32_t out_zero, int32_t shift) {
  return (int32_t)((uint32_t)(2 * out_zero + 1) << shift);
}

/* What tn_scale rounds and out_zero shifts, within int8. The reference rounds halves away from
 * zero: that takes one from what is negative, of which the sum's sign tells (where the product
 * rounds to 0, one less does not matter beside the nudge). */
static inline int32_t tn_requantize(int32_t sum, int32_t multiplier, int32_t shift, int32_t nudge) {
  const int32_t twice = (int32_t)((uint32_t)sum << 1);
  return tn_saturate_half(tn_multiply_twice(twice, multiplier, nudge + (sum >> 31)) >> shift);
}
/* Of a sum that is 2^bits times what it is; bits > 0, and its lowest ones are 0. */
static inline int32_t tn_requantize_scaled(int32_t sum, int32_t bits, int32_t multiplier,
                                           int32_t shift, int32_t nudge) {
  const int32_t twice = sum >> (bits - 1);
  return tn_saturate_half(tn_multiply_twice(twice, multiplier, nudge + (sum >> 31)) >> shift);
}

/* The same where the shift is not common: it is the factor's exponent less TN_ANY. */
enum { TN_ANY = 64 };
static inline int32_t tn_requantize_any(int32_t sum, int32_t multiplier, int32_t shift,
                                        int32_t out_zero) {
  const int32_t value = tn_scale(sum, multiplier, shift + TN_ANY) + out_zero;
  return value < -128 ? -128 : value > 127 ? 127 : value;
}

#endif
