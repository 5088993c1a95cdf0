#include "tinynas/space_ranking.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <tuple>

#include "search/cell_draws.h"
#include "tinynas/error.h"

namespace tinynas {
namespace {

/// The lower of two middle ones; 0 of none.
std::int64_t median(std::vector<std::int64_t> values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>((values.size() - 1) / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

void summarise(const std::vector<Draw>& draws, int best_of, RankedCell& cell) {
  std::vector<std::int64_t> sram, flash;
  for (const Draw& draw : draws) {
    if (!draw.fits()) continue;
    cell.fitting_macs.push_back(draw.footprint.macs);
    sram.push_back(draw.footprint.peak_sram_bytes);
    flash.push_back(draw.footprint.flash_bytes);
  }
  std::sort(cell.fitting_macs.begin(), cell.fitting_macs.end());
  cell.median_sram_bytes = median(std::move(sram));
  cell.median_flash_bytes = median(std::move(flash));
  cell.expected_best_macs = expected_best(cell.fitting_macs, cell.drawn, best_of);
}

std::vector<RankedCell> empty_cells(const SearchSpace& space, const std::vector<double>& widths,
                                    const std::vector<int>& resolutions, int networks) {
  std::vector<RankedCell> cells;
  for (const int resolution : resolutions) {
    for (const double width : widths) {
      cells.push_back(
          {space.cell(resolution, width), width, resolution, networks, {}, 0, 0, 0, {}});
    }
  }
  return cells;
}

/// Ascends from the best.
auto rank_key(const RankedCell& cell, RankCriterion criterion) {
  return std::tuple(-cell.value(criterion), -cell.share(),
                    cell.nearest ? cell.nearest->violation.relative : 0, cell.resolution,
                    cell.width);
}

void check(const RankingOptions& options) {
  if (options.networks < 1) throw BadInput("networks: at least one is drawn from a cell");
  if (options.best_of < 1 || options.best_of > options.networks) {
    throw BadInput("best_of: must be between 1 and the " + std::to_string(options.networks) +
                   " networks of a cell, not " + std::to_string(options.best_of));
  }
}

}  // namespace

const char* rank_criterion_name(RankCriterion criterion) {
  return criterion == RankCriterion::kMeanMacs ? "mean-macs" : "expected-best";
}

double expected_best(std::span<const std::int64_t> positive, std::int64_t sample_size,
                     std::int64_t best_of) {
  // The k-th smallest of N is the largest in C(k - 1, n - 1) of the C(N, n) subsets: n / N for the
  // last, and each one before it has (k - n) / (k - 1) of the chance of the k-th.
  const auto n = static_cast<double>(best_of);
  double chance = n / static_cast<double>(sample_size), sum = 0;
  std::int64_t k = sample_size;
  for (auto value = positive.rbegin(); value != positive.rend() && k >= best_of; ++value, --k) {
    sum += chance * static_cast<double>(*value);
    if (k > 1) chance *= (static_cast<double>(k) - n) / static_cast<double>(k - 1);
  }
  return sum;
}

double RankedCell::mean_macs() const {
  if (fitting_macs.empty()) return 0;
  return static_cast<double>(
             std::accumulate(fitting_macs.begin(), fitting_macs.end(), std::int64_t{0})) /
         static_cast<double>(fitting_macs.size());
}

std::int64_t RankedCell::macs_quantile(double share) const {
  if (fitting_macs.empty()) return 0;
  // 0.55 * 20 is 11 and an ulp; the slack keeps it from becoming 12.
  constexpr double kSlack = 1e-9;
  const double rank = std::ceil(share * static_cast<double>(fitting_macs.size()) - kSlack);
  return fitting_macs[static_cast<std::size_t>(std::max(rank, 1.0)) - 1];
}

std::vector<double> default_widths(const SearchSpace& space) {
  for (const Gene& gene : space.genes()) {
    if (gene.name == "width") return gene.choices;
  }
  return {0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0};
}

std::vector<int> default_resolutions(const SearchSpace& space) {
  for (const Gene& gene : space.genes()) {
    if (gene.name == "resolution") return {gene.choices.begin(), gene.choices.end()};
  }
  return {space.decode(space.smallest()).resolution};
}

std::vector<SpaceRanking> rank_cells(const SearchSpace& space,
                                     std::span<const RankingTarget> targets,
                                     const RankingOptions& options, const ProgressFn& progress) {
  check(options);
  const auto widths = options.widths.empty() ? default_widths(space) : options.widths;
  const auto resolutions =
      options.resolutions.empty() ? default_resolutions(space) : options.resolutions;
  std::vector<SpaceRanking> rankings;
  for (const RankingTarget& target : targets) rankings.push_back({target, {}});
  // All of them before the first is planned: a bad width is told at once.
  const std::vector<RankedCell> cells = empty_cells(space, widths, resolutions, options.networks);
  CellDraws draws({targets.begin(), targets.end()}, options.networks, options.seed);
  for (const RankedCell& empty : cells) {
    draws.draw(empty.space);
    for (std::size_t t = 0; t < targets.size(); ++t) {
      RankedCell& cell = rankings[t].cells.emplace_back(empty);
      summarise(draws.under(t), options.best_of, cell);
      if (cell.fitting_macs.empty()) cell.nearest = draws.nearest(t);
    }
    if (progress) {
      progress("planned " + std::to_string(rankings.front().cells.size()) + " of " +
               std::to_string(cells.size()) + " cells");
    }
  }
  for (SpaceRanking& ranking : rankings) {
    std::sort(ranking.cells.begin(), ranking.cells.end(),
              [&](const RankedCell& a, const RankedCell& b) {
                return rank_key(a, options.criterion) < rank_key(b, options.criterion);
              });
  }
  return rankings;
}

}  // namespace tinynas
