/* Convolution that writes a wide row. */
#define TN_WIDE_ROWS 1
#include "conv2d.c"
