#include <Eigen/Dense>
#include <algorithm>
#include <cmath>

#include "tinynas/latency.h"

namespace tinynas {
namespace {

/// Cycles an instruction, and a weight byte; columns are relative to what was measured.
Eigen::Vector2d solve(const Eigen::MatrixX2d& rows, bool with_bytes) {
  const Eigen::VectorXd ones = Eigen::VectorXd::Ones(rows.rows());
  if (with_bytes) {
    const Eigen::ColPivHouseholderQR<Eigen::MatrixX2d> factors(rows);
    const Eigen::Vector2d both = factors.solve(ones);
    if (factors.rank() == 2 && both[0] > 0 && both[1] > 0) return both;
  }
  const Eigen::VectorXd first = rows.col(0);
  return {first.dot(ones) / first.squaredNorm(), 0};
}

Eigen::MatrixX2d without_row(const Eigen::MatrixX2d& rows, Eigen::Index left_out) {
  Eigen::MatrixX2d rest(rows.rows() - 1, 2);
  rest.topRows(left_out) = rows.topRows(left_out);
  rest.bottomRows(rows.rows() - 1 - left_out) = rows.bottomRows(rows.rows() - 1 - left_out);
  return rest;
}

}  // namespace

LatencyFit fit_latency(const std::vector<LatencyMeasurement>& measurements, double clock_hz) {
  const auto count = static_cast<Eigen::Index>(measurements.size());
  Eigen::MatrixX2d rows(count, 2);
  bool bytes_known = true;
  for (Eigen::Index i = 0; i < count; ++i) {
    const LatencyMeasurement& row = measurements[static_cast<std::size_t>(i)];
    const double cycles = row.ms * 1e-3 * clock_hz;
    rows(i, 0) = static_cast<double>(row.instructions) / cycles;
    rows(i, 1) = static_cast<double>(row.weight_bytes) / cycles;
    bytes_known &= row.weight_bytes > 0;
  }
  // Two numbers want rows enough to leave one out and still have a check.
  const bool with_bytes = bytes_known && count >= 4;
  const Eigen::Vector2d fitted = solve(rows, with_bytes);
  LatencyFit fit{fitted[0], fitted[1], kLoneRowError, kLoneRowError};
  if (count == 1) return fit;
  fit.mean_error = fit.max_error = 0;
  for (Eigen::Index i = 0; i < count; ++i) {
    const double predicted = rows.row(i).dot(solve(without_row(rows, i), with_bytes));
    const double error = std::abs(predicted - 1);
    fit.mean_error += error / static_cast<double>(count);
    fit.max_error = std::max(fit.max_error, error);
  }
  return fit;
}

}  // namespace tinynas
