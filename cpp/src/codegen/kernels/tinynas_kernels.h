/* The kernels. Each writes one row of its output, or, where it runs once, a whole tensor. */
#ifndef TINYNAS_KERNELS_H
#define TINYNAS_KERNELS_H

#include "tinynas_dsp.h"

/* Row kernels. */
void tn_conv2d(const void* layer, const tn_call* call);          /* tn_conv_layer */
void tn_conv2d_1x1(const void* layer, const tn_call* call);      /* tn_conv_layer */
void tn_depthwise(const void* layer, const tn_call* call);       /* tn_depthwise_layer */
void tn_depthwise_3x3(const void* layer, const tn_call* call);   /* tn_depthwise_layer */
void tn_depthwise_5x5(const void* layer, const tn_call* call);   /* tn_depthwise_layer */
void tn_depthwise_7x7(const void* layer, const tn_call* call);   /* tn_depthwise_layer */
void tn_avgpool(const void* layer, const tn_call* call);         /* tn_pool_layer */
void tn_mean(const void* layer, const tn_call* call);            /* tn_pool_layer */
void tn_pool_add_row(const void* layer, const tn_call* call);    /* tn_pool_layer */
void tn_avgpool_sums(const void* layer, const tn_call* call);    /* tn_pool_layer */
void tn_mean_sums(const void* layer, const tn_call* call);       /* tn_pool_layer */
void tn_maxpool(const void* layer, const tn_call* call);         /* tn_pool_layer */
void tn_add(const void* layer, const tn_call* call);             /* tn_pair_layer */
void tn_mul(const void* layer, const tn_call* call);             /* tn_pair_layer */
void tn_look_up(const void* layer, const tn_call* call);         /* tn_lookup_layer */
void tn_concat_channels(const void* layer, const tn_call* call); /* tn_concat_layer */
void tn_softmax_row(const void* layer, const tn_call* call);     /* tn_softmax_layer */

/* Whole-tensor kernels. */
void tn_fully_connected(const void* layer, const tn_call* call); /* tn_conv_layer */
void tn_mean_of_axis(const void* layer, const tn_call* call);    /* tn_mean_axis_layer */
void tn_join_runs(const void* layer, const tn_call* call);       /* tn_join_layer */
void tn_pad_map(const void* layer, const tn_call* call);         /* tn_pad_layer */
void tn_copy_bytes(const void* layer, const tn_call* call);      /* tn_copy_layer */
void tn_transpose_map(const void* layer, const tn_call* call);   /* tn_transpose_layer */
void tn_resize_map(const void* layer, const tn_call* call);      /* tn_resize_layer */

/* Values within int8 to a smaller range. */
static inline void tn_clamp_all(int8_t* values, int32_t count, int32_t low, int32_t high) {
  if (low <= -128 && high >= 127) return;
  for (; count > 0; --count, ++values) *values = tn_clamp(*values, low, high);
}

static inline int32_t tn_next_slot(const tn_window* window, int32_t slot) {
  slot += window->step;
  if (window->slots != 0) {
    if (slot < 0) slot += window->slots;
    if (slot >= window->slots) slot -= window->slots;
  }
  return slot;
}

#endif
