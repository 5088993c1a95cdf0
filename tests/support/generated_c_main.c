/* Runs a generated network on the images of a file, each in a buffer of exactly its size. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model.h"

int main(int count, char** names) {
  if (count != 3) return 2;
  FILE* images = fopen(names[1], "rb");
  FILE* outputs = fopen(names[2], "wb");
  int8_t* image = malloc(TINYNAS_INPUT_BYTES);
  int8_t* output = malloc(TINYNAS_OUTPUT_BYTES);
  if (images == NULL || outputs == NULL || image == NULL || output == NULL) return 3;
  while (fread(image, 1, TINYNAS_INPUT_BYTES, images) == TINYNAS_INPUT_BYTES) {
    if (tinynas_invoke(image, output) != 0) return 4;
    if (fwrite(output, 1, TINYNAS_OUTPUT_BYTES, outputs) != TINYNAS_OUTPUT_BYTES) return 5;
  }
  free(image);
  free(output);
  fclose(images);
  return fclose(outputs);
}
