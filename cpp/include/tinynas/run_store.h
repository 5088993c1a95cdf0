#pragma once
// A run directory: what a search was asked, every measurement it paid for, and what it found.
//
//   run.json       all options resolved, versions, seed, hashes of space, supernet and data
//   trials.jsonl   append-only, one line a measurement, in an order that depends on the run alone
//   timings.jsonl  how long batches took: all that differs between two runs of the same options
//   checkpoint.json, result.json   replaced by atomic renames
//   best/          subnet.json, plan.json, operators.csv, weights.pt, model.tflite (int8), and
//                  finetuned.json where the winner was fine-tuned
//   finetune/      checkpoints of a fine-tuning under way
//
// A search for several boards has their best/ and result.json in boards/NAME, each of which is a
// run directory of its own: run.json and trials.jsonl say what the search means for that board.
//
// A search resumes by replaying: proposals are made anew (planning is cheap) and measurements are
// taken from trials.jsonl where they are there. So wherever a run was killed, the resumed one ends
// with the same bytes as one that was not.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "tinynas/search_algorithm.h"

namespace tinynas {

/// kExtend: as kMust, and boards may be added behind those that are there.
enum class Resume : std::uint8_t { kAuto, kNever, kMust, kExtend };
/// "auto", "never", "must"; throws BadInput naming `what` otherwise.
Resume parse_resume(const std::string& word, const std::string& what);

/// Why something was measured.
/// kScreening: on few images, before a trial or in place of one.
enum class RecordKind : std::uint8_t { kTrial, kScreening, kFinalist, kReference, kTest };
const char* record_kind_name(RecordKind kind);

/// One measurement, one line of trials.jsonl. `proposal.trial` is -1 for a reference that was no
/// trial.
struct MeasurementRecord {
  RecordKind kind = RecordKind::kTrial;
  std::string mcu;  ///< for which it was measured; the footprint is the one there
  Proposal proposal;
  Fidelity fidelity;
  Measurement measurement;
};

/// What checkpoint.json says, for people and programs that watch a run.
struct Checkpoint {
  std::int64_t planned = 0;
  std::int64_t measured = 0;
  std::string best_id;  ///< "" as long as there is none
  bool finished = false;
};

class RunLock;

/// Not thread-safe; a lock on trials.jsonl keeps a second process out.
class RunStore {
 public:
  /// Called before each step that writes, with its name; tests throw from it. May be empty.
  using FaultFn = std::function<void(const std::string& step)>;

  /// Starts a run in `directory` (made where it is missing), or resumes the one that is there.
  /// `run` is the text of run.json: an object of which the field "run" must be equal on resume.
  ///
  /// Throws BadInput when there is a run and `resume` is kNever, when there is none and it is
  /// kMust, when the run there was started with something else (names the field), when its trials
  /// are damaged before the last checkpoint, when another process holds it, and when the directory
  /// cannot be written. A torn last line is dropped.
  static std::unique_ptr<RunStore> open(const std::string& directory, Resume resume,
                                        const std::string& run, FaultFn fault = {});
  ~RunStore();

  const std::string& directory() const { return directory_; }
  bool resumed() const { return resumed_; }
  /// Measurements that were there when the run was opened.
  const std::vector<MeasurementRecord>& recorded() const { return recorded_; }

  /// Of each of them, the seconds that it took; 0 where that is not known.
  std::vector<double> recorded_seconds() const;

  /// On disk when it returns (fsync). `seconds`: how long measuring all of them took.
  void append(std::span<const MeasurementRecord> records, double seconds);
  void checkpoint(const Checkpoint& checkpoint);
  /// Plans `best` again for plan.json and operators.csv. `weights` writes best/weights.pt and
  /// `model` best/model.tflite to the path it is given; each may be empty, and neither is called
  /// where it was fine-tuned; where another one was, that one's folders are renamed. `folder`: ""
  /// or that of a board, as board_folder says.
  void write_best(const SearchProblem& problem, const Candidate& best,
                  const std::function<void(const std::string& path)>& weights,
                  const std::function<void(const std::string& path)>& model = {},
                  const std::string& folder = "");
  void write_result(const std::string& json, const std::string& folder = "");
  /// run.json, trials.jsonl and checkpoint.json of board `place` of several: what the search means
  /// for it.
  void write_board(std::size_t place, const std::string& mcu,
                   std::span<const MeasurementRecord> records, const Checkpoint& checkpoint);
  /// Where a run of several boards has what is one's, relative to the run directory.
  static std::string board_folder(const std::string& mcu) { return "boards/" + mcu; }

 private:
  RunStore(std::string directory, FaultFn fault);
  std::string path(const std::string& name) const { return directory_ + "/" + name; }
  void step(const std::string& name) const;
  void write_run(const std::string& run, const std::string& folder);
  void move_to_board(const std::string& mcu);
  void set_finetuned_aside(const SearchSpace& space, const Candidate& best,
                           const std::string& inside);
  void read_trials();

  std::string directory_;
  std::string run_;  ///< text of run.json
  FaultFn fault_;
  bool resumed_ = false;
  std::unique_ptr<RunLock> lock_;
  std::size_t record_count_ = 0;
  std::uint64_t trials_hash_;  ///< of the whole lines of trials.jsonl
  std::vector<MeasurementRecord> recorded_;
};

/// "parent/stem", or "parent/stem-2", "-3", ... : the first that does not exist, made so that no
/// other process gets the same. Throws BadInput when `parent` cannot be written.
std::string make_run_directory(const std::string& parent, const std::string& stem);

/// The lines of a run's trials.jsonl; a torn last one is left out. Throws BadInput with file and
/// line.
std::vector<MeasurementRecord> read_trials_file(const std::string& path);

/// What a run measured for ranking, whether it has finished or not.
struct RunTrials {
  std::string directory;
  McuBudget budget;
  std::vector<Trial> trials;  ///< in the order of measuring; one or more
};
/// Throws BadInput when there is no run, when it has measured nothing yet, and when its files are
/// damaged.
RunTrials read_run_trials(const std::string& directory);

/// A finished run as what comes after a search reads it.
struct FinishedRun {
  std::string directory;
  std::string supernet_path, data_path;  ///< as the search was given them
  std::string supernet_hash, split_hash, dataset_name;
  std::string space_name;
  std::string winner_id;
  double validation = 0, validation_int8 = 0;  ///< accuracies of the winner with supernet weights
  std::optional<double> test, test_int8;
  std::string quantisation;  ///< see describe(QuantiseOptions)
};
/// Throws BadInput when there is no run, when it has not finished, when it found nothing, and when
/// its files are damaged.
FinishedRun read_finished_run(const std::string& directory);

}  // namespace tinynas
