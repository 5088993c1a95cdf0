#include <cmath>
#include <cstdlib>
#include <fstream>

#include "base/files.h"
#include "catch.h"
#include "codegen/log_mel_emitter.h"
#include "data/log_mel.h"
#include "temporary_folder.h"
#include "tinynas/rng.h"

using namespace tinynas;

namespace {

constexpr const char* kProgram = R"(#include <stdio.h>
#include "log_mel.h"
static int16_t samples[TINYNAS_AUDIO_SAMPLES];
static uint8_t pixels[TINYNAS_AUDIO_FRAMES * TINYNAS_AUDIO_BANDS];
int main(void) {
  while (fread(samples, sizeof samples, 1, stdin) == 1) {
    tinynas_log_mel(samples, pixels);
    fwrite(pixels, sizeof pixels, 1, stdout);
  }
  return 0;
}
)";

/// Silence, one bit, noise and sweeps at levels from -80 dB to full scale, and clipped sounds.
std::vector<std::vector<std::int16_t>> sounds(const AudioFrontEnd& front_end) {
  std::vector<std::vector<std::int16_t>> result;
  Rng rng(11);
  const auto add = [&](const auto& sample_at) {
    std::vector<std::int16_t> samples;
    for (int i = 0; i < front_end.samples(); ++i) {
      samples.push_back(
          static_cast<std::int16_t>(std::lround(std::clamp(sample_at(i), -32768.0, 32767.0))));
    }
    result.push_back(samples);
  };
  add([](int) { return 0.0; });
  add([](int i) { return i == 4000 ? 1.0 : 0.0; });
  for (const double level : {3.0, 100.0, 3000.0, 32767.0, 200000.0}) {
    add([&](int) { return level * (2 * rng.uniform() - 1); });
    add([&](int i) {
      const double t = static_cast<double>(i) / front_end.sample_rate;
      return level * std::sin(2 * 3.14159265 * (100 + 0.2 * front_end.sample_rate * t) * t);
    });
  }
  return result;
}

}  // namespace

TEST_CASE("The C front end makes the host's pixels, within one step") {
  for (const int rate : {8000, 16000, 44100}) {
    const AudioFrontEnd front_end = keyword_front_end(rate, "test");
    const testing::TemporaryFolder folder;
    for (const GeneratedFile& file : emit_log_mel(front_end)) {
      write_file_atomic(folder.file(file.name), file.content);
    }
    write_file_atomic(folder.file("main.c"), kProgram);
    const auto all = sounds(front_end);
    {
      std::ofstream input(folder.file("samples"), std::ios::binary);
      for (const auto& samples : all) {
        input.write(reinterpret_cast<const char*>(samples.data()),
                    static_cast<std::streamsize>(2 * samples.size()));
      }
    }
    const std::string command =
        "cd '" + folder.path() +
        "' && cc -std=c99 -O2 -Wall -Wextra -Werror -pedantic -Wconversion -Wno-sign-conversion "
        "-I . main.c log_mel.c -lm -o program && ./program < samples > pixels";
    REQUIRE(std::system(command.c_str()) == 0);
    const std::string pixels = read_file(folder.file("pixels"));
    const LogMel host(front_end);
    const auto image_bytes = static_cast<std::size_t>(front_end.frames * front_end.bands);
    REQUIRE(pixels.size() == all.size() * image_bytes);
    int differ = 0, worst = 0;
    for (std::size_t s = 0; s < all.size(); ++s) {
      std::vector<double> samples;
      for (const std::int16_t sample : all[s]) samples.push_back(sample / 32768.0);
      const Image image = host.image(samples);
      for (std::size_t i = 0; i < image_bytes; ++i) {
        const int got = static_cast<unsigned char>(pixels[s * image_bytes + i]);
        worst = std::max(worst, std::abs(got - image.pixels[i]));
        differ += got != image.pixels[i];
      }
    }
    CHECK(worst <= 1);
    CHECK(differ < static_cast<int>(pixels.size() / 500));
  }
}
