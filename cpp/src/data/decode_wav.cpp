#include "data/decode_wav.h"

#include <sndfile.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>

#include "tinynas/error.h"
#include "tinynas/rng.h"

namespace tinynas {
namespace {

constexpr std::size_t kMostSamples = std::size_t{64} << 20;

[[noreturn]] void fail(const std::string& where, const std::string& reason) {
  throw BadInput(where + ": damaged WAV (" + reason + "); replace or remove it");
}

struct MemoryFile {
  std::string_view bytes;
  sf_count_t at = 0;
};

sf_count_t length(void* user) {
  return static_cast<sf_count_t>(static_cast<MemoryFile*>(user)->bytes.size());
}

sf_count_t seek(sf_count_t offset, int whence, void* user) {
  auto& file = *static_cast<MemoryFile*>(user);
  const sf_count_t from = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? file.at : length(user);
  return file.at = std::clamp<sf_count_t>(from + offset, 0, length(user));
}

sf_count_t read(void* to, sf_count_t count, void* user) {
  auto& file = *static_cast<MemoryFile*>(user);
  count = std::clamp<sf_count_t>(count, 0, length(user) - file.at);
  std::memcpy(to, file.bytes.data() + file.at, static_cast<std::size_t>(count));
  file.at += count;
  return count;
}

sf_count_t write(const void*, sf_count_t, void*) { return 0; }
sf_count_t tell(void* user) { return static_cast<MemoryFile*>(user)->at; }

/// libsndfile reads what is there of a file that is cut short and says nothing.
void check_length(std::string_view bytes, const std::string& where) {
  if (!bytes.starts_with("RIFF") || bytes.size() < 12 || bytes.substr(8, 4) != "WAVE") {
    throw BadInput(where + ": is no WAV inside; replace or remove it");
  }
  std::uint32_t claimed = 0;
  for (int i = 3; i >= 0; --i) {
    claimed = claimed << 8 | static_cast<unsigned char>(bytes[4 + static_cast<std::size_t>(i)]);
  }
  if (claimed > bytes.size() - 8) fail(where, "it is cut short");
}

}  // namespace

Recording decode_wav(std::string_view bytes, const std::string& where) {
  check_length(bytes, where);
  MemoryFile memory{bytes};
  SF_VIRTUAL_IO io{&length, &seek, &read, &write, &tell};
  SF_INFO info{};
  const std::unique_ptr<SNDFILE, decltype(&sf_close)> file(
      sf_open_virtual(&io, SFM_READ, &info, &memory), &sf_close);
  if (!file) fail(where, sf_strerror(nullptr));
  Recording recording{info.samplerate, info.channels, {}};
  if (info.channels < 1 || info.samplerate < 1) fail(where, "it has no channels");
  const auto channels = static_cast<std::size_t>(info.channels);
  constexpr std::size_t kChunkFrames = 16384;
  for (;;) {
    const std::size_t at = recording.samples.size();
    recording.samples.resize(at + kChunkFrames * channels);
    static_assert(sizeof(int) == sizeof(std::int32_t));
    const sf_count_t got = sf_readf_int(file.get(), &recording.samples[at], kChunkFrames);
    recording.samples.resize(at +
                             static_cast<std::size_t>(std::max<sf_count_t>(got, 0)) * channels);
    if (recording.samples.size() > kMostSamples) {
      throw BadInput(where + ": is longer than 64 Mi samples; cut it into keywords");
    }
    if (got < static_cast<sf_count_t>(kChunkFrames)) break;
  }
  if (recording.samples.empty()) fail(where, "it holds no samples");
  return recording;
}

std::uint64_t hash_recording(const Recording& recording) {
  const std::array<std::int32_t, 2> head = {recording.sample_rate, recording.channels};
  return hash_bytes(recording.samples.data(), recording.samples.size() * sizeof(std::int32_t),
                    hash_bytes(head.data(), sizeof head));
}

std::vector<double> mono_samples(const Recording& recording) {
  const auto channels = static_cast<std::size_t>(recording.channels);
  std::vector<double> mono(recording.frames());
  for (std::size_t i = 0; i < mono.size(); ++i) {
    double sum = 0;
    for (std::size_t c = 0; c < channels; ++c) sum += recording.samples[i * channels + c];
    mono[i] = sum / (2147483648.0 * recording.channels);
  }
  return mono;
}

}  // namespace tinynas
