#include <cmath>
#include <complex>
#include <filesystem>
#include <numbers>

#include "catch.h"
#include "data/decode_wav.h"
#include "data/log_mel.h"
#include "support.h"
#include "tinynas/dataset.h"

using namespace tinynas;
using namespace tinynas::testing;
using Catch::Matchers::Contains;
namespace fs = std::filesystem;

namespace {

constexpr double kPi = std::numbers::pi;

std::vector<std::int16_t> noise(std::size_t count, std::uint64_t seed) {
  Rng rng(seed);
  std::vector<std::int16_t> samples(count);
  for (std::int16_t& sample : samples) {
    sample = static_cast<std::int16_t>(static_cast<int>(rng.below(20000)) - 10000);
  }
  return samples;
}

/// The definition, line by line: no fast transform, no shared table, natural logarithms (1127 ln(1
/// + f / 700) is the same mel scale to 1e-5).
double decibels(const AudioFrontEnd& f, const std::vector<double>& clip, int frame, int band) {
  const auto mel = [](double hz) { return 2595 / std::log(10.0) * std::log1p(hz / 700); };
  const auto edge = [&](int i) {
    const double at = mel(f.low_hz) + (mel(f.high_hz) - mel(f.low_hz)) * i / (f.bands + 1);
    return 700 * std::expm1(at * std::log(10.0) / 2595);
  };
  double energy = 0, window_sum = 0;
  for (int n = 0; n < f.window_samples; ++n) {
    window_sum += std::pow(std::sin(kPi * n / f.window_samples), 2);
  }
  for (int line = 0; line <= f.fft_samples / 2; ++line) {
    const double hz = static_cast<double>(line) * f.sample_rate / f.fft_samples;
    double weight = 0;
    if (hz > edge(band) && hz <= edge(band + 1)) {
      weight = (hz - edge(band)) / (edge(band + 1) - edge(band));
    } else if (hz > edge(band + 1) && hz < edge(band + 2)) {
      weight = (edge(band + 2) - hz) / (edge(band + 2) - edge(band + 1));
    }
    if (weight == 0) continue;
    std::complex<double> sum = 0;
    for (int n = 0; n < f.window_samples; ++n) {
      const double value = clip[static_cast<std::size_t>(frame * f.hop_samples + n)] *
                           std::pow(std::sin(kPi * n / f.window_samples), 2);
      sum += value * std::polar(1.0, -2 * kPi * line * n / f.fft_samples);
    }
    energy += weight * std::norm(sum) / std::pow(window_sum / 2, 2);
  }
  return 10 * std::log10(std::max(energy, 1e-30));
}

std::vector<double> as_doubles(const std::vector<std::int16_t>& samples) {
  std::vector<double> result;
  for (const std::int16_t sample : samples) result.push_back(sample / 32768.0);
  return result;
}

std::vector<std::pair<std::string, std::string>> keywords(int train, int test, int rate = 8000) {
  std::vector<std::pair<std::string, std::string>> entries;
  for (int i = 0; i < train + test; ++i) {
    entries.emplace_back(
        (i < train ? "train/" : "test/") + std::string(i % 2 == 0 ? "no/" : "yes/") +
            std::to_string(i) + ".wav",
        wav_bytes(noise(1000 + 300 * static_cast<std::size_t>(i % 40), 100 + i), rate, 1));
  }
  return entries;
}

}  // namespace

TEST_CASE("Log-mel: the transform equals the definition within half a step") {
  for (const int rate : {8000, 16000}) {
    const AudioFrontEnd front_end = keyword_front_end(rate, "test");
    CHECK(front_end.samples() == rate + rate / 32);
    std::vector<double> clip = as_doubles(noise(static_cast<std::size_t>(front_end.samples()), 3));
    for (std::size_t i = 0; i < clip.size(); ++i) {  // loud to silent, so that all levels occur
      clip[i] *= std::pow(10.0, -5.0 * static_cast<double>(i) / static_cast<double>(clip.size()));
    }
    const Image image = LogMel(front_end).image(clip);
    REQUIRE(image.pixels.size() == 32u * 32u);
    const double steps = 255 / (front_end.top_db - front_end.floor_db);
    double worst = 0;
    int at_floor = 0;
    for (int frame = 0; frame < 32; frame += 5) {
      for (int band = 0; band < 32; ++band) {
        const double exact = std::clamp(
            (decibels(front_end, clip, frame, band) - front_end.floor_db) * steps, 0.0, 255.0);
        const int pixel = image.pixels[static_cast<std::size_t>(frame * 32 + band)];
        worst = std::max(worst, std::abs(exact - pixel));
        at_floor += pixel == 0;
      }
    }
    CHECK(worst <= 0.5 + 1e-6);
    CHECK(at_floor > 0);
  }
}

TEST_CASE("Log-mel: a full-scale sine on a line is the top, silence the floor") {
  const AudioFrontEnd front_end = keyword_front_end(8000, "test");
  const auto samples = static_cast<std::size_t>(front_end.samples());
  const std::vector<double> silence(samples);
  for (const std::uint8_t pixel : LogMel(front_end).image(silence).pixels) CHECK(pixel == 0);
  std::vector<double> sine(samples);
  for (std::size_t i = 0; i < samples; ++i) {
    sine[i] = std::sin(2 * kPi * 1000 * static_cast<double>(i) / 8000);
  }
  const Image image = LogMel(front_end).image(sine);
  for (int frame = 0; frame < 32; ++frame) {
    const auto row = image.pixels.begin() + frame * 32;
    CHECK(*std::max_element(row, row + 32) >= 253);
    const auto place = std::max_element(row, row + 32) - row;
    CHECK(place ==
          14);  // (mel(1000) - mel(60)) / ((mel(4000) - mel(60)) / 33) = 14.6: bands 13, 14
  }
}

TEST_CASE(
    "Log-mel: short recordings stand in the middle of silence, of long ones the middle is kept") {
  const AudioFrontEnd front_end = keyword_front_end(8000, "test");
  const LogMel log_mel(front_end);
  const std::vector<double> word = as_doubles(noise(1000, 4));
  const Image image = log_mel.image(word);
  for (int frame = 0; frame < 32; ++frame) {
    const auto row = image.pixels.begin() + frame * 32;
    const bool silent = *std::max_element(row, row + 32) == 0;
    const int from = frame * 250, to = from + 500;
    CHECK(silent == (to <= 3626 || from >= 4625));  // one sample: the window begins with 0
  }
  std::vector<double> padded(8250 + 4001);
  const std::vector<double> middle = as_doubles(noise(8250, 5));
  std::copy(middle.begin(), middle.end(), padded.begin() + 2000);
  padded[0] = padded.back() = 1;
  CHECK(log_mel.image(padded).pixels == log_mel.image(middle).pixels);
}

TEST_CASE("WAV: samples of every subtype, channels averaged, damage refused") {
  const std::vector<std::int16_t> samples = noise(400, 1);
  const std::string stereo = wav_bytes(samples, 11025, 2);
  const Recording recording = decode_wav(stereo, "a.wav");
  CHECK(recording.sample_rate == 11025);
  CHECK(recording.channels == 2);
  REQUIRE(recording.frames() == 200);
  const std::vector<double> mono = mono_samples(recording);
  for (std::size_t i = 0; i < 200; ++i) {
    CHECK(mono[i] == Approx((samples[2 * i] + samples[2 * i + 1]) / 65536.0));
  }
  for (std::size_t n = 0; n < stereo.size(); ++n) {
    CHECK(throws_bad_input([&] { decode_wav(stereo.substr(0, n), "a.wav"); }));
  }
  CHECK_THAT(bad_input([&] { decode_wav(wav_bytes({}, 8000, 1), "a.wav"); }),
             Contains("a.wav: damaged WAV (it holds no samples)"));
  CHECK_THAT(bad_input([&] { decode_wav("\x89PNG and so on", "a.wav"); }), Contains("is no WAV"));
  Rng rng(7);
  for (int trial = 0; trial < 3000; ++trial) {  // whatever the bytes say, an image or one line
    std::string flipped = stereo;
    for (int k = 0; k < 3; ++k) {
      flipped[rng.below(k == 0 ? 44 : 844)] = static_cast<char>(rng.below(256));
    }
    throws_bad_input([&] { decode_wav(flipped, "a.wav"); });
  }
}

TEST_CASE(
    "Recordings are a data set like any other: splits by content, folders and zips, on demand") {
  const TemporaryFolder folder;
  const auto entries = keywords(80, 12);
  for (const auto& [name, bytes] : entries) write_bytes(folder / ("plain/" + name), bytes);
  write_bytes(folder / "words.zip", zip_bytes(entries, true));
  DatasetOptions options;
  options.path = folder / "plain";
  const Dataset data = load_dataset(options);
  REQUIRE(data.audio);
  CHECK(*data.audio == keyword_front_end(8000, "test"));
  CHECK(data.class_names == std::vector<std::string>{"no", "yes"});
  CHECK(data.train.height == 32);
  CHECK(data.train.channels == 1);
  CHECK(data.sizes.min_seconds == Approx(0.125));
  options.path = folder / "words.zip";
  options.memory_limit_bytes = 0;
  options.resolution = 32;
  options.channels = 1;
  const Dataset streamed = load_dataset(options);
  CHECK(streamed.split_hash == data.split_hash);
  CHECK(streamed.train.pixels.empty());
  CHECK(pixels_of(streamed.train) == data.train.pixels);
  options.resolution = 28;
  CHECK_THAT(bad_input([&] { load_dataset(options); }), Contains("resolutions = [32]"));
  options.resolution = 32;
  options.channels = 3;
  CHECK_THAT(bad_input([&] { load_dataset(options); }), Contains("image_channels = 1"));
}

TEST_CASE("Recordings of several rates, of strange rates, or beside images are refused by name") {
  const TemporaryFolder folder;
  for (const auto& [name, bytes] : keywords(40, 0)) write_bytes(folder / ("set/" + name), bytes);
  DatasetOptions options;
  options.path = folder / "set";
  write_bytes(folder / "set/train/yes/other.wav", wav_bytes(noise(500, 9), 16000, 1));
  CHECK_THAT(bad_input([&] { load_dataset(options); }),
             Contains("other.wav: has a sample rate of 16000 Hz, others have 8000"));
  fs::remove(folder / "set/train/yes/other.wav");
  Rng rng(1);
  write_bytes(folder / "set/train/yes/a.png", png_bytes(random_image(8, 8, 1, rng)));
  CHECK_THAT(bad_input([&] { load_dataset(options); }), Contains("a.png an image"));
  for (const auto& [name, bytes] : keywords(40, 0, 96000))
    write_bytes(folder / ("hi/" + name), bytes);
  options.path = folder / "hi";
  CHECK_THAT(bad_input([&] { load_dataset(options); }), Contains("4,000 to 48,000"));
}

TEST_CASE("Spoken digits of shared/data") {
  const std::string path = std::string(TINYNAS_SHARED_DIR) + "/data/spoken-digits";
  if (!fs::exists(path + "/train.zip")) {
    WARN("skipped: " + path + " is absent");
    return;
  }
  DatasetOptions options;
  options.path = path;
  const Dataset data = load_dataset(options);
  CHECK(data.test.count() == 300);
  CHECK(data.train.count() + data.calibration.count() + data.validation.count() == 2700);
  CHECK(data.class_names.size() == 10);
  CHECK(data.sizes.max_seconds == Approx(2.28).margin(0.02));
  CHECK(data.repeated_images == 0);
}
