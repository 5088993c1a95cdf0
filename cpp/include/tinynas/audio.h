#pragma once
// Recordings as images: the log-mel front end, whose parameters belong to a data set and travel
// with everything that is trained on it.

#include <string>
#include <vector>

namespace tinynas {

/// How a recording becomes a grey image, one row a frame in the order of time, one column a mel
/// band from low to high. A frame: `window_samples` samples times a periodic Hann window, a Fourier
/// transform of `fft_samples` points (zeros behind), powers such that a full-scale sine has 1 at
/// its peak, summed over triangles that stand equally spaced on the mel scale (2595 log10(1 + f /
/// 700), Davis and Mermelstein's filter bank, 1980), in decibels, of which `floor_db` to `top_db`
/// are the pixels 0 to 255. Recordings are averaged to one channel and padded with silence or cut
/// to samples(), equally at both ends.
struct AudioFrontEnd {
  int sample_rate = 0;  ///< Hz
  int window_samples = 0, hop_samples = 0, fft_samples = 0;
  int frames = 0, bands = 0;       ///< the image's height and width
  double low_hz = 0, high_hz = 0;  ///< outer edges of the lowest and the highest triangle
  double floor_db = 0, top_db = 0;
  /// What the frames cover: (frames - 1) * hop_samples + window_samples.
  int samples() const { return (frames - 1) * hop_samples + window_samples; }
  bool operator==(const AudioFrontEnd&) const = default;
};

/// The front end for keywords: one second as 32 frames of 32 bands, square so that every search
/// space can take it. A hop of 1/32 s and a window of two hops (62.5 ms) weigh every sample
/// equally; syllables last several hops. 60 Hz to half the sample rate, at most 8 kHz: the lowest
/// triangles still span several lines of the transform. -90 to 0 dB hold speech of common levels in
/// steps of 0.35 dB. Throws BadInput, beginning with `where`, unless the rate is 4,000 to 48,000
/// Hz.
AudioFrontEnd keyword_front_end(int sample_rate, const std::string& where);

/// Throws BadInput, beginning with `where`, for parameters that no front end can have.
void check_front_end(const AudioFrontEnd& front_end, const std::string& where);

/// "8,000 Hz, 32 frames of 500 samples (Hann) every 250, ..."
std::string describe(const AudioFrontEnd& front_end);

/// window_samples weights.
std::vector<double> hann_window(const AudioFrontEnd& front_end);

/// A triangle over lines of the transform (line k: k * sample_rate / fft_samples Hz).
struct MelBand {
  int first_line = 0;
  std::vector<double> weights;
};
std::vector<MelBand> mel_bands(const AudioFrontEnd& front_end);

}  // namespace tinynas
