/* 1x1 convolution that writes a wide row. */
#define TN_WIDE_ROWS 1
#include "conv2d_1x1.c"
