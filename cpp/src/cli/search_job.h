#pragma once
// The main job: boards, supernet, data and run directory put together. Needs torch.

#include <string>
#include <vector>

#include "cli/search_setup.h"

namespace tinynas {

struct BoardResult {
  McuTarget target;
  SearchProblem problem;
  SearchResult result;
  std::string run_dir;  ///< of this board; "" where none was kept
};

struct SearchJobResult {
  std::vector<BoardResult> boards;  ///< in the order of the request
  std::string run_dir;              ///< of all; "" where none was kept
  /// Found if anything was found for any board.
  SearchStatus status() const;
};

/// Checks everything that is cheap to check before it loads what is not. Throws BadInput; an
/// interruption is a status of the result.
SearchJobResult run_search_job(const SearchRequest& request, const ProgressFn& progress,
                               const StopFn& stop);

/// The `search --json` document: that of the board, or of all in `boards[]`.
std::string search_job_json(const SearchJobResult& job);

}  // namespace tinynas
