#include "cli/cell_report.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "base/percent.h"
#include "cli/mcu_options.h"
#include "cli/need_text.h"
#include "cli/text_table.h"
#include "mcu/budget_json.h"
#include "tinyengine/plan_report.h"
#include "tinynas/bytes.h"

namespace tinynas {
namespace {

/// Rows of the table of distributions.
constexpr std::size_t kDistributions = 3;
constexpr double kShownQuantiles[] = {0.05, 0.25, 0.5, 0.75, 1.0};
/// Points of a distribution in JSON.
constexpr int kJsonPoints = 20;

using Row = std::vector<std::string>;

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%g", value);
  return text;
}

std::string macs(double value) { return format_count(std::llround(value)); }
std::string macs(std::int64_t value) { return format_count(value); }

std::string criterion_text(const RankingOptions& options) {
  if (options.criterion == RankCriterion::kMeanMacs) return "mean MACs of the networks that fit";
  return "expected best MACs of " + format_count(options.best_of) +
         " draws, 0 for what does not fit";
}

std::string budget_text(const McuBudget& budget) {
  std::string text =
      format_bytes(budget.sram_bytes) + " SRAM, " + format_bytes(budget.flash_bytes) + " flash";
  if (budget.latency_ms) text += ", " + format_ms(*budget.latency_ms) + " at most";
  return text;
}

const Row kCellHead = {"WIDTH", "PX",   "FITS", "EXPECTED BEST", "MEAN MACS",
                       "80 %",  "95 %", "SRAM", "FLASH"};

Row cell_row(const RankedCell& cell) {
  Row row = {number(cell.width), std::to_string(cell.resolution), percent_text(cell.share(), 1)};
  if (cell.fitting_macs.empty()) {
    row.resize(kCellHead.size(), "-");
    return row;
  }
  for (const std::string& text :
       {macs(cell.expected_best_macs), macs(cell.mean_macs()), macs(cell.macs_quantile(0.8)),
        macs(cell.macs_quantile(0.95)), format_bytes(cell.median_sram_bytes),
        format_bytes(cell.median_flash_bytes)}) {
    row.push_back(text);
  }
  return row;
}

/// The table below `first`, whose columns are numbers but for the first `left` ones.
std::string table(const Row& first, std::vector<Row> rows, std::size_t left = 0) {
  rows.insert(rows.begin(), first);
  for (Row& row : rows) row.front().insert(0, "  ");
  std::vector<std::size_t> right;
  for (std::size_t column = left; column < first.size(); ++column) right.push_back(column);
  return text_table(rows, right);
}

std::string best_cells(const SpaceRanking& ranking, std::size_t top) {
  std::vector<Row> rows;
  for (std::size_t i = 0; i < top; ++i) rows.push_back(cell_row(ranking.cells[i]));
  return table(kCellHead, std::move(rows)) +
         "  80 %, 95 %: quantiles of the MACs of networks that fit; SRAM, flash: their medians.\n";
}

std::string distributions(const SpaceRanking& ranking, std::size_t top) {
  Row head = {"WIDTH", "PX"};
  for (const double share : kShownQuantiles) head.push_back(number(100 * share) + " %");
  std::vector<Row> rows;
  for (std::size_t i = 0; i < std::min(top, kDistributions); ++i) {
    const RankedCell& cell = ranking.cells[i];
    if (cell.fitting_macs.empty()) break;
    rows.push_back({number(cell.width), std::to_string(cell.resolution)});
    for (const double share : kShownQuantiles)
      rows.back().push_back(macs(cell.macs_quantile(share)));
  }
  return "MACs that so many of the networks that fit do not exceed (--cdf writes all)\n" +
         table(head, std::move(rows));
}

/// The first cell of each ranking.
std::string best_of_each(const CellReport& report) {
  Row head = {"RUNTIME", "BUDGET"};
  head.insert(head.end(), kCellHead.begin(), kCellHead.end());
  std::vector<Row> rows;
  for (const SpaceRanking& ranking : report.rankings) {
    rows.push_back({ranking.target.runtime.name, format_bytes(ranking.target.budget.sram_bytes)});
    const Row cell = cell_row(ranking.cells.front());
    rows.back().insert(rows.back().end(), cell.begin(), cell.end());
  }
  return "Best cell under each runtime\n" + table(head, std::move(rows), 1);
}

/// Cells in the order of the first ranking, with what each of the others makes of them.
std::string side_by_side(const CellReport& report, std::size_t top) {
  Row head = {"WIDTH", "PX"};
  for (const SpaceRanking& ranking : report.rankings) {
    head.insert(head.end(), {ranking.target.runtime.name, "FITS"});
  }
  std::vector<Row> rows;
  for (std::size_t i = 0; i < top; ++i) {
    const RankedCell& first = report.rankings.front().cells[i];
    rows.push_back({number(first.width), std::to_string(first.resolution)});
    for (const SpaceRanking& ranking : report.rankings) {
      const auto same = std::find_if(
          ranking.cells.begin(), ranking.cells.end(),
          [&](const RankedCell& cell) { return cell.space.name() == first.space.name(); });
      const bool fits = !same->fitting_macs.empty();
      rows.back().push_back(fits ? macs(same->value(report.options.criterion)) : "-");
      rows.back().push_back(percent_text(same->share(), 1));
    }
  }
  return "Best cells under " + report.rankings.front().target.runtime.name + ": " +
         criterion_text(report.options) + "\n" + table(head, std::move(rows));
}

std::string nothing_fits_text(const CellReport& report) {
  const SpaceRanking& ranking = report.rankings.front();
  const RankedCell& cell = ranking.cells.front();
  const Candidate& nearest = *cell.nearest;
  return "Nothing of space '" + report.space.name() + "' fits " + ranking.target.budget.name +
         " under " + ranking.target.runtime.name + "\n  nearest cell     width " +
         number(cell.width) + " at " + std::to_string(cell.resolution) +
         " px\n  nearest network  " + need_text(nearest) + "\n                   " +
         describe(cell.space.decode(nearest.genotype)) +
         "\nChoose a larger part, another space, or less with --widths and --resolutions" +
         relief_text(nearest.violation) + ".\n";
}

Json candidate_json(const Candidate& candidate, const SearchSpace& space) {
  return {{"id", candidate.id},
          {"description", describe(space.decode(candidate.genotype))},
          {"peak_sram_bytes", candidate.footprint.peak_sram_bytes},
          {"flash_bytes", candidate.footprint.flash_bytes},
          {"macs", candidate.footprint.macs},
          {"params", candidate.params},
          {"sram_over_bytes", candidate.violation.sram_bytes},
          {"flash_over_bytes", candidate.violation.flash_bytes},
          {"latency_over_ms", candidate.violation.latency_ms}};
}

Json distribution_json(const RankedCell& cell) {
  const std::vector<std::int64_t>& values = cell.fitting_macs;
  Json points = Json::array();
  for (int i = 1; i <= kJsonPoints && !values.empty(); ++i) {
    const std::int64_t most = cell.macs_quantile(static_cast<double>(i) / kJsonPoints);
    const auto below = std::upper_bound(values.begin(), values.end(), most) - values.begin();
    points.push_back({{"macs", most}, {"share", static_cast<double>(below) / cell.drawn}});
  }
  return points;
}

Json cell_json(const RankedCell& cell, RankCriterion criterion) {
  const bool fits = !cell.fitting_macs.empty();
  const auto if_fits = [&](Json value) { return fits ? value : Json(); };
  return {{"name", cell.space.name()},
          {"space_hash", cell.space.hash()},
          {"width", cell.width},
          {"resolution", cell.resolution},
          {"networks", cell.drawn},
          {"fitting", cell.fitting_macs.size()},
          {"share", cell.share()},
          {"criterion_macs", std::llround(cell.value(criterion))},
          {"expected_best_macs", std::llround(cell.expected_best_macs)},
          {"mean_macs", if_fits(std::llround(cell.mean_macs()))},
          {"macs_80", if_fits(cell.macs_quantile(0.8))},
          {"macs_95", if_fits(cell.macs_quantile(0.95))},
          {"median_peak_sram_bytes", if_fits(cell.median_sram_bytes)},
          {"median_flash_bytes", if_fits(cell.median_flash_bytes)},
          {"cdf", distribution_json(cell)},
          {"nearest", cell.nearest ? candidate_json(*cell.nearest, cell.space) : Json()}};
}

Json ranking_json(const SpaceRanking& ranking, RankCriterion criterion) {
  Json cells = Json::array();
  for (const RankedCell& cell : ranking.cells) cells.push_back(cell_json(cell, criterion));
  return {{"runtime", ranking.target.runtime.name},
          {"mcu", budget_json(ranking.target.budget)},
          {"best", ranking.anything_fits() ? Json(ranking.cells.front().space.name()) : Json()},
          {"cells", cells}};
}

}  // namespace

std::string cells_text(const CellReport& report, std::size_t top, double seconds) {
  const SpaceRanking& first = report.rankings.front();
  const auto cells = static_cast<std::int64_t>(first.cells.size());
  top = std::min(top, first.cells.size());
  char time[32];
  std::snprintf(time, sizeof time, "%.1f s", seconds);
  std::string text = format_count(cells) + (cells == 1 ? " cell of " : " cells of ") +
                     report.space.name() + ", " + format_count(report.options.networks) +
                     " networks each, in " + time + "\n" + first.target.budget.name + ", runtime " +
                     first.target.runtime.name + ": " + budget_text(first.target.budget) +
                     "\nRanked by " + criterion_text(report.options) + "\n\n";
  if (report.rankings.size() > 1) {
    text += best_of_each(report) + "\n" + side_by_side(report, top);
  } else if (first.anything_fits()) {
    text += best_cells(first, top) + "\n" + distributions(first, top);
  }
  if (first.anything_fits()) return text;
  return text + (report.rankings.size() > 1 ? "\n" : "") + nothing_fits_text(report);
}

Json cells_json(const CellReport& report) {
  Json rankings = Json::array();
  for (const SpaceRanking& ranking : report.rankings) {
    rankings.push_back(ranking_json(ranking, report.options.criterion));
  }
  return {{"schema_version", 1},
          {"space", report.space.name()},
          {"space_hash", report.space.hash()},
          {"seed", report.options.seed},
          {"networks", report.options.networks},
          {"criterion", rank_criterion_name(report.options.criterion)},
          {"best_of", report.options.best_of},
          {"rankings", rankings}};
}

std::string cells_csv(const CellReport& report) {
  std::string text = "runtime,width,resolution,macs,share\n";
  for (const SpaceRanking& ranking : report.rankings) {
    for (const RankedCell& cell : ranking.cells) {
      const std::string begin = ranking.target.runtime.name + "," + number(cell.width) + "," +
                                std::to_string(cell.resolution) + ",";
      const std::vector<std::int64_t>& values = cell.fitting_macs;
      for (std::size_t i = 0; i < values.size(); ++i) {
        if (i + 1 < values.size() && values[i + 1] == values[i]) continue;
        const double share = static_cast<double>(i + 1) / cell.drawn;
        text += begin + std::to_string(values[i]) + "," + number(share) + "\n";
      }
    }
  }
  return text;
}

}  // namespace tinynas
