#include <filesystem>

#include "base/log.h"
#include "cli/network_file.h"
#include "entry_points.h"
#include "invariant.h"
#include "search/record_json.h"
#include "temporary_folder.h"
#include "tinynas/memory_plan.h"
#include "tinynas/run_store.h"
#include "tinynas/search_space.h"

namespace tinynas::fuzzing {
namespace {

/// What a search would write into run.json.
const std::string kRun =
    R"({"run": {"seed": 1, "space": {"name": "toy", "hash": "0123456789abcdef"}, "list": [1, 2]}})";

void read_table(const std::string& path) {
  const Graph graph = read_layer_table(path);
  validate(graph, path);
  plan_if_small(graph, graph);
}

void read_subnet(const std::string& path) {
  static const SearchSpace kToy = SearchSpace::find("toy");
  reads_or_refuses(path, [&] { read_subnet_file(kToy, path); });
  const SearchSpace space = find_space_of_subnet(path);
  const Genotype genotype = read_subnet_file(space, path);
  if (space.canonical(genotype) != genotype) throw Finding("a genotype that is not canonical");
  validate(lower(space.decode(genotype)), path);
}

void read_records(const std::string& content, const std::string& path) {
  const TrialLines lines = parse_trial_lines(content, path);
  if (!lines.damage.empty()) check_message(lines.damage, path);
  if (lines.ends.size() != lines.records.size()) throw Finding("a record without an end");
  for (const MeasurementRecord& record : lines.records) {
    // What was read once is read again as the same.
    const std::string line = record_line(record);
    if (record_line(parse_record(line, path)) != line) throw Finding("another record: " + line);
  }
}

/// A run directory in which one file is `content` and the others are sound.
void resume(const testing::TemporaryFolder& folder, const std::string& name,
            const std::string& content) {
  folder.write("run.json",
               name == "run.json"
                   ? content
                   : R"({"format": "tinynas-run", "format_version": 1, )" + kRun.substr(1));
  folder.write("trials.jsonl", name == "trials.jsonl" ? content : "");
  std::filesystem::remove(folder.file("checkpoint.json"));
  if (name == "checkpoint.json") folder.write(name, content);
  reads_or_refuses(folder.path(), [&] { RunStore::open(folder.path(), Resume::kMust, kRun); });
}

}  // namespace

void read_json(std::string_view bytes) {
  static const testing::TemporaryFolder kFolder, kRunFolder;
  set_log_level(LogLevel::kError);
  const std::string content(bytes);
  const std::string path = kFolder.write("fuzz.json", content);
  reads_or_refuses(path, [&] { read_table(path); });
  reads_or_refuses(path, [&] { read_subnet(path); });
  reads_or_refuses(path, [&] { read_network_file(path, ""); });
  read_records(content, path);
  // Without its format a file is refused at once, and opening a run takes most of the time.
  const auto has = [&](const char* word) { return content.find(word) != std::string::npos; };
  if (has("tinynas-run")) resume(kRunFolder, "run.json", content);
  if (has("tinynas-checkpoint")) resume(kRunFolder, "checkpoint.json", content);
  if (has("recalibration_images")) resume(kRunFolder, "trials.jsonl", content);
}

}  // namespace tinynas::fuzzing
