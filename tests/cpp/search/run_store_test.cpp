#include "tinynas/run_store.h"

#include <filesystem>
#include <fstream>

#include "base/files.h"
#include "base/json_io.h"
#include "catch.h"
#include "support.h"
#include "tinynas/error.h"

using namespace tinynas;
using namespace tinynas::testing;
using Catch::Matchers::Contains;
namespace fs = std::filesystem;

namespace {

std::string run_text(int seed, const std::string& data = "abc") {
  return R"({"run": {"search": {"seed": )" + std::to_string(seed) +
         R"(}, "evaluator": {"data": ")" + data + R"("}}, "environment": {"threads": "2"}})";
}

MeasurementRecord some_record(int trial) {
  MeasurementRecord record;
  record.kind = trial % 2 == 0 ? RecordKind::kTrial : RecordKind::kFinalist;
  record.proposal = {trial, trial / 8, Origin::kCrossover, {}};
  record.proposal.candidate.id = "id" + std::to_string(trial);
  record.proposal.candidate.genotype = {0, 255, static_cast<std::uint8_t>(trial)};
  record.proposal.candidate.footprint = {1000 + trial, 2000, 1LL << 40};
  record.proposal.candidate.params = 77;
  record.fidelity = {512, 1000, Split::kTest};
  record.measurement = {-1.0 / 3 - trial, 0.1 + 0.2, 1000, 1e-300};
  return record;
}

void append(RunStore& store, int first, int count) {
  std::vector<MeasurementRecord> records;
  for (int i = 0; i < count; ++i) records.push_back(some_record(first + i));
  store.append(records, 0.5 * count);
}

}  // namespace

TEST_CASE("records survive the round trip to the last bit") {
  TemporaryFolder folder;
  {
    const auto store = RunStore::open(folder.path(), Resume::kNever, run_text(1));
    CHECK_FALSE(store->resumed());
    append(*store, 0, 3);
    append(*store, 3, 2);
    store->checkpoint({10, 5, "id0", false});
  }
  const auto store = RunStore::open(folder.path(), Resume::kMust, run_text(1));
  CHECK(store->resumed());
  REQUIRE(store->recorded().size() == 5);
  CHECK(store->recorded_seconds() == std::vector<double>(5, 0.5));
  for (int i = 0; i < 5; ++i) {
    const MeasurementRecord wanted = some_record(i);
    const MeasurementRecord& found = store->recorded()[static_cast<std::size_t>(i)];
    CHECK(found.kind == wanted.kind);
    CHECK(found.proposal.trial == wanted.proposal.trial);
    CHECK(found.proposal.generation == wanted.proposal.generation);
    CHECK(found.proposal.origin == wanted.proposal.origin);
    CHECK(found.proposal.candidate.genotype == wanted.proposal.candidate.genotype);
    CHECK(found.proposal.candidate.footprint.macs == wanted.proposal.candidate.footprint.macs);
    CHECK(found.fidelity == wanted.fidelity);
    CHECK(found.measurement.score == wanted.measurement.score);
    CHECK(found.measurement.accuracy == wanted.measurement.accuracy);
    CHECK(found.measurement.standard_error == wanted.measurement.standard_error);
  }
  CHECK(read_trials_file(folder.path() + "/trials.jsonl").size() == 5);
}

TEST_CASE("auto, never, must") {
  TemporaryFolder folder;
  const std::string directory = folder.path() + "/run";
  CHECK_THROWS_WITH(RunStore::open(directory, Resume::kMust, run_text(1)),
                    Contains("no run to resume"));
  CHECK_FALSE(fs::exists(directory));
  CHECK_FALSE(RunStore::open(directory, Resume::kAuto, run_text(1))->resumed());
  CHECK(RunStore::open(directory, Resume::kAuto, run_text(1))->resumed());
  CHECK_THROWS_WITH(RunStore::open(directory, Resume::kNever, run_text(1)),
                    Contains("holds a run already"));
  CHECK(parse_resume("must", "--resume") == Resume::kMust);
  CHECK_THROWS_WITH(parse_resume("autos", "--resume"), Contains("did you mean 'auto'"));
}

TEST_CASE("another run's directory is refused, and the field that differs is named") {
  TemporaryFolder folder;
  RunStore::open(folder.path(), Resume::kAuto, run_text(1));
  CHECK_THROWS_WITH(RunStore::open(folder.path(), Resume::kAuto, run_text(2)),
                    Contains("'search.seed' is 1 there and 2 now"));
  CHECK_THROWS_WITH(RunStore::open(folder.path(), Resume::kAuto, run_text(1, "xyz")),
                    Contains("'evaluator.data' is 'abc' there and 'xyz' now"));
  const std::string more = R"({"run": {"search": {"seed": 1, "extra": true},
      "evaluator": {"data": "abc"}}, "environment": {}})";
  CHECK_THROWS_WITH(RunStore::open(folder.path(), Resume::kAuto, more),
                    Contains("'search.extra' is missing there and true now"));
  // The environment may differ.
  const std::string elsewhere = R"({"run": {"evaluator": {"data": "abc"}, "search": {"seed": 1}},
      "environment": {"threads": "64"}})";
  CHECK(RunStore::open(folder.path(), Resume::kAuto, elsewhere)->resumed());
}

TEST_CASE("only one process at a time") {
  TemporaryFolder folder;
  const auto store = RunStore::open(folder.path(), Resume::kAuto, run_text(1));
  CHECK_THROWS_WITH(RunStore::open(folder.path(), Resume::kAuto, run_text(1)),
                    Contains("another process"));
}

TEST_CASE("torn, lost and damaged lines") {
  TemporaryFolder folder;
  const std::string trials = folder.path() + "/trials.jsonl";
  {
    const auto store = RunStore::open(folder.path(), Resume::kAuto, run_text(1));
    append(*store, 0, 4);
    store->checkpoint({10, 4, "id0", false});
    append(*store, 4, 2);  // after the checkpoint
  }
  const std::string whole = read_file(trials);
  const auto reopen = [&](const std::string& content) {
    write_file_atomic(trials, content);
    return RunStore::open(folder.path(), Resume::kAuto, run_text(1))->recorded().size();
  };
  CHECK(reopen(whole) == 6);
  CHECK(reopen(whole + R"({"kind": "trial", "tri)") == 6);
  CHECK(read_file(trials) == whole);  // the torn line is gone from the file
  CHECK(reopen(whole.substr(0, whole.size() - 1)) == 5);
  // Garbage after the checkpoint (a file system that lost a block) is dropped, before it refused.
  CHECK(reopen(whole + std::string(100, '\0') + "\n") == 6);
  std::string damaged = whole;
  damaged[10] = '\0';
  CHECK_THROWS_WITH(reopen(damaged), Contains("trials.jsonl:1") && Contains("damaged"));
  std::string edited = whole;
  edited.replace(edited.find("0.30000000000000004"), 4, "0.90");
  CHECK_THROWS_WITH(reopen(edited), Contains("was changed after its checkpoint"));
  // Lines that were promised and are lost are measured again.
  CHECK(reopen(whole.substr(0, whole.find('\n') + 1)) == 1);
}

TEST_CASE("trials without a run, a run from the future, and a directory that is a file") {
  TemporaryFolder folder;
  write_file_atomic(folder.path() + "/a/trials.jsonl", "{}\n");
  CHECK_THROWS_WITH(RunStore::open(folder.path() + "/a", Resume::kAuto, run_text(1)),
                    Contains("no run.json"));
  write_file_atomic(folder.path() + "/b/run.json",
                    R"({"format": "tinynas-run", "format_version": 9, "run": {}})");
  CHECK_THROWS_WITH(RunStore::open(folder.path() + "/b", Resume::kAuto, run_text(1)),
                    Contains("format_version"));
  write_file_atomic(folder.path() + "/c", "");
  CHECK_THROWS_AS(RunStore::open(folder.path() + "/c", Resume::kAuto, run_text(1)), BadInput);
  CHECK_THROWS_AS(RunStore::open("/proc/no/where", Resume::kAuto, run_text(1)), BadInput);
}

TEST_CASE("fresh run directories never collide") {
  TemporaryFolder folder;
  const std::string parent = folder.path() + "/runs";
  CHECK(make_run_directory(parent, "x") == parent + "/x");
  CHECK(make_run_directory(parent, "x") == parent + "/x-2");
  write_file_atomic(parent + "/x-3", "a file");
  CHECK(make_run_directory(parent, "x") == parent + "/x-4");
  CHECK_THROWS_WITH(make_run_directory("/proc/none", "x"), Contains("--run-dir"));
}

TEST_CASE("best/ holds subnet, plan and operators that agree with each other") {
  TemporaryFolder folder;
  const SearchProblem problem = make_problem("toy", 9000, 40000);
  const auto store = RunStore::open(folder.path(), Resume::kAuto, run_text(1));
  Candidate best;
  best.genotype = problem.space.smallest();
  store->write_best(problem, best,
                    [](const std::string& path) { std::ofstream(path) << "weights"; });
  const std::string base = folder.path() + "/best/";
  CHECK(read_subnet_file(problem.space, base + "subnet.json") == best.genotype);
  CHECK(read_file(base + "weights.pt") == "weights");
  const Json plan = read_json_file(base + "plan.json");
  CHECK(plan["fits"] == true);
  std::ifstream csv(base + "operators.csv");
  std::string line;
  std::getline(csv, line);
  CHECK(line == "index,name,kind,live_bytes,scratch_bytes,macs,weight_bytes");
  std::int64_t macs = 0;
  std::size_t rows = 0;
  while (std::getline(csv, line)) {
    ++rows;
    const std::size_t last = line.rfind(','), before = line.rfind(',', last - 1);
    macs += std::stoll(line.substr(before + 1, last - before - 1));
  }
  CHECK(rows == plan["operators"].size());
  CHECK(macs == plan["macs"]);
}

TEST_CASE("a fine-tuned winner stays, and is set aside where another one wins") {
  TemporaryFolder folder;
  const SearchProblem problem = make_problem("toy", 9000, 40000);
  const auto store = RunStore::open(folder.path(), Resume::kAuto, run_text(1));
  const auto write = [&](const Genotype& genotype, const std::string& weights) {
    Candidate best;
    best.genotype = genotype;
    best.id = problem.space.id(genotype);
    store->write_best(problem, best,
                      [&](const std::string& path) { std::ofstream(path) << weights; });
    return best.id;
  };
  const std::string first = write(problem.space.smallest(), "supernet's");
  const std::string base = folder.path() + "/best";
  write_file_atomic(base + "/weights.pt", "fine-tuned");
  write_file_atomic(base + "/finetuned.json", "{}");
  write_file_atomic(folder.path() + "/finetune/checkpoint.pt", "under way");
  write(problem.space.smallest(), "supernet's");
  CHECK(read_file(base + "/weights.pt") == "fine-tuned");
  write(problem.space.largest(), "of another");
  CHECK(read_file(base + "/weights.pt") == "of another");
  CHECK_FALSE(std::filesystem::exists(base + "/finetuned.json"));
  CHECK(read_file(base + "-" + first + "/weights.pt") == "fine-tuned");
  CHECK(read_file(folder.path() + "/finetune-" + first + "/checkpoint.pt") == "under way");
}
