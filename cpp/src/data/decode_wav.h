#pragma once
// WAV bytes to samples (libsndfile).

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tinynas {

/// As stored: frames of `channels` samples, whatever the subtype scaled to 32 bits.
struct Recording {
  int sample_rate = 0, channels = 0;
  std::vector<std::int32_t> samples;  ///< frames() * channels
  std::size_t frames() const { return samples.size() / static_cast<std::size_t>(channels); }
};

/// Throws BadInput, beginning with `where`, for what is no WAV, is cut short, is empty or is longer
/// than 64 Mi samples. Thread-safe.
Recording decode_wav(std::string_view bytes, const std::string& where);

/// Identity of a recording's content: rate, channels and samples.
std::uint64_t hash_recording(const Recording& recording);

/// Its channels averaged, full scale is 1.
std::vector<double> mono_samples(const Recording& recording);

}  // namespace tinynas
