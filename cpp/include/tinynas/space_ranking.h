#pragma once
// Space optimisation, TinyNAS stage 1: which resolution and which width a search on a part should
// start from, told from footprints alone, before anything is trained.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "tinynas/progress.h"
#include "tinynas/search_algorithm.h"

namespace tinynas {

/// By what cells are ranked; both are MACs, and more is better: of networks of one family the
/// larger ones are the more accurate.
///  - kExpectedBest: the best of RankingOptions::best_of draws as expected, a network that does not
///    fit counting as 0. A search takes the best that it sees, so this asks for what it will find,
///    counts how many fit, and never falls when a budget grows.
///  - kMeanMacs: the mean over the networks that fit, as published (Lin et al., "MCUNet", NeurIPS
///    2020, section 3.1: mean FLOPs). Blind to how many fit: one large network among a thousand
///    that do not fit wins, and a larger budget can lower it, by letting small networks in.
enum class RankCriterion : std::uint8_t { kExpectedBest, kMeanMacs };
const char* rank_criterion_name(RankCriterion criterion);  ///< "expected-best", "mean-macs"

/// The largest of `best_of` draws without replacement from a sample of `sample_size` values, as
/// expected: the `positive` ones, which ascend, and zeros for the rest. The mean over all subsets
/// of that size, exactly, which estimates the best of as many independent draws without bias.
/// Needs positive.size() <= sample_size and 1 <= best_of <= sample_size.
double expected_best(std::span<const std::int64_t> positive, std::int64_t sample_size,
                     std::int64_t best_of);

/// Whose memory rules, and what a network must fit into under them.
struct RankingTarget {
  RuntimeModel runtime;
  McuBudget budget;
};

struct RankingOptions {
  std::vector<double> widths;    ///< multipliers; empty: default_widths()
  std::vector<int> resolutions;  ///< pixels; empty: default_resolutions()
  int networks = 1000;           ///< drawn from each cell
  int best_of = 100;             ///< at most `networks`: what a search may measure
  RankCriterion criterion = RankCriterion::kExpectedBest;
  std::uint64_t seed = 0;
};

/// The choices of the space's gene `width`, or MCUNet's 0.2, 0.3, ... 1.0 where it has none.
std::vector<double> default_widths(const SearchSpace& space);
/// The space's resolutions in pixels.
std::vector<int> default_resolutions(const SearchSpace& space);

/// A cell, see SearchSpace::cell, and what its networks cost under one target. MACs are those of
/// the network: what patches compute again is a price, no capacity.
struct RankedCell {
  SearchSpace space;
  double width = 1;
  int resolution = 0;  ///< pixels
  int drawn = 0;
  std::vector<std::int64_t> fitting_macs;  ///< of the networks that fit, ascending
  double expected_best_macs = 0;           ///< of RankingOptions::best_of draws
  /// Of the networks that fit; 0 where none does.
  std::int64_t median_sram_bytes = 0, median_flash_bytes = 0;
  /// The network with the least violation, where none fits.
  std::optional<Candidate> nearest;

  /// MACs by which the cell is ranked; 0 where nothing fits.
  double value(RankCriterion criterion) const {
    return criterion == RankCriterion::kMeanMacs ? mean_macs() : expected_best_macs;
  }
  double share() const { return static_cast<double>(fitting_macs.size()) / drawn; }
  /// 0 where nothing fits.
  double mean_macs() const;
  /// The least MACs that at least `share` (above 0, at most 1) of the fitting networks do not
  /// exceed; 0 where nothing fits.
  std::int64_t macs_quantile(double share) const;
};

/// All cells under one target, best first: by criterion, then by share, then nearest to fitting,
/// then smaller.
struct SpaceRanking {
  RankingTarget target;
  std::vector<RankedCell> cells;
  bool anything_fits() const { return !cells.front().fitting_macs.empty(); }
};

/// Draws the same networks for all targets (at least one), plans each under each, as a search does,
/// on all cores, and ranks the cells. Deterministic, whatever the number of threads: a network is
/// named by seed, cell and draw, so a cell's figures do not depend on which other cells there are
/// either. Throws BadInput for a width or resolution that is impossible, and for best_of out of
/// range.
std::vector<SpaceRanking> rank_cells(const SearchSpace& space,
                                     std::span<const RankingTarget> targets,
                                     const RankingOptions& options,
                                     const ProgressFn& progress = {});

}  // namespace tinynas
