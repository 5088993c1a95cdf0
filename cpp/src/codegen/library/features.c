/* The log-mel front end, see features.h. This file is free to use, copy and change, without any
 * warranty. */
#include "features.h"

#include <math.h>

#include "features_tables.h"

#define POINTS TINYNAS_FFT_POINTS

static float re[POINTS], im[POINTS];

static float cosine(int k) { return cosines[k]; }
static float sine(int k) { return cosines[k < POINTS / 4 ? POINTS / 4 - k : k - POINTS / 4]; }

/* Radix 2, in place; `re` and `im` lie in bit-reversed order before and in order after. */
static void transform(void) {
  for (int half = 1; half < POINTS; half *= 2) {
    const int stride = POINTS / (2 * half);
    for (int k = 0; k < half; ++k) {
      const float wr = cosine(k * stride), wi = -sine(k * stride);
      for (int a = k; a < POINTS; a += 2 * half) {
        const int b = a + half;
        const float r = re[b] * wr - im[b] * wi, i = re[b] * wi + im[b] * wr;
        re[b] = re[a] - r;
        im[b] = im[a] - i;
        re[a] += r;
        im[a] += i;
      }
    }
  }
}

static int reversed(int i) {
  int result = 0;
  for (int bit = 1; bit < POINTS; bit *= 2) result = 2 * result + ((i & bit) != 0);
  return result;
}

void tinynas_log_mel_frame(const int16_t* samples, uint8_t* row) {
  for (int i = 0; i < POINTS; ++i) {
    const int to = reversed(i);
    re[to] = i < TINYNAS_AUDIO_WINDOW ? window[i] * (float)samples[i] : 0.0F;
    im[to] = 0.0F;
  }
  transform();
  const float* weight = weights;
  for (int band = 0; band < TINYNAS_AUDIO_BANDS; ++band) {
    float power = 0.0F;
    for (int k = first_line[band], end = k + line_count[band]; k < end; ++k) {
      power += *weight++ * (re[k] * re[k] + im[k] * im[k]);
    }
    const float least = TINYNAS_LEAST_POWER; /* the power of pixel 0 */
    const float step =
        (10.0F * log10f(power > least ? power : least) - TINYNAS_FLOOR_DB) * TINYNAS_STEPS_A_DB;
    row[band] = step >= 255.0F ? 255 : step <= 0.0F ? 0 : (uint8_t)(step + 0.5F);
  }
}

void tinynas_log_mel(const int16_t* samples, uint8_t* pixels) {
  for (int frame = 0; frame < TINYNAS_AUDIO_FRAMES; ++frame) {
    tinynas_log_mel_frame(samples + frame * TINYNAS_AUDIO_HOP,
                          pixels + frame * TINYNAS_AUDIO_BANDS);
  }
}
