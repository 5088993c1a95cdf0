// Reads an image from the serial port, byte by byte, runs the network on it, and answers with the
// largest of its outputs and the time that it took.
//
// An image: TINYNAS_INPUT_HEIGHT rows of TINYNAS_INPUT_WIDTH pixels, each with
// TINYNAS_INPUT_CHANNELS bytes; where the model does not say how pixels become its input, its int8
// values. This file is free to use, copy and change, without any warranty.
#include <tinynas_model.h>

static int8_t output[TINYNAS_OUTPUT_BYTES];

// Reads `pixels` pixels to `to`, as values of the input.
static bool read_pixels(int8_t *to, int32_t pixels) {
  const size_t bytes = (size_t)pixels * TINYNAS_INPUT_CHANNELS;
  if (Serial.readBytes((char *)to, bytes) != bytes) return false;
#ifdef TINYNAS_INPUT_MEAN
  tinynas_quantise_pixels((const uint8_t *)to, pixels, to);
#endif
  return true;
}

#if defined(TINYNAS_INPUT_BY_ROWS)
static int read_row(void *, int, int8_t *to) { return read_pixels(to, TINYNAS_INPUT_WIDTH) ? 0 : 1; }

static bool classify() { return tinynas_invoke_rows(read_row, nullptr, output) == 0; }
#else
static bool classify() {
#if defined(TINYNAS_INPUT_IN_ARENA)
  int8_t *input = tinynas_input();
#else
  static int8_t input[TINYNAS_INPUT_BYTES];
#endif
  if (!read_pixels(input, (int32_t)TINYNAS_INPUT_HEIGHT * TINYNAS_INPUT_WIDTH)) return false;
  return tinynas_invoke(input, output) == 0;
}
#endif

void setup() {
  Serial.begin(115200);
  Serial.setTimeout(5000);
}

void loop() {
  if (Serial.available() == 0) return;
  const unsigned long begin = micros();
  if (!classify()) {
    Serial.println("the image is not complete");
    return;
  }
  const unsigned long took = micros() - begin;
  int best = 0;
  for (int i = 1; i < TINYNAS_OUTPUT_VALUES; ++i) {
    if (output[i] > output[best]) best = i;
  }
#ifdef TINYNAS_CLASS_NAMES
  static const char *const names[] = TINYNAS_CLASS_NAMES;
  Serial.println(names[best]);
#else
  Serial.println(best);
#endif
  Serial.println(took);  // microseconds, with the time to receive the image
}
