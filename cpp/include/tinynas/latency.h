#pragma once
// From predicted instructions to milliseconds: always an interval, with where it comes from.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tinynas/mcu.h"

namespace tinynas {

struct LatencyInterval {
  double low_ms = 0, high_ms = 0;
};

/// Cycles of one part's core: instructions times cycles an instruction, and weights streamed from
/// flash that stalls it.
struct LatencyModel {
  double clock_hz = 0;
  double cpi_low = 0, cpi_high = 0;  ///< cycles an instruction
  double cycles_per_weight_byte = 0;
  std::string source;  ///< for people: what was measured, by whom, and how sure it is

  /// `instruction_error`: relative, widens the interval. `weight_bytes`: read once an inference.
  LatencyInterval of(std::int64_t instructions, double instruction_error,
                     std::int64_t weight_bytes) const;
};

/// The model of a part's core from configs/latency, or nothing where nobody has measured that core.
/// Our kernels were never measured there: the interval spans those kernel families that were, and
/// where that is one alone it is widened by the spread between families on other cores.
std::optional<LatencyModel> find_latency_model(const Mcu& mcu);
/// For --allow-uncalibrated: from the least to the most of all cores that were measured.
LatencyModel uncalibrated_latency_model(const Mcu& mcu);
/// A file that `tinynas calibrate` wrote, for the part that it names or another of its core. Throws
/// BadInput that names file, line and key; for a file of another core too.
LatencyModel load_calibration(const std::string& path, const Mcu& mcu);

/// One inference on the user's board.
struct LatencyMeasurement {
  std::int64_t instructions = 0;  ///< predicted
  std::int64_t weight_bytes = 0;  ///< 0 in all rows: not fitted
  double ms = 0;
};
/// Least squares of relative errors, and the same with each row left out in turn.
struct LatencyFit {
  double cpi = 0;
  double cycles_per_weight_byte = 0;     ///< 0 where weight bytes do not help, or are not known
  double mean_error = 0, max_error = 0;  ///< leave-one-out, relative; of one row: the row's spread
                                         ///< is not known, both are kLoneRowError
};
/// What a single row is taken to be wrong by.
inline constexpr double kLoneRowError = 0.1;
/// At least one row, all with instructions and ms above 0.
LatencyFit fit_latency(const std::vector<LatencyMeasurement>& rows, double clock_hz);
/// The text of a calibration file.
std::string calibration_toml(const Mcu& mcu, const LatencyFit& fit, std::size_t rows,
                             const std::string& measurements_file);

}  // namespace tinynas
