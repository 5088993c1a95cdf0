#include "tinynas/run_store.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "base/files.h"
#include "base/log.h"
#include "search/record_json.h"
#include "search/run_document.h"
#include "search/run_lock.h"
#include "tinyengine/plan_document.h"
#include "tinynas/error.h"

namespace tinynas {
namespace {

namespace fs = std::filesystem;

constexpr const char* kCheckpointFormat = "tinynas-checkpoint";
constexpr int kVersion = 1;

std::uint64_t no_lines_hash() { return hash_bytes(nullptr, 0); }

std::string hex(std::uint64_t value) {
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(value));
  return text;
}

/// What stands before the names of files in `folder`, which may be "".
std::string prefix(const std::string& folder) { return folder.empty() ? "" : folder + "/"; }

void write_all(int file, const std::string& text, const std::string& path) {
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t written = ::write(file, text.data() + done, text.size() - done);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw BadInput(path + ": cannot be written: " + std::strerror(errno));
    done += static_cast<std::size_t>(written);
  }
}

std::string operators_csv(const Graph& graph, const MemoryPlan& plan) {
  std::string text = "index,name,kind,live_bytes,scratch_bytes,macs,weight_bytes\n";
  for (std::size_t i = 0; i < graph.ops.size(); ++i) {
    const OpPlan& op = plan.per_op[i];
    text += std::to_string(i) + "," + op_name(graph, i) + "," + op_kind_name(graph.ops[i].kind);
    for (const std::int64_t value : {op.live_bytes, op.scratch_bytes, op.macs, op.weight_bytes}) {
      text += "," + std::to_string(value);
    }
    text += "\n";
  }
  return text;
}

}  // namespace

Resume parse_resume(const std::string& word, const std::string& what) {
  if (word == "auto") return Resume::kAuto;
  if (word == "never") return Resume::kNever;
  if (word == "must") return Resume::kMust;
  throw BadInput(what + ": '" + word + "' is none of auto, never, must" +
                 did_you_mean(word, {"auto", "never", "must"}));
}

const char* record_kind_name(RecordKind kind) {
  switch (kind) {
    case RecordKind::kTrial:
      return "trial";
    case RecordKind::kScreening:
      return "screening";
    case RecordKind::kFinalist:
      return "finalist";
    case RecordKind::kReference:
      return "reference";
    case RecordKind::kTest:
      return "test";
  }
  return "";
}

RunStore::RunStore(std::string directory, FaultFn fault)
    : directory_(std::move(directory)), fault_(std::move(fault)), trials_hash_(no_lines_hash()) {}

RunStore::~RunStore() = default;

void RunStore::step(const std::string& name) const {
  if (fault_) fault_(name);
}

std::unique_ptr<RunStore> RunStore::open(const std::string& directory, Resume resume,
                                         const std::string& run, FaultFn fault) {
  std::unique_ptr<RunStore> store(new RunStore(directory, std::move(fault)));
  const std::string run_path = store->path("run.json");
  if ((resume == Resume::kMust || resume == Resume::kExtend) && !fs::exists(run_path)) {
    throw BadInput(directory + ": holds no run to resume (no run.json); use --resume auto");
  }
  std::error_code error;
  fs::create_directories(directory, error);
  if (error) throw BadInput(directory + ": the run directory cannot be made: " + error.message());
  store->lock_ = std::make_unique<RunLock>(directory);
  store->resumed_ = fs::exists(run_path);
  if (store->resumed_ && resume == Resume::kNever) {
    throw BadInput(directory + ": holds a run already; use --resume auto, or another --run-dir");
  }
  store->run_ = run;
  const Json now = parse_json(run, "run.json").at("run");
  if (store->resumed_) {
    const Json document = read_run_document(run_path);
    const Json& there = json_at(document, "run", run_path);
    if (resume == Resume::kExtend) {
      check_extends(run_path, there, now);
      if (!there.contains("boards") && now.contains("boards")) {
        store->move_to_board(json_string(json_at(there, "mcu", run_path), "name", run_path));
      }
      store->write_run(run, "");
    } else {
      check_same_run(run_path, there, now);
    }
    store->read_trials();
    return store;
  }
  if (fs::file_size(store->path("trials.jsonl")) > 0) {
    throw BadInput(directory + ": has trials.jsonl but no run.json; use another --run-dir");
  }
  store->write_run(run, "");
  return store;
}

void RunStore::write_run(const std::string& run, const std::string& folder) {
  const std::string inside = prefix(folder);
  step(inside + "run.json");
  write_run_document(parse_json(run, "run.json"), path(inside + "run.json"));
}

/// The results of a run of one board go where those of several are.
void RunStore::move_to_board(const std::string& mcu) {
  std::error_code error;
  const std::string inside = prefix(board_folder(mcu));
  fs::create_directories(path(inside), error);
  for (const char* name : {"best", "finetune", "result.json"}) {
    step(inside + name);
    if (!fs::exists(path(name))) continue;
    fs::rename(path(name), path(inside + name), error);
    if (error) throw BadInput(path(name) + ": cannot be moved to boards/: " + error.message());
  }
}

void RunStore::read_trials() {
  const std::string trials = path("trials.jsonl");
  const std::string content = read_file(trials);
  TrialLines lines = parse_trial_lines(content, trials);
  std::size_t promised = 0;
  if (const std::string file = path("checkpoint.json"); fs::exists(file)) {
    const Json checkpoint = read_json_file(file);
    check_format(checkpoint, kCheckpointFormat, kVersion, file);
    promised = static_cast<std::size_t>(json_int(checkpoint, "records", file));
    if (promised > lines.records.size() && !lines.damage.empty()) {
      throw BadInput(lines.damage + "; it was written before the last checkpoint and is damaged");
    }
    const std::size_t kept = std::min(promised, lines.records.size());
    const std::size_t bytes = kept == 0 ? 0 : lines.ends[kept - 1];
    if (promised > kept) {
      log_warning(trials + ": lines after " + std::to_string(kept) +
                  " are lost; they are measured again");
    } else if (hex(hash_bytes(content.data(), bytes)) !=
               json_string(checkpoint, "trials_hash", file)) {
      throw BadInput(trials +
                     ": was changed after its checkpoint; a run's trials are not to be "
                     "edited, start another --run-dir");
    }
  }
  const std::size_t bytes = lines.ends.empty() ? 0 : lines.ends.back();
  if (bytes < content.size() && ::ftruncate(lock_->trials_file(), static_cast<off_t>(bytes)) != 0) {
    throw BadInput(trials + ": its torn last line cannot be dropped: " + std::strerror(errno));
  }
  recorded_ = std::move(lines.records);
  record_count_ = recorded_.size();
  trials_hash_ = hash_bytes(content.data(), bytes);
}

void RunStore::append(std::span<const MeasurementRecord> records, double seconds) {
  step("append");
  std::string text;
  for (const MeasurementRecord& record : records) text += record_line(record) + "\n";
  write_all(lock_->trials_file(), text, path("trials.jsonl"));
  ::fsync(lock_->trials_file());
  step("timing");
  const std::string timings = path("timings.jsonl");
  const int file = ::open(timings.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (file < 0) throw BadInput(timings + ": cannot be opened: " + std::strerror(errno));
  const Json line = {
      {"first_record", record_count_}, {"records", records.size()}, {"seconds", seconds}};
  record_count_ += records.size();
  trials_hash_ = hash_bytes(text.data(), text.size(), trials_hash_);
  try {
    write_all(file, line.dump() + "\n", timings);
  } catch (...) {
    ::close(file);
    throw;
  }
  ::close(file);
}

std::vector<double> RunStore::recorded_seconds() const {
  std::vector<double> seconds(recorded_.size(), 0.0);
  std::ifstream lines(path("timings.jsonl"));
  for (std::string text; std::getline(lines, text);) {
    // What a kill tore, and what is no timing, is not known.
    const Json line = Json::parse(text, nullptr, /*allow_exceptions=*/false);
    if (!line.is_object()) continue;
    const auto number = [&](const char* key) {
      const auto at = line.find(key);
      return at != line.end() && at->is_number() ? std::max(0.0, at->get<double>()) : 0.0;
    };
    const double records = number("records");
    auto place = static_cast<std::size_t>(number("first_record"));
    for (double i = 0; i < records && place < seconds.size(); ++i) {
      seconds[place++] = number("seconds") / records;
    }
  }
  return seconds;
}

namespace {

Json checkpoint_json(const Checkpoint& checkpoint, std::size_t records, std::uint64_t hash) {
  return {{"format", kCheckpointFormat},
          {"format_version", kVersion},
          {"records", records},
          {"trials_hash", hex(hash)},
          {"planned", checkpoint.planned},
          {"measured", checkpoint.measured},
          {"best", checkpoint.best_id.empty() ? Json(nullptr) : Json(checkpoint.best_id)},
          {"finished", checkpoint.finished}};
}

}  // namespace

void RunStore::checkpoint(const Checkpoint& checkpoint) {
  step("checkpoint");
  write_json_file(checkpoint_json(checkpoint, record_count_, trials_hash_),
                  path("checkpoint.json"));
}

void RunStore::write_board(std::size_t place, const std::string& mcu,
                           std::span<const MeasurementRecord> records,
                           const Checkpoint& checkpoint) {
  const std::string folder = board_folder(mcu), inside = prefix(folder);
  Json document = parse_json(run_, "run.json");
  document["run"] = run_of_board(document.at("run"), place);
  if (const auto request = document.find("request"); request != document.end()) {
    (*request)["boards"] = Json::array({request->at("boards").at(place)});
  }
  std::string lines;
  for (const MeasurementRecord& record : records) lines += record_line(record) + "\n";
  step(inside + "trials.jsonl");
  write_file_atomic(path(inside + "trials.jsonl"), lines);
  step(inside + "checkpoint.json");
  write_json_file(
      checkpoint_json(checkpoint, records.size(), hash_bytes(lines.data(), lines.size())),
      path(inside + "checkpoint.json"));
  write_run(document.dump(), folder);
}

/// Boards that were added may have brought another winner than the one that was fine-tuned; its
/// folders get its id behind their names.
void RunStore::set_finetuned_aside(const SearchSpace& space, const Candidate& best,
                                   const std::string& inside) {
  if (!fs::exists(path(inside + "best/finetuned.json"))) return;
  const std::string before = space.id(read_subnet_file(space, path(inside + "best/subnet.json")));
  if (before == best.id) return;
  step(inside + "set aside");
  for (const char* name : {"finetune", "best"}) {  // best last: it says that there is more to do
    const std::string folder = path(inside + name);
    std::error_code error;
    if (fs::exists(folder)) fs::rename(folder, folder + "-" + before, error);
    if (error) throw BadInput(folder + ": cannot be renamed: " + error.message());
  }
  log_warning(path(inside + "best") + ": the winner is " + best.id +
              " now; what was fine-tuned is in " + path(inside + "best-" + before));
}

void RunStore::write_best(const SearchProblem& problem, const Candidate& best,
                          const std::function<void(const std::string&)>& weights,
                          const std::function<void(const std::string&)>& model,
                          const std::string& folder) {
  const std::string inside = prefix(folder);
  set_finetuned_aside(problem.space, best, inside);
  Network network;
  network.graph = lower(problem.space.decode(best.genotype));
  const MemoryPlan plan = plan_memory(network.graph, problem.runtime, problem.report_options());
  step(inside + "best/subnet.json");
  write_subnet_file(problem.space, best.genotype, path(inside + "best/subnet.json"));
  step(inside + "best/plan.json");
  write_json_file(
      plan_document(network, problem.runtime, problem.report_options(), plan, &problem.budget),
      path(inside + "best/plan.json"));
  step(inside + "best/operators.csv");
  write_file_atomic(path(inside + "best/operators.csv"), operators_csv(network.graph, plan));
  // The winner is the same; its weights are better than the supernet's by now.
  if (fs::exists(path(inside + "best/finetuned.json"))) return;
  if (weights) {
    step(inside + "best/weights.pt");
    replace_file_atomic(path(inside + "best/weights.pt"), weights);
  }
  if (model) {
    step(inside + "best/model.tflite");
    replace_file_atomic(path(inside + "best/model.tflite"), model);
  }
}

void RunStore::write_result(const std::string& json, const std::string& folder) {
  const std::string inside = prefix(folder);
  step(inside + "result.json");
  write_file_atomic(path(inside + "result.json"), json);
}

std::string make_run_directory(const std::string& parent, const std::string& stem) {
  std::error_code error;
  fs::create_directories(parent, error);
  for (int n = 1; !error; ++n) {
    const std::string directory =
        parent + "/" + stem + (n == 1 ? std::string() : "-" + std::to_string(n));
    if (fs::create_directory(directory, error)) return directory;
    // Exists already: no error is set, unless it is a file.
    if (error == std::errc::file_exists) error.clear();
  }
  throw BadInput(parent + ": no run directory can be made here: " + error.message() +
                 "; name one with --run-dir");
}

std::vector<MeasurementRecord> read_trials_file(const std::string& path) {
  TrialLines lines = parse_trial_lines(read_file(path), path);
  if (!lines.damage.empty()) throw BadInput(lines.damage);
  return std::move(lines.records);
}

}  // namespace tinynas
