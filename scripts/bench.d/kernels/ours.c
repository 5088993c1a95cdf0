/* Runs an exported network on an image of the host; writes what it gives and the ticks it takes. */
#include "board.h"
#include "model.h"
#include "tinynas_runtime.h"

static int8_t image[TINYNAS_INPUT_BYTES];
static int8_t output[TINYNAS_OUTPUT_BYTES];

#if defined(NO_KERNELS)
void tn_nothing(const void* layer, const tn_call* call) {
  (void)layer;
  (void)call;
}
#endif

int main(void) {
  board_read_file("image.bin", image, sizeof image);
  board_start_timer();
  tn_run(&tn_network, image, 0, 0);
  const uint32_t ticks = board_ticks();
  tn_copy_outputs(&tn_network, output);
  board_write_file("output.bin", output, sizeof output);
  board_write_file("ticks.bin", &ticks, sizeof ticks);
  return 0;
}
