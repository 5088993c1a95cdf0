/* The function of model.h for an image that is read where it lies. */
#include "tinynas_runtime.h"

int tinynas_invoke(const int8_t* input, int8_t* output);

int tinynas_invoke(const int8_t* input, int8_t* output) {
  tn_run(&tn_network, input, 0, 0);
  tn_copy_outputs(&tn_network, output);
  return 0;
}
