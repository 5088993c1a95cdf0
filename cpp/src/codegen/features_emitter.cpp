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

}  // namespace

std::vector<GeneratedFile> emit_features(const AudioFrontEnd& front_end) {
  std::vector<std::uint16_t> first_lines, line_counts;
  std::vector<double> weights;
  for (const MelBand& band : mel_bands(front_end)) {
    first_lines.push_back(static_cast<std::uint16_t>(band.first_line));
    line_counts.push_back(static_cast<std::uint16_t>(band.weights.size()));
    weights.insert(weights.end(), band.weights.begin(), band.weights.end());
  }
  if (weights.empty()) weights.push_back(0);  // C has no empty arrays
  const std::vector<double> window = scaled_window(front_end),
                            cosines = half_turn(front_end.fft_samples);
  const auto real = [](double value) { return c_float(static_cast<float>(value)); };
  const auto tables = static_cast<std::int64_t>(
      4 * (window.size() + cosines.size() + weights.size() + first_lines.size()));
  const std::vector<std::pair<std::string, std::string>> values = {
      {"FRONT_END", describe(front_end)},
      {"STATICS", format_count(2 * 4 * std::int64_t{front_end.fft_samples})},
      {"TABLES", format_count(tables)},
      {"SAMPLE_RATE", std::to_string(front_end.sample_rate)},
      {"FRAMES", std::to_string(front_end.frames)},
      {"BANDS", std::to_string(front_end.bands)},
      {"WINDOW", std::to_string(front_end.window_samples)},
      {"HOP", std::to_string(front_end.hop_samples)},
      {"SAMPLES", std::to_string(front_end.samples())},
      {"POINTS", std::to_string(front_end.fft_samples)},
      {"WINDOW_TABLE", float_table("window", window)},
      {"COSINES", float_table("cosines", cosines)},
      {"FIRST_LINES", line_table("first_line", first_lines)},
      {"LINE_COUNTS", line_table("line_count", line_counts)},
      {"WEIGHTS", float_table("weights", weights)},
      {"LEAST", real(std::pow(10, front_end.floor_db / 10))},
      {"FLOOR", "(" + real(front_end.floor_db) + ")"},
      {"STEPS", real(255 / (front_end.top_db - front_end.floor_db))}};
  return {{"features.h", fill_template(library_source("features.h"), values)},
          {"features.c", fill_template(library_source("features.c"), values)}};
}

}  // namespace tinynas
