#include "data/log_mel.h"

#include <algorithm>
#include <cmath>
#include <complex>
#include <numeric>
#include <unsupported/Eigen/FFT>

namespace tinynas {
namespace {

/// `count` samples around the middle of `samples`, silence where there are none.
std::vector<double> centred(std::span<const double> samples, std::size_t count) {
  std::vector<double> result(count);
  const std::size_t common = std::min(count, samples.size());
  const auto from = static_cast<std::ptrdiff_t>((samples.size() - common) / 2);
  std::copy_n(samples.begin() + from, common,
              result.begin() + static_cast<std::ptrdiff_t>((count - common) / 2));
  return result;
}

}  // namespace

LogMel::LogMel(const AudioFrontEnd& front_end)
    : front_end_(front_end), window_(hann_window(front_end)), bands_(mel_bands(front_end)) {
  const double sum = std::accumulate(window_.begin(), window_.end(), 0.0);
  power_scale_ = 4 / (sum * sum);
}

Image LogMel::image(std::span<const double> samples) const {
  const std::vector<double> clip = centred(samples, static_cast<std::size_t>(front_end_.samples()));
  Image image{front_end_.frames, front_end_.bands, 1, {}};
  Eigen::FFT<double> fft;
  std::vector<double> frame(static_cast<std::size_t>(front_end_.fft_samples));
  std::vector<std::complex<double>> lines;
  const double steps = 255 / (front_end_.top_db - front_end_.floor_db);
  const double least = std::pow(10, front_end_.floor_db / 10);
  for (int f = 0; f < front_end_.frames; ++f) {
    const double* from = clip.data() + static_cast<std::ptrdiff_t>(f) * front_end_.hop_samples;
    for (std::size_t i = 0; i < window_.size(); ++i) frame[i] = window_[i] * from[i];
    fft.fwd(lines, frame);
    for (const MelBand& band : bands_) {
      double power = 0;
      for (std::size_t k = 0; k < band.weights.size(); ++k) {
        power += band.weights[k] * std::norm(lines[static_cast<std::size_t>(band.first_line) + k]);
      }
      const double db = 10 * std::log10(std::max(power * power_scale_, least));
      const double step = std::round((db - front_end_.floor_db) * steps);
      image.pixels.push_back(static_cast<std::uint8_t>(std::clamp(step, 0.0, 255.0)));
    }
  }
  return image;
}

}  // namespace tinynas
