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

/// One board of a request under the rules that the request names.
struct Board {
  McuTarget target;
  RuntimeModel runtime;
  InputMode input = InputMode::kResident;
  DepthwiseRows depthwise_rows = DepthwiseRows::kInt8;
  SearchProblem problem(const SearchSpace& space) const {
    return {space, target.budget, runtime, input, depthwise_rows};
  }
};
/// Throws BadInput.
Board find_board(const SearchRequest& request, const McuOptions& options);

/// Checks what is cheap to check before it loads what is not. Throws BadInput.
SearchSetup set_up_search(const SearchRequest& request, const ProgressFn& progress);

}  // namespace tinynas
