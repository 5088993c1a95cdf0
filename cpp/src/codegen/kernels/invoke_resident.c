/* The functions of model.h for an image that lies whole in the arena. */
#include "tinynas_runtime.h"

int8_t* tinynas_input(void);
int tinynas_invoke(const int8_t* input, int8_t* output);

int8_t* tinynas_input(void) {
  return tn_network.arena + tn_network.tensors[tn_network.image].offset;
}

int tinynas_invoke(const int8_t* input, int8_t* output) {
  const tn_tensor* image = &tn_network.tensors[tn_network.image];
  int8_t* to = tn_network.arena + image->offset;
  if (to != input) {
    const uint32_t bytes = image->height * image->row_bytes;
    for (uint32_t i = 0; i < bytes; ++i) to[i] = input[i];
  }
  tn_run(&tn_network, input, 0, 0);
  tn_copy_outputs(&tn_network, output);
  return 0;
}
