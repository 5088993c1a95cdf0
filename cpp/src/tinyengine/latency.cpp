#include "tinynas/latency.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>

#include "base/files.h"
#include "base/toml_reader.h"
#include "tinyengine/kernel_table.h"
#include "tinynas/error.h"

namespace tinynas {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kFormatVersion = 1;
constexpr double kMostCpi = 100, kMostCyclesPerByte = 1000;

void read_version(const TomlTable& file) {
  if (file.get_int("format_version", 1, 1 << 20) != kFormatVersion) {
    file.fail("format_version", "this program reads 1 only");
  }
}

/// configs/latency/NAME.toml: kernel families that were measured on a core.
LatencyModel load_core_file(const std::string& path) {
  const TomlTable file = TomlTable::load_file(path);
  read_version(file);
  LatencyModel model;
  file.get_string("core");
  const double spread = file.get_number("family_spread", 1, 10);
  model.cpi_low = kMostCpi;
  for (const TomlTable& family : file.get_tables("family")) {
    family.get_string("name");
    const double low = family.get_number("cpi_low", 0.01, kMostCpi);
    const double high = family.get_number("cpi_high", low, kMostCpi);
    const double error = family.get_number("error", 0, 1);
    model.cpi_low = std::min(model.cpi_low, low * (1 - error) / spread);
    model.cpi_high = std::max(model.cpi_high, high * (1 + error) * spread);
    family.finish();
  }
  if (model.cpi_high == 0) file.fail("family", "needs one at least");
  model.source = file.get_string("source") +
                 "; our kernels were not measured on hardware, so the interval spans kernel "
                 "families and the error of predicted instructions";
  file.finish();
  return model;
}

fs::path latency_folder() { return fs::path(data_dir()) / "configs" / "latency"; }

}  // namespace

LatencyInterval LatencyModel::of(std::int64_t instructions, double instruction_error,
                                 std::int64_t weight_bytes) const {
  const auto count = static_cast<double>(instructions);
  const double streamed = cycles_per_weight_byte * static_cast<double>(weight_bytes);
  const double to_ms = 1e3 / clock_hz;
  return {(count * (1 - instruction_error) * cpi_low + streamed) * to_ms,
          (count * (1 + instruction_error) * cpi_high + streamed) * to_ms};
}

std::optional<LatencyModel> find_latency_model(const Mcu& mcu) {
  const fs::path path = latency_folder() / core_file_name(network_core(mcu));
  std::error_code error;
  if (!fs::exists(path, error)) return std::nullopt;
  LatencyModel model = load_core_file(path.string());
  model.clock_hz = static_cast<double>(mcu.clock_hz);
  return model;
}

LatencyModel uncalibrated_latency_model(const Mcu& mcu) {
  LatencyModel all;
  all.cpi_low = kMostCpi;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(latency_folder(), error)) {
    if (entry.path().extension() != ".toml") continue;
    const LatencyModel one = load_core_file(entry.path().string());
    all.cpi_low = std::min(all.cpi_low, one.cpi_low);
    all.cpi_high = std::max(all.cpi_high, one.cpi_high);
  }
  all.clock_hz = static_cast<double>(mcu.clock_hz);
  all.source = "uncalibrated: nothing was measured on a " + network_core(mcu) +
               "; the interval spans all cores that were";
  return all;
}

LatencyModel load_calibration(const std::string& path, const Mcu& mcu) {
  const TomlTable file = TomlTable::load_file(path);
  read_version(file);
  LatencyModel model;
  const std::string core = file.get_string("core");
  if (core != network_core(mcu)) {
    file.fail("core", "the calibration is of a " + core + ", " + mcu.name + " has a " +
                          network_core(mcu) + "; run tinynas calibrate with measurements of it");
  }
  const double cpi = file.get_number("cpi", 0.01, kMostCpi);
  const double error = file.get_number("error", 0, 1);
  model.cpi_low = cpi * (1 - error);
  model.cpi_high = cpi * (1 + error);
  model.cycles_per_weight_byte = file.number_or("cycles_per_weight_byte", 0, 0, kMostCyclesPerByte);
  model.clock_hz = static_cast<double>(mcu.clock_hz);
  model.source = file.get_string("source");
  file.finish();
  return model;
}

std::string calibration_toml(const Mcu& mcu, const LatencyFit& fit, std::size_t rows,
                             const std::string& measurements_file) {
  char numbers[256];
  std::snprintf(numbers, sizeof numbers,
                "cpi = %.6g\nerror = %.6g\ncycles_per_weight_byte = %.6g\n", fit.cpi,
                std::min(fit.max_error, 1.0), fit.cycles_per_weight_byte);
  char source[256];
  std::snprintf(source, sizeof source,
                "%zu measurement%s on a %s, leave-one-out error %.1f %% mean, %.1f %% max", rows,
                rows == 1 ? "" : "s", mcu.part.c_str(), 100 * fit.mean_error, 100 * fit.max_error);
  return "# Written by `tinynas calibrate " + fs::path(measurements_file).filename().string() +
         " --mcu " + mcu.name + "`; `--calibration` of plan and search takes it.\n" +
         "format_version = " + std::to_string(kFormatVersion) + "\ncore = \"" + network_core(mcu) +
         "\"\n" + numbers + "source = \"" + source + "\"\n";
}

}  // namespace tinynas
