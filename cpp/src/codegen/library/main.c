/* Runs the network once, on the host: classify IMAGE, and prints the largest of its outputs.
 *
 * Where the model says how pixels become its input, IMAGE is a binary PGM (P5, one channel) or PPM
 * (P6, three channels) file of exactly the network's size; otherwise a file of TINYNAS_INPUT_BYTES
 * int8 values. This file is free to use, copy and change, without any warranty. */
#include <stdio.h>

#include "model.h"

static int8_t input[TINYNAS_INPUT_BYTES], output[TINYNAS_OUTPUT_BYTES];

#if defined(TINYNAS_INPUT_MEAN) && (TINYNAS_INPUT_CHANNELS == 1 || TINYNAS_INPUT_CHANNELS == 3)
/* A number of the file's head; a comment goes from # to the end of its line. */
static int read_number(FILE* file) {
  int c = getc(file), number = 0;
  while (c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '#') {
    if (c == '#') {
      while (c != '\n' && c != EOF) c = getc(file);
    }
    c = getc(file);
  }
  if (c < '0' || c > '9') return -1;
  for (; c >= '0' && c <= '9' && number < 100000; c = getc(file)) number = 10 * number + (c - '0');
  return number; /* the byte after it is read too */
}

static int read_input(FILE* file) {
  uint8_t* pixels = (uint8_t*)input;
  if (getc(file) != 'P' || getc(file) != (TINYNAS_INPUT_CHANNELS == 3 ? '6' : '5')) return 0;
  if (read_number(file) != TINYNAS_INPUT_WIDTH || read_number(file) != TINYNAS_INPUT_HEIGHT)
    return 0;
  if (read_number(file) != 255) return 0;
  if (fread(pixels, 1, TINYNAS_INPUT_BYTES, file) != TINYNAS_INPUT_BYTES) return 0;
  tinynas_quantise_pixels(pixels, TINYNAS_INPUT_HEIGHT * TINYNAS_INPUT_WIDTH, input);
  return 1;
}
#else
static int read_input(FILE* file) {
  return fread(input, 1, TINYNAS_INPUT_BYTES, file) == TINYNAS_INPUT_BYTES;
}
#endif

int main(int count, char** arguments) {
  FILE* file = count == 2 ? fopen(arguments[1], "rb") : NULL;
  if (file == NULL) {
    fprintf(stderr, "usage: classify IMAGE\n");
    return 2;
  }
  const int read = read_input(file);
  fclose(file);
  if (!read) {
    fprintf(stderr, "%s: not an image of %d x %d pixels with %d channels\n", arguments[1],
            TINYNAS_INPUT_WIDTH, TINYNAS_INPUT_HEIGHT, TINYNAS_INPUT_CHANNELS);
    return 2;
  }
  if (tinynas_invoke(input, output) != 0) return 1;
  int best = 0;
  for (int i = 1; i < TINYNAS_OUTPUT_VALUES; ++i) {
    if (output[i] > output[best]) best = i;
  }
#ifdef TINYNAS_CLASS_NAMES
  static const char* const names[] = TINYNAS_CLASS_NAMES;
  printf("%s\n", names[best]);
#endif
  printf("output %d: %g\n", best,
         (double)(TINYNAS_OUTPUT_SCALE * (float)(output[best] - (TINYNAS_OUTPUT_ZERO_POINT))));
  return 0;
}
