#pragma once
// What `tinynas search` is asked, as typed; kept in run.json, so that a run can be extended and
// explained.

#include <cstdint>
#include <string>
#include <vector>

#include "base/json_io.h"
#include "cli/mcu_options.h"
#include "tinynas/search.h"

namespace tinynas {

/// Empty strings mean the default.
struct SearchRequest {
  std::vector<McuOptions> boards;
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
  int further_measurements = 0;      ///< of each board but the first; 0: a quarter
  int screen_images = 0;             ///< few images first; 0: none
  int patience = 0;                  ///< see SearchOptions; 0: none
  double minutes = 0;                ///< see SearchOptions; 0: no limit
  std::vector<std::string> freeze;   ///< "gene=choice ..." each; see SearchSpace::frozen
  std::vector<std::string> include;  ///< known networks as --subnet takes them
  std::string device = "cpu";
  int threads = 0;      ///< changes no result
  std::string run_dir;  ///< empty: a fresh one under runs/
  std::string resume = "auto";
  bool extend = false;   ///< `run_dir` may have fewer boards
  bool keep_run = true;  ///< false: without `run_dir` nothing is written
};

/// The options that a request names, resolved. Throws BadInput for unknown names.
SearchOptions search_options(const SearchRequest& request);

/// "a,b,c" as a board each, with what else was typed; with several, --flash is that of parts which
/// have none of their own. Throws BadInput for --sram beside several, for --flash where all have
/// their own, and for what find_mcu does not know.
std::vector<McuOptions> split_boards(const McuOptions& typed);

/// What decides a result, with absolute paths: without threads, run directory and --resume.
Json request_json(const SearchRequest& request);

/// The request of the run in `directory`, with its run directory. Throws BadInput when there is no
/// run or its run.json holds none, as in runs of older versions.
SearchRequest read_request(const std::string& directory);

/// Adds boards that are not there yet. Throws BadInput for one that is there with other options.
void add_boards(SearchRequest& request, const std::vector<McuOptions>& boards);

}  // namespace tinynas
