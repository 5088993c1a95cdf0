/* The functions of model.h for an image that comes row by row. */
#include "tinynas_runtime.h"

int tinynas_invoke_rows(tn_row_source source, void* context, int8_t* output);
int tinynas_invoke(const int8_t* input, int8_t* output);

int tinynas_invoke_rows(tn_row_source source, void* context, int8_t* output) {
  const int stop = tn_run(&tn_network, 0, source, context);
  if (stop != 0) return stop;
  tn_copy_outputs(&tn_network, output);
  return 0;
}

/* Delivers the rows of an image that is there as a whole. */
static int copy_row(void* context, int row, int8_t* to) {
  const tn_tensor* image = &tn_network.tensors[tn_network.image];
  const int32_t bytes = image->width * image->channels;
  const int8_t* from = *(const int8_t**)context + row * bytes;
  for (int32_t i = 0; i < bytes; ++i) to[i] = from[i];
  return 0;
}

int tinynas_invoke(const int8_t* input, int8_t* output) {
  return tinynas_invoke_rows(copy_row, &input, output);
}
