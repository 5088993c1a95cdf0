/* How weights lie in flash: as the kernels of this core want them. */
#ifndef TINYNAS_WEIGHT_ORDER_H
#define TINYNAS_WEIGHT_ORDER_H

#include "tinynas_dsp.h"

#if TN_DSP
/* Halves 256 b + a and 256 d + c (multiply_quads.h): what is below zero borrows of its neighbour.
 */
#define TN_Q(a, b, c, d) a, (int8_t)((b) - ((a) < 0)), c, (int8_t)((d) - ((c) < 0))
/* A bias, and the same for sums of quads. */
#define TN_B(plain, of_quads) of_quads
/* Two rows of a depthwise window, by columns, two by two (depthwise_paired.h). */
#define TN_P3(a, b, c, A, B, C) a, b, A, B, c, C
#define TN_P5(a, b, c, d, e, A, B, C, D, E) a, b, A, B, c, d, C, D, e, E
#define TN_P7(a, b, c, d, e, f, g, A, B, C, D, E, F, G) a, b, A, B, c, d, C, D, e, f, E, F, g, G
#else
#define TN_Q(a, b, c, d) a, b, c, d
#define TN_B(plain, of_quads) plain
#define TN_P3(...) __VA_ARGS__
#define TN_P5(...) __VA_ARGS__
#define TN_P7(...) __VA_ARGS__
#endif

#endif
