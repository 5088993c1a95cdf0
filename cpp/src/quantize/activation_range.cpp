#include "quantize/activation_range.h"

#include <algorithm>
#include <cmath>

namespace tinynas {
namespace {

constexpr double kTail = 1e-4;  ///< share of the values that kPercentile leaves out on either side
constexpr int kCuts = 100;      ///< ranges that kMse tries

class Histogram {
 public:
  explicit Histogram(const ActivationStatistics& statistics)
      : counts_(statistics.histogram),
        low_(statistics.low),
        width_((static_cast<double>(statistics.high) - statistics.low) /
               static_cast<double>(std::max<std::size_t>(1, statistics.histogram.size()))) {
    for (const std::int64_t count : counts_) total_ += count;
  }

  bool empty() const { return total_ == 0 || !(width_ > 0); }

  /// The value below which `share` of all lie.
  double quantile(double share) const {
    const double wanted = share * static_cast<double>(total_);
    double seen = 0;
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      seen += static_cast<double>(counts_[i]);
      if (seen >= wanted) return low_ + width_ * (static_cast<double>(i) + (share < 0.5 ? 0 : 1));
    }
    return low_ + width_ * static_cast<double>(counts_.size());
  }

  /// Sum of squared errors when [low, high] is cut into 255 steps: the uniform error of a step
  /// inside, the distance to the range outside.
  double error(double low, double high) const {
    const double step = (high - low) / 255;
    double sum = 0;
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      if (counts_[i] == 0) continue;
      const double value = low_ + width_ * (static_cast<double>(i) + 0.5);
      const double outside = std::max({low - value, value - high, 0.0});
      sum += static_cast<double>(counts_[i]) * (outside > 0 ? outside * outside : step * step / 12);
    }
    return sum;
  }

 private:
  const std::vector<std::int64_t>& counts_;
  double low_, width_;
  std::int64_t total_ = 0;
};

/// The share of `full` (one end of the range) that has the least error with the other end as it is.
template <typename Error>
double best_cut(double full, double now, const Error& error) {
  double best = now, least = error(now);
  for (int cut = kCuts; cut > 0; --cut) {
    const double end = full * cut / kCuts;
    const double found = error(end);
    if (found >= least) continue;
    least = found;
    best = end;
  }
  return best;
}

/// One end after the other, twice: an outlier on one side is no reason to cut the other.
ActivationRange least_error(const Histogram& histogram, double low, double high) {
  double best_low = low, best_high = high;
  for (int round = 0; round < 2; ++round) {
    best_high =
        best_cut(high, best_high, [&](double end) { return histogram.error(best_low, end); });
    best_low = best_cut(low, best_low, [&](double end) { return histogram.error(end, best_high); });
  }
  return {static_cast<float>(best_low), static_cast<float>(best_high)};
}

}  // namespace

void ActivationStatistics::widen_histogram(float from, float to) {
  if (histogram.empty()) {
    if (!(to > from)) return;
    histogram.assign(kHistogramBins, 0);
    low = from;
    high = to;
  }
  constexpr std::size_t kHalf = kHistogramBins / 2;
  while (from < low || to > high) {
    std::vector<std::int64_t> wide(kHistogramBins, 0);
    const bool upwards = to > high;
    for (std::size_t i = 0; i < kHalf; ++i)
      wide[i + (upwards ? 0 : kHalf)] = histogram[2 * i] + histogram[2 * i + 1];
    (upwards ? high : low) = upwards ? low + 2 * (high - low) : high - 2 * (high - low);
    histogram = std::move(wide);
  }
}

ActivationRange choose_range(const ActivationStatistics& statistics, RangeMethod method) {
  const double low = std::min(0.0F, statistics.min), high = std::max(0.0F, statistics.max);
  const ActivationRange whole = {static_cast<float>(low), static_cast<float>(high)};
  const Histogram histogram(statistics);
  if (method == RangeMethod::kMinMax || histogram.empty()) return whole;
  if (method == RangeMethod::kMse) return least_error(histogram, low, high);
  return {static_cast<float>(std::clamp(histogram.quantile(kTail), low, 0.0)),
          static_cast<float>(std::clamp(histogram.quantile(1 - kTail), 0.0, high))};
}

void set_quantisation(const ActivationRange& range, Tensor& tensor) {
  const double span = static_cast<double>(range.high) - range.low;
  tensor.scale = span > 0 ? static_cast<float>(span / 255) : 1.0F;
  const double zero = std::round(-128 - range.low / static_cast<double>(tensor.scale));
  tensor.zero_point = static_cast<std::int32_t>(std::clamp(zero, -128.0, 127.0));
}

}  // namespace tinynas
