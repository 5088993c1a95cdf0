// From instructions to milliseconds: fits, intervals, calibration files.

#include "tinynas/latency.h"

#include "base/files.h"
#include "catch.h"
#include "temporary_folder.h"
#include "tinynas/error.h"
#include "tinynas/mcu.h"

using namespace tinynas;
using Catch::Matchers::Contains;

namespace {

constexpr double kClock = 100e6;

LatencyMeasurement row(std::int64_t instructions, std::int64_t bytes, double cpi, double per_byte) {
  const double cycles =
      static_cast<double>(instructions) * cpi + static_cast<double>(bytes) * per_byte;
  return {instructions, bytes, 1e3 * cycles / kClock};
}

}  // namespace

TEST_CASE("a fit recovers the cycles that made its rows") {
  const LatencyFit one =
      fit_latency({row(3'000'000, 0, 1.5, 0), row(40'000'000, 0, 1.5, 0)}, kClock);
  CHECK(one.cpi == Approx(1.5));
  CHECK(one.cycles_per_weight_byte == 0);
  CHECK(one.max_error == Approx(0).margin(1e-9));

  const LatencyFit two =
      fit_latency({row(3'000'000, 90'000, 1.2, 4), row(9'000'000, 700'000, 1.2, 4),
                   row(20'000'000, 60'000, 1.2, 4), row(5'000'000, 5'000, 1.2, 4)},
                  kClock);
  CHECK(two.cpi == Approx(1.2));
  CHECK(two.cycles_per_weight_byte == Approx(4));
  CHECK(two.max_error == Approx(0).margin(1e-9));
}

TEST_CASE("what one row is off by shows when it is left out") {
  const LatencyFit fit = fit_latency(
      {row(10'000'000, 0, 1, 0), row(20'000'000, 0, 1, 0), row(30'000'000, 0, 1.3, 0)}, kClock);
  CHECK(fit.max_error == Approx(0.3 / 1.3));
  CHECK(fit.mean_error < fit.max_error);
  CHECK(fit_latency({row(1'000'000, 0, 2, 0)}, kClock).max_error == kLoneRowError);
}

TEST_CASE("bytes that would take negative cycles are left out of a fit") {
  const LatencyFit fit =
      fit_latency({row(10'000'000, 1'000, 2, -9), row(20'000'000, 900'000, 2, -9),
                   row(30'000'000, 5'000, 2, -9), row(40'000'000, 700'000, 2, -9)},
                  kClock);
  CHECK(fit.cycles_per_weight_byte == 0);
  CHECK(fit.cpi > 1.5);
}

TEST_CASE("intervals grow with the error of instructions and stream weights") {
  const LatencyModel model{kClock, 1, 2, 3, "test"};
  const LatencyInterval interval = model.of(1'000'000, 0.1, 100'000);
  CHECK(interval.low_ms == Approx(9 + 3));
  CHECK(interval.high_ms == Approx(22 + 3));
}

TEST_CASE("cores that somebody measured have a model, others none") {
  const auto m7 = find_latency_model(find_mcu("stm32h743"));
  REQUIRE(m7);
  CHECK(m7->clock_hz == Approx(480e6));
  CHECK(m7->cpi_low == Approx(0.70 * 0.94));
  CHECK(m7->cpi_high == Approx(0.956 * 1.045));
  CHECK_THAT(m7->source, Contains("not measured on hardware"));
  CHECK(find_latency_model(find_mcu("stm32f405")));
  CHECK(find_latency_model(find_mcu("stm32u575")));
  CHECK_FALSE(find_latency_model(find_mcu("stm32f103rb")));
  const LatencyModel any = uncalibrated_latency_model(find_mcu("stm32f103rb"));
  CHECK(any.cpi_low <= m7->cpi_low);
  CHECK(any.cpi_high > 2);
  CHECK_THAT(any.source, Contains("uncalibrated"));
}

TEST_CASE("a calibration file is read back, for its core only") {
  const testing::TemporaryFolder folder;
  const std::string path = folder.path() + "/board.toml";
  const Mcu mcu = find_mcu("stm32f746");
  write_file_atomic(path, calibration_toml(mcu, {0.8, 0.5, 0.02, 0.05}, 7, "mine.csv"));
  const LatencyModel model = load_calibration(path, mcu);
  CHECK(model.cpi_low == Approx(0.76));
  CHECK(model.cpi_high == Approx(0.84));
  CHECK(model.cycles_per_weight_byte == Approx(0.5));
  CHECK_THAT(model.source, Contains("7 measurements"));
  CHECK_THROWS_WITH(load_calibration(path, find_mcu("stm32f405")), Contains("of a Cortex-M7"));
}
