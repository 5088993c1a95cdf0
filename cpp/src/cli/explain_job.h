#pragma once
// Why a search chose its network, and what more memory or time would buy. Needs torch.

#include <optional>
#include <string>
#include <vector>

#include "cli/search_setup.h"
#include "tinynas/limits.h"

namespace tinynas {

struct ExplainRequest {
  std::string run_dir;    ///< a finished run of one board, or a board's folder of several
  double share = 0.1;     ///< by which each limit is raised in turn
  int measurements = 16;  ///< new networks for each limit, and for the next board
  int threads = 0;
};

/// What a larger budget would give.
struct Relief {
  McuBudget budget;
  /// The best found that the budget as it is does not hold, measured as the winner was; nothing
  /// where none is better than the winner and what searching on found under the budget as it is.
  std::optional<Trial> better;
  int measured = 0;  ///< new networks
};

struct Explanation {
  SearchProblem problem;
  Candidate winner;
  Measurement accuracy;  ///< of the winner as an int8 network, all validation images
  GrowthLimits growth;
  /// The budget as it is, searched on; each limit raised; the next board where there is one.
  std::vector<Relief> reliefs;
};

/// Throws BadInput when the run has not finished, found nothing, or its files are damaged, and
/// Interrupted when stopped. Writes nothing.
Explanation run_explain_job(const ExplainRequest& request, const ProgressFn& progress,
                            const StopFn& stop);

/// The least of the shipped parts that has at least as much SRAM and flash for a network as `here`,
/// what `board` leaves, and more of one, under the request's runtime and limits; by flash, SRAM,
/// name. Nothing where there is none.
std::optional<Board> next_board(const SearchRequest& request, const McuBudget& here,
                                const McuOptions& board);

}  // namespace tinynas
