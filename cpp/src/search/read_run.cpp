#include <filesystem>
#include <map>

#include "search/run_document.h"
#include "tinynas/error.h"
#include "tinynas/run_store.h"

namespace tinynas {
namespace {

std::optional<double> number_or_none(const Json& object, const char* key,
                                     const std::string& where) {
  if (json_at(object, key, where).is_null()) return std::nullopt;
  return json_number(object, key, where);
}

/// run.json of a run of one board.
Json read_head(const std::string& directory) {
  const std::string path = directory + "/run.json";
  Json head = read_run_document(path);
  if (json_at(head, "run", path).contains("boards")) {
    throw BadInput(directory +
                   ": holds a search for several boards; name one of the folders in its boards/");
  }
  return head;
}

}  // namespace

RunTrials read_run_trials(const std::string& directory) {
  const std::string run_path = directory + "/run.json";
  const Json head = read_head(directory);
  const Json& asked = json_at(head, "run", run_path);
  const Json& mcu = json_at(asked, "mcu", run_path);
  RunTrials run;
  run.directory = directory;
  run.budget.name = json_string(mcu, "name", run_path);
  run.budget.sram_bytes = json_int(mcu, "sram_budget_bytes", run_path);
  run.budget.flash_bytes = json_int(mcu, "flash_budget_bytes", run_path);
  if (mcu.contains("latency_budget_ms")) {
    run.budget.latency_ms = json_number(mcu, "latency_budget_ms", run_path);
  }
  if (mcu.contains("macs_budget")) run.budget.macs = json_int(mcu, "macs_budget", run_path);
  const std::string trials_path = directory + "/trials.jsonl";
  std::map<int, Trial> trials;  // by number; a trial's own measurement in place of its screening
  for (const MeasurementRecord& record : read_trials_file(trials_path)) {
    const Trial trial{record.proposal, record.measurement, {}};
    if (record.kind == RecordKind::kTrial) trials.insert_or_assign(trial.proposal.trial, trial);
    if (record.kind == RecordKind::kScreening) trials.try_emplace(trial.proposal.trial, trial);
  }
  for (auto& [number, trial] : trials) run.trials.push_back(std::move(trial));
  if (run.trials.empty()) throw BadInput(trials_path + ": no network has been measured yet");
  return run;
}

FinishedRun read_finished_run(const std::string& directory) {
  const std::string run_path = directory + "/run.json", result_path = directory + "/result.json";
  const Json head = read_head(directory);
  if (!std::filesystem::exists(result_path)) {
    throw BadInput(directory +
                   ": its search has not finished (no result.json); go on with the "
                   "same `tinynas search` command");
  }
  FinishedRun run;
  run.directory = directory;
  const Json& asked = json_at(head, "run", run_path);
  const Json& evaluator = json_at(asked, "evaluator", run_path);
  const Json& environment = json_at(head, "environment", run_path);
  run.space_name = json_string(json_at(asked, "space", run_path), "name", run_path);
  run.supernet_hash = json_string(evaluator, "supernet_hash", run_path);
  run.dataset_name = json_string(evaluator, "dataset", run_path);
  run.split_hash = json_string(evaluator, "split_hash", run_path);
  run.supernet_path = json_string(environment, "supernet", run_path);
  run.data_path = json_string(environment, "data", run_path);
  const Json result = read_json_file(result_path);
  const Json& best = json_at(result, "best", result_path);
  if (best.is_null()) throw BadInput(directory + ": its search found no network that fits");
  run.winner_id = json_string(best, "id", result_path);
  const Json& accuracy = json_at(best, "accuracy", result_path);
  run.validation = json_number(accuracy, "validation", result_path);
  run.validation_int8 = json_number(accuracy, "validation_int8", result_path);
  run.test = number_or_none(accuracy, "test", result_path);
  run.test_int8 = number_or_none(accuracy, "test_int8", result_path);
  run.quantisation = json_string(best, "quantisation", result_path);
  return run;
}

}  // namespace tinynas
