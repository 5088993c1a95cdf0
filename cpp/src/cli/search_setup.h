#pragma once
// A request with everything that it names found, checked and loaded. Needs torch.

#include <memory>
#include <vector>

#include "cli/search_request.h"
#include "tinynas/supernet.h"

namespace tinynas {

struct SearchSetup {
  SearchOptions options;
  std::vector<McuTarget> targets;       ///< of each board
  std::vector<SearchProblem> problems;  ///< the same boards
  SupernetInfo supernet;
  std::shared_ptr<const Dataset> data;
  std::shared_ptr<SupernetEvaluator> evaluator;
};

/// One board of a request as a problem of `space`. Throws BadInput.
SearchProblem board_problem(const SearchRequest& request, const McuOptions& board,
                            const SearchSpace& space);

/// Checks what is cheap to check before it loads what is not. Throws BadInput.
SearchSetup set_up_search(const SearchRequest& request, const ProgressFn& progress);

}  // namespace tinynas
