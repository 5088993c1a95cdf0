#pragma once
// What `tinynas spaces rank` says: cells as a table, as JSON, and how the MACs of their networks
// are distributed.

#include <string>
#include <vector>

#include "base/json_io.h"
#include "tinynas/space_ranking.h"

namespace tinynas {

struct CellReport {
  SearchSpace space;
  RankingOptions options;
  std::vector<SpaceRanking> rankings;  ///< by runtime; the first one decides
};

/// The `top` best cells; with several runtimes first the best cell under each. Where nothing fits
/// under the first, the cell and network that came nearest. `seconds` is how long it took.
std::string cells_text(const CellReport& report, std::size_t top, double seconds);

/// One document, without times; bytes and MACs as integers, shares as parts of 1.
Json cells_json(const CellReport& report);

/// "runtime,width,resolution,macs,share": share of all networks drawn from the cell that fit with
/// at most so many MACs. A row for each number of MACs; cells as they are ranked.
std::string cells_csv(const CellReport& report);

}  // namespace tinynas
