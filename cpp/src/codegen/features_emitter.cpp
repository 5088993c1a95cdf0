#include "codegen/features_emitter.h"

#include <cmath>
#include <numbers>
#include <numeric>

#include "codegen/c_text.h"
#include "codegen/library_source.h"
#include "tinynas/bytes.h"

namespace tinynas {
namespace {

std::string float_table(const std::string& name, const std::vector<double>& values) {
  std::vector<std::string> items;
  for (const double value : values) items.push_back(c_float(static_cast<float>(value)));
  return "static " + c_array_of_text("float", name, items.size(), items);
}

std::string line_table(const std::string& name, const std::vector<std::uint16_t>& values) {
  return "static " + c_array("uint16_t", name, std::span<const std::uint16_t>(values));
}

/// Window weights that also scale: a full-scale sine of int16 gets power 1 at its peak.
std::vector<double> scaled_window(const AudioFrontEnd& front_end) {
  std::vector<double> window = hann_window(front_end);
  const double sum = std::accumulate(window.begin(), window.end(), 0.0);
  for (double& weight : window) weight *= 2 / (sum * 32768);
  return window;
}

/// Of half a turn: k of 0 to points / 2.
std::vector<double> half_turn(int points) {
  std::vector<double> cosines(static_cast<std::size_t>(points) / 2 + 1);
  for (std::size_t k = 0; k < cosines.size(); ++k) {
    cosines[k] = std::cos(2 * std::numbers::pi * static_cast<double>(k) / points);
  }
  return cosines;
}

struct Triangles {
  std::vector<std::uint16_t> first_lines, line_counts;
  std::vector<double> weights;  ///< of one after another
};

Triangles triangles(const AudioFrontEnd& front_end) {
  Triangles all;
  for (const MelBand& band : mel_bands(front_end)) {
    all.first_lines.push_back(static_cast<std::uint16_t>(band.first_line));
    all.line_counts.push_back(static_cast<std::uint16_t>(band.weights.size()));
    all.weights.insert(all.weights.end(), band.weights.begin(), band.weights.end());
  }
  if (all.weights.empty()) all.weights.push_back(0);  // C has no empty arrays
  return all;
}

std::string define(const std::string& name, const std::string& value) {
  return "#define TINYNAS_" + name + " " + value + "\n";
}

std::string tables_text(const AudioFrontEnd& front_end) {
  const Triangles all = triangles(front_end);
  const auto real = [](double value) { return c_float(static_cast<float>(value)); };
  return "/* Tables of features.c. */\n#include <stdint.h>\n\n" +
         define("FFT_POINTS", std::to_string(front_end.fft_samples)) +
         "/* Decibels from FLOOR_DB on are pixels from 0 on. */\n" +
         define("FLOOR_DB", "(" + real(front_end.floor_db) + ")") +
         define("LEAST_POWER", real(std::pow(10, front_end.floor_db / 10))) +
         define("STEPS_A_DB", real(255 / (front_end.top_db - front_end.floor_db))) + "\n" +
         float_table("window", scaled_window(front_end)) +
         float_table("cosines", half_turn(front_end.fft_samples)) +
         "/* Triangles over the lines of the transform: where each begins, how many lines it has, "
         "and\n * the weights of one after another. */\n" +
         line_table("first_line", all.first_lines) + line_table("line_count", all.line_counts) +
         float_table("weights", all.weights);
}

std::string header_text(const AudioFrontEnd& front_end) {
  const auto number = [](int value) { return std::to_string(value); };
  return "#ifndef TINYNAS_FEATURES_H\n#define TINYNAS_FEATURES_H\n\n#include <stdint.h>\n\n"
         "#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n"
         "/* From sound to the network's pixels: " +
         describe(front_end) +
         ".\n * The pixels are those that the network was trained on, to within one step. Needs "
         "log10f of math.h\n * and " +
         format_count(2 * 4 * std::int64_t{front_end.fft_samples}) + " bytes of statics. */\n" +
         define("AUDIO_SAMPLE_RATE", number(front_end.sample_rate)) +
         define("AUDIO_FRAMES", number(front_end.frames)) +
         define("AUDIO_BANDS", number(front_end.bands)) +
         define("AUDIO_WINDOW", number(front_end.window_samples) + " /* samples of one frame */") +
         define("AUDIO_HOP", number(front_end.hop_samples) + " /* from one frame to the next */") +
         define("AUDIO_SAMPLES", number(front_end.samples()) + " /* that all frames cover */") +
         "\n/* One frame, TINYNAS_AUDIO_WINDOW samples, becomes one row of TINYNAS_AUDIO_BANDS "
         "pixels. Not\n * reentrant. */\n"
         "void tinynas_log_mel_frame(const int16_t *samples, uint8_t *row);\n\n"
         "/* TINYNAS_AUDIO_SAMPLES samples become TINYNAS_AUDIO_FRAMES rows, which "
         "tinynas_quantise_pixels\n * turns into the network's input. Not reentrant. */\n"
         "void tinynas_log_mel(const int16_t *samples, uint8_t *pixels);\n\n"
         "#ifdef __cplusplus\n}\n#endif\n\n#endif\n";
}

}  // namespace

std::vector<GeneratedFile> emit_features(const AudioFrontEnd& front_end) {
  return {{"features.h", header_text(front_end)},
          {"features_tables.h", tables_text(front_end)},
          {"features.c", library_source("features.c")}};
}

}  // namespace tinynas
