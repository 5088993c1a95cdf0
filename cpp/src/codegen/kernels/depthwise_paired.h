/* Of depthwise kernels of one window size with the DSP extension: the window's rows of one channel,
 * widened to int16, two by two (depthwise_taps.h), so that the output may lie over the window. */
#ifndef TINYNAS_DEPTHWISE_PAIRED_H
#define TINYNAS_DEPTHWISE_PAIRED_H

#include "depthwise_taps.h"
#include "tinynas_kernels.h"
#include "widen_row.h"

#if TN_DSP

enum { TN_MOST_ROWS = 7 };

typedef struct {
  const int8_t* from; /* the first column that is no padding, of the input's first channel */
  int16_t* to;
} tn_paired_row;

/* In 2 * kernel_h * pitch bytes: words of two rows each, then the last row. */
typedef struct {
  int16_t* values;
  int32_t pitch;                     /* values of a row; one at least beyond its columns */
  tn_columns columns;                /* that are no padding */
  int32_t last_rows;                 /* 1, or 0 where the last row is padding */
  const tn_paired_row* end_of_pairs; /* of those that are no padding; then the last row */
  tn_paired_row row[TN_MOST_ROWS];
} tn_paired_rows;

/* Padding is the same for all channels: it is written here, once. */
void tn_prepare_paired(const tn_conv_layer* layer, const tn_call* call, tn_paired_rows* rows);
void tn_widen_paired(const tn_paired_rows* rows, int32_t channel);
/* The outputs of a channel whose shift is not common. */
void tn_depthwise_others(const tn_conv_layer* layer, const tn_paired_rows* rows,
                         const int32_t* weights, int32_t size, int32_t stride, int32_t c,
                         int32_t columns, int8_t* out);

#endif

#endif
