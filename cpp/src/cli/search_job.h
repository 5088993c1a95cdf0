#pragma once
// The main job: board, supernet, data and run directory put together. Needs torch.

#include <cstdint>
#include <string>

#include "cli/mcu_options.h"
#include "tinynas/search.h"
#include "tinynas/supernet.h"

namespace tinynas {

/// What `tinynas search` is asked, as typed. Empty strings mean the default.
struct SearchRequest {
  McuOptions mcu;
  std::string space;     ///< empty: the supernet's, or fashion-mnist
  std::string supernet;  ///< empty: the shipped one of the space
  std::string data;      ///< empty: Debian's Fashion-MNIST, where the supernet was trained on it
  bool skip_bad_files = false;  ///< as the supernet's training did, in any case
  std::string runtime = kDefaultRuntime;
  std::string input = "resident";
  std::string depthwise_rows = "int8";
  std::string preset = "default";  ///< or "published"
  std::string engine;              ///< see engine_names(); empty: the preset's
  std::uint64_t seed = 0;
  int measurements = 0;              ///< 0: the preset's
  std::vector<std::string> freeze;   ///< "gene=choice ..." each; see SearchSpace::frozen
  std::vector<std::string> include;  ///< known networks as --subnet takes them
  std::string run_dir;               ///< empty: a fresh one under runs/
  std::string resume = "auto";
  bool keep_run = true;  ///< false: without `run_dir` nothing is written
  EvaluatorOptions evaluator;
};

/// The options that a request names, resolved. Throws BadInput for unknown names.
SearchOptions search_options(const SearchRequest& request);

struct SearchJobResult {
  McuTarget target;
  SearchProblem problem;
  SearchResult result;
  std::string run_dir;  ///< "" where none was kept
};

/// Checks everything that is cheap to check before it loads what is not. Throws BadInput; an
/// interruption is a status of the result.
SearchJobResult run_search_job(const SearchRequest& request, const ProgressFn& progress,
                               const StopFn& stop);

}  // namespace tinynas
