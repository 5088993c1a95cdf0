/* The same layer by CMSIS-NN, on constants of its own: its instructions do not depend on them. */
#include "arm_nnfunctions.h"
#include "board.h"

#define IN_BYTES (HEIGHT * WIDTH * CHANNELS)
#define OUT_BYTES (OUT_HEIGHT * OUT_WIDTH * OUT_CHANNELS)

static int8_t input[IN_BYTES], output[OUT_BYTES], weights[WEIGHTS];
static int32_t bias[OUT_CHANNELS], multipliers[OUT_CHANNELS], shifts[OUT_CHANNELS];
static int32_t buffer[1 << 16];
void* memcpy(void* to, const void* from, size_t bytes);
void* memset(void* to, int value, size_t bytes);

int main(void) {
  for (int i = 0; i < IN_BYTES; ++i) input[i] = (int8_t)(i * 37);
  for (int i = 0; i < WEIGHTS; ++i) weights[i] = (int8_t)(i * 29 + 1);
  for (int i = 0; i < OUT_CHANNELS; ++i) {
    multipliers[i] = 0x60000000;
    shifts[i] = -8;
  }
  const cmsis_nn_dims in = {1, HEIGHT, WIDTH, CHANNELS},
                      out = {1, OUT_HEIGHT, OUT_WIDTH, OUT_CHANNELS};
  const cmsis_nn_context context = {buffer, sizeof buffer};
  const cmsis_nn_dims bias_shape = {1, 1, 1, OUT_CHANNELS};
  const cmsis_nn_per_channel_quant_params factors = {multipliers, shifts};
  arm_cmsis_nn_status status = ARM_CMSIS_NN_SUCCESS;
  uint32_t ticks;
  (void)in, (void)out, (void)context, (void)bias_shape, (void)factors, (void)bias;
#if defined(CONV)
  const cmsis_nn_conv_params by = {3, -3, {STRIDE, STRIDE}, {PAD, PAD}, {1, 1}, {-128, 127}};
  const cmsis_nn_dims filter = {OUT_CHANNELS, KERNEL, KERNEL, CHANNELS};
  board_start_timer();
  status = arm_convolve_wrapper_s8(&context, &by, &factors, &in, input, &filter, weights,
                                   &bias_shape, bias, &out, output);
#elif defined(DEPTHWISE)
  const cmsis_nn_dw_conv_params by = {3, -3, 1, {STRIDE, STRIDE}, {PAD, PAD}, {1, 1}, {-128, 127}};
  const cmsis_nn_dims filter = {1, KERNEL, KERNEL, OUT_CHANNELS};
  board_start_timer();
  status = arm_depthwise_conv_wrapper_s8(&context, &by, &factors, &in, input, &filter, weights,
                                         &bias_shape, bias, &out, output);
#elif defined(DENSE)
  const cmsis_nn_fc_params by = {3, 0, -3, {-128, 127}};
  const cmsis_nn_per_tensor_quant_params factor = {0x60000000, -8};
  const cmsis_nn_dims flat = {1, 1, 1, CHANNELS}, filter = {CHANNELS, 1, 1, OUT_CHANNELS};
  arm_vector_sum_s8(buffer, CHANNELS, OUT_CHANNELS, weights, 3, 0, 0);
  board_start_timer();
  status = arm_fully_connected_s8(&context, &by, &factor, &flat, input, &filter, weights,
                                  &bias_shape, bias, &bias_shape, output);
#else
  board_start_timer();
  status = arm_elementwise_add_s8(input, input, 3, 0x60000000, -1, 5, 0x50000000, -2, 20, output,
                                  -3, 0x70000000, -18, -128, 127, OUT_BYTES);
#endif
  ticks = board_ticks();
  if (status != ARM_CMSIS_NN_SUCCESS) return 1;
  board_write_file("ticks.bin", &ticks, sizeof ticks);
  return 0;
}

/* Without libc; the library copies by words, so that is what these do where they can. */
void* memcpy(void* to, const void* from, size_t bytes) {
  uint8_t* t = to;
  const uint8_t* f = from;
#if !defined(__ARM_ARCH_6M__)
  for (; bytes >= 4; bytes -= 4, t += 4, f += 4)
    *(uint32_t*)(void*)t = *(const uint32_t*)(const void*)f;
#endif
  while (bytes-- > 0) *t++ = *f++;
  return to;
}
void* memset(void* to, int value, size_t bytes) {
  uint8_t* t = to;
  while (bytes-- > 0) *t++ = (uint8_t)value;
  return to;
}
