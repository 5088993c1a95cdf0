#ifndef TINYNAS_FEATURES_H
#define TINYNAS_FEATURES_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* From sound to the network's pixels: @FRONT_END@.
 * The pixels are those that the network was trained on, to within one step. Float
 * arithmetic, log10f of math.h, @STATICS@ bytes of statics and @TABLES@ bytes of tables. */
#define TINYNAS_AUDIO_SAMPLE_RATE @SAMPLE_RATE@
#define TINYNAS_AUDIO_FRAMES @FRAMES@
#define TINYNAS_AUDIO_BANDS @BANDS@
#define TINYNAS_AUDIO_WINDOW @WINDOW@ /* samples of one frame */
#define TINYNAS_AUDIO_HOP @HOP@       /* samples from one frame to the next */
#define TINYNAS_AUDIO_SAMPLES @SAMPLES@   /* that all frames cover */

/* One frame, TINYNAS_AUDIO_WINDOW samples, becomes one row of TINYNAS_AUDIO_BANDS pixels. Not
 * reentrant. */
void tinynas_log_mel_frame(const int16_t *samples, uint8_t *row);

/* TINYNAS_AUDIO_SAMPLES samples become TINYNAS_AUDIO_FRAMES rows, which tinynas_quantise_pixels
 * turns into the network's input. Not reentrant. */
void tinynas_log_mel(const int16_t *samples, uint8_t *pixels);

#ifdef __cplusplus
}
#endif

#endif
