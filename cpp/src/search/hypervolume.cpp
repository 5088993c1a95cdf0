#include <algorithm>
#include <array>

#include "tinynas/pareto.h"

namespace tinynas {
namespace {

/// Costs in shares of the box, all to be minimised; the last is 0 where latency has no limit.
using Costs = std::array<double, 4>;

/// Volume of what the points dominate in the first `dimensions` of the unit box.
double dominated(std::vector<Costs> points, std::size_t dimensions) {
  const std::size_t last = dimensions - 1;
  std::sort(points.begin(), points.end(),
            [&](const Costs& a, const Costs& b) { return a[last] < b[last]; });
  if (points.empty()) return 0;
  if (last == 0) return 1 - points.front()[0];
  double volume = 0;
  std::vector<Costs> below;
  for (std::size_t i = 0; i < points.size(); ++i) {
    below.push_back(points[i]);
    const double next = i + 1 < points.size() ? points[i + 1][last] : 1;
    if (next > points[i][last]) volume += (next - points[i][last]) * dominated(below, last);
  }
  return volume;
}

double share(double part, double whole) { return whole > 0 ? part / whole : 1; }

}  // namespace

double hypervolume(std::span<const Trial> trials, const McuBudget& budget) {
  std::vector<Costs> points;
  for (const Trial& trial : pareto_front(trials, RankBy::kAccuracy)) {
    const Footprint& need = trial.proposal.candidate.footprint;
    const Costs costs = {
        1 - trial.measurement.accuracy,
        share(static_cast<double>(need.peak_sram_bytes), static_cast<double>(budget.sram_bytes)),
        share(static_cast<double>(need.flash_bytes), static_cast<double>(budget.flash_bytes)),
        budget.latency_ms ? share(need.latency_ms, *budget.latency_ms) : 0};
    if (*std::max_element(costs.begin(), costs.end()) < 1) points.push_back(costs);
  }
  return dominated(std::move(points), budget.latency_ms ? 4 : 3);
}

}  // namespace tinynas
