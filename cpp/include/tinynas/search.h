#pragma once
// A whole search: ask, measure, tell, until the measurements are spent; then the finalists on all
// validation images, and the winner, once, on the test images. For one board, or for several that
// share what is measured.

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "tinynas/engines.h"
#include "tinynas/progress.h"
#include "tinynas/run_store.h"

namespace tinynas {

struct SearchOptions {
  EngineOptions engine;
  /// Measured for each board but the first, which knows what was measured for the boards before.
  /// 0: a quarter of EngineOptions::measurements, 8 or more.
  int further_measurements = 0;
  /// A board's search ends when so many measurements in a row brought nothing better. 0: never.
  int patience = 0;
  /// Minutes of measuring for ranking, after which a search ends; boards have shares like their
  /// measurements. Finalists come on top. 0: no limit. The one option under which two runs of the
  /// same options may differ; a resumed run still ends like one that was not interrupted.
  double minutes = 0;
  /// Measured in an earlier run, at the fidelity `ranking`: known to every board from the start.
  std::vector<KnownNetwork> known;
  /// Each network is first measured so, and with `ranking` only where it may still beat the best;
  /// the rest keeps this measurement, with a score as `ranking` is expected to give it. See
  /// search/screening.h.
  std::optional<Fidelity> screening;
  int batch = 8;  ///< networks handed to the evaluator at once; never the number of threads
  Fidelity ranking;
  Fidelity final{0, 0, Split::kValidation};  ///< finalists, the largest subnet, the test
  int finalists = 6;
  bool measure_largest = true;  ///< what the search gives up to fit: the largest subnet's accuracy
  bool measure_test = true;
  /// Finalists and the test are measured as int8 networks too, and int8 accuracy on validation
  /// images decides among finalists.
  bool int8 = false;

  static SearchOptions preset_default(std::uint64_t seed);
  /// EngineOptions::published, each network measured on all validation images.
  static SearchOptions preset_published(std::uint64_t seed);
};

enum class SearchStatus : std::uint8_t { kFound, kNothingFits, kInterrupted };

struct SearchResult {
  SearchStatus status = SearchStatus::kNothingFits;
  SearchOptions options;
  std::vector<Trial> trials;     ///< all that fit and were measured for ranking, known ones too
  int measured = 0;              ///< of these, for this board
  int screened_out = 0;          ///< of these, on few images only
  std::int64_t images = 0;       ///< forward passes for ranking, recalibration counted where fixed
  PlanningRecord planning;       ///< counts, and what came closest
  std::vector<Trial> finalists;  ///< as measured on all validation images, winner first
  /// The winner: best accuracy of the finalists (int8 where SearchOptions::int8 is set, then
  /// float), then score, less SRAM, less flash, id. After an interruption the best-ranked trial so
  /// far (its `images` says on how many).
  std::optional<Trial> best;
  std::optional<Measurement> test, test_int8;  ///< of the winner
  std::string quantisation;  ///< of the winner's int8 network; "" where it was not asked for
  Candidate largest;         ///< of the space; rarely fits
  std::optional<Measurement> largest_measurement;
  std::vector<Trial> pareto;  ///< front of the trials
};

/// What a search calls while it runs; each may be empty.
struct SearchCallbacks {
  ProgressFn progress;
  StopFn stop;  ///< asked between batches; the batch under way is finished and recorded
  /// The winner's weights (.pt), and its int8 network (.tflite).
  std::function<void(const Subnet&subnet, const std::string&path)> write_weights, write_model;
  /// How the winner's int8 network is quantised, in words.
  std::function<std::string(const Subnet&)> quantisation;
};

/// One after another, each board is searched for with all that was measured for those before;
/// then each has its finalists among all networks that fit it. Problems differ in budget and
/// runtime alone. Results are in the order of `problems`; after an interruption those of boards
/// that were not begun have no trials.
///
/// Deterministic: the same for any number of threads of the evaluator, and for a run that was
/// interrupted and resumed. `store` may be null (nothing is written). Throws BadInput for options
/// out of range and for two boards of one name.
std::vector<SearchResult> search_boards(const SearchOptions& options,
                                        std::span<const SearchProblem> problems,
                                        Evaluator& evaluator, RunStore* store,
                                        const SearchCallbacks& callbacks);

/// The same for one board.
SearchResult run_search(const SearchOptions& options, const SearchProblem& problem,
                        Evaluator& evaluator, RunStore* store, const SearchCallbacks& callbacks);

/// Names and values that identify what measures: supernet, data, device.
using RunFields = std::vector<std::pair<std::string, std::string>>;

/// Text of run.json: options, budgets, space, runtime and version, with `identity` in the part that
/// must be equal on resume and `environment` (threads, paths) in the part that need not.
std::string describe_run(const SearchOptions& options, std::span<const SearchProblem> problems,
                         const RunFields& identity, const RunFields& environment);

/// The `search --json` document as text. `run_dir` "" where there is none.
std::string search_result_json(const SearchResult& result, const SearchProblem& problem,
                               const std::string& run_dir);

/// The same of several boards: `boards[]` holds the document of each.
std::string boards_result_json(std::span<const SearchResult> results,
                               std::span<const SearchProblem> problems, const std::string& run_dir);

}  // namespace tinynas
