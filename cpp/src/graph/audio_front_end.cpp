#include <algorithm>
#include <cmath>
#include <numbers>
#include <sstream>

#include "graph/audio_json.h"
#include "tinynas/audio.h"
#include "tinynas/bytes.h"
#include "tinynas/error.h"

namespace tinynas {
namespace {

constexpr int kLowestRate = 4'000, kHighestRate = 48'000;
constexpr int kSide = 32;
constexpr int kMostLines = 1 << 14, kMostSide = 1024;

double mel_of(double hz) { return 2595 * std::log10(1 + hz / 700); }
double hz_of(double mel) { return 700 * (std::pow(10, mel / 2595) - 1); }

}  // namespace

AudioFrontEnd keyword_front_end(int sample_rate, const std::string& where) {
  if (sample_rate < kLowestRate || sample_rate > kHighestRate) {
    throw BadInput(where + ": has a sample rate of " + std::to_string(sample_rate) +
                   " Hz, rates may be 4,000 to 48,000; resample the recordings");
  }
  AudioFrontEnd front_end;
  front_end.sample_rate = sample_rate;
  front_end.frames = front_end.bands = kSide;
  front_end.hop_samples = sample_rate / kSide;
  front_end.window_samples = 2 * front_end.hop_samples;
  front_end.fft_samples = 1;
  while (front_end.fft_samples < front_end.window_samples) front_end.fft_samples *= 2;
  front_end.low_hz = 60;
  front_end.high_hz = std::min(sample_rate / 2.0, 8000.0);
  front_end.floor_db = -90;
  front_end.top_db = 0;
  return front_end;
}

void check_front_end(const AudioFrontEnd& f, const std::string& where) {
  const bool fft = f.fft_samples >= 2 && f.fft_samples <= kMostLines &&
                   (f.fft_samples & (f.fft_samples - 1)) == 0;
  const bool times = f.sample_rate > 0 && f.window_samples >= 2 &&
                     f.window_samples <= f.fft_samples && f.hop_samples >= 1 &&
                     f.hop_samples <= kMostLines;
  const bool image = f.frames >= 1 && f.frames <= kMostSide && f.bands >= 1 && f.bands <= kMostSide;
  const bool range = f.low_hz >= 0 && f.low_hz < f.high_hz && f.high_hz <= f.sample_rate / 2.0 &&
                     f.floor_db < f.top_db;
  if (!fft || !times || !image || !range) {
    throw BadInput(where + ": holds parameters that no log-mel front end can have");
  }
}

std::string describe(const AudioFrontEnd& f) {
  std::ostringstream text;
  text << "log-mel of " << format_count(f.sample_rate) << " Hz: " << f.frames << " frames of "
       << f.window_samples << " samples (Hann) every " << f.hop_samples << ", FFT of "
       << f.fft_samples << ", " << f.bands << " bands from " << f.low_hz << " to " << f.high_hz
       << " Hz, " << f.floor_db << " to " << f.top_db << " dB as 0 to 255";
  return text.str();
}

std::vector<double> hann_window(const AudioFrontEnd& front_end) {
  std::vector<double> window(static_cast<std::size_t>(front_end.window_samples));
  for (std::size_t i = 0; i < window.size(); ++i) {
    const double phase = 2 * std::numbers::pi * static_cast<double>(i) / front_end.window_samples;
    window[i] = 0.5 - 0.5 * std::cos(phase);
  }
  return window;
}

std::vector<MelBand> mel_bands(const AudioFrontEnd& front_end) {
  const double low = mel_of(front_end.low_hz);
  const double step = (mel_of(front_end.high_hz) - low) / (front_end.bands + 1);
  const double line_hz = static_cast<double>(front_end.sample_rate) / front_end.fft_samples;
  std::vector<MelBand> bands(static_cast<std::size_t>(front_end.bands));
  for (int b = 0; b < front_end.bands; ++b) {
    MelBand& band = bands[static_cast<std::size_t>(b)];
    const double left = hz_of(low + b * step), peak = hz_of(low + (b + 1) * step),
                 right = hz_of(low + (b + 2) * step);
    for (int line = 0; line <= front_end.fft_samples / 2; ++line) {
      const double hz = line * line_hz;
      const double weight = std::min((hz - left) / (peak - left), (right - hz) / (right - peak));
      if (weight <= 0) continue;
      if (band.weights.empty()) band.first_line = line;
      band.weights.push_back(weight);
    }
  }
  return bands;
}

Json front_end_json(const AudioFrontEnd& f) {
  return {{"kind", "log-mel"},
          {"sample_rate", f.sample_rate},
          {"window_samples", f.window_samples},
          {"hop_samples", f.hop_samples},
          {"fft_samples", f.fft_samples},
          {"frames", f.frames},
          {"bands", f.bands},
          {"low_hz", f.low_hz},
          {"high_hz", f.high_hz},
          {"floor_db", f.floor_db},
          {"top_db", f.top_db}};
}

AudioFrontEnd parse_front_end(const Json& json, const std::string& where) {
  if (json_string(json, "kind", where) != "log-mel") {
    throw BadInput(where + ": field 'kind' is not 'log-mel', the only front end known");
  }
  const auto whole = [&](const char* key) {
    const std::int64_t value = json_int(json, key, where);
    return static_cast<int>(std::clamp<std::int64_t>(value, -1, 1 << 30));
  };
  AudioFrontEnd f;
  f.sample_rate = whole("sample_rate");
  f.window_samples = whole("window_samples");
  f.hop_samples = whole("hop_samples");
  f.fft_samples = whole("fft_samples");
  f.frames = whole("frames");
  f.bands = whole("bands");
  f.low_hz = json_number(json, "low_hz", where);
  f.high_hz = json_number(json, "high_hz", where);
  f.floor_db = json_number(json, "floor_db", where);
  f.top_db = json_number(json, "top_db", where);
  check_front_end(f, where);
  return f;
}

}  // namespace tinynas
