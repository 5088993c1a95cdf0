/* All output channels of one or two pixels of a wide row. */
#define TN_WIDE_ROWS 1
#include "multiply_columns.c"
